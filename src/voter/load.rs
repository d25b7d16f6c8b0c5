//! Loads tickets so that none is lost: from the wallet and from dcrd's live list. Immature ones and all
//! that happens meanwhile and after come with the follower's blocks, which begin a maturity below; what both
//! see is the same.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};

use super::event::{Found, Report, Request};
use super::find;
use super::life::Settled;
use super::links::Links;
use crate::decred::{BlockHash, Height, TicketHash};
use crate::node::dcrwallet::{TicketInfo, WalletTicketStatus};
use crate::node::{self, Dcrd, Dcrwallet};

/// Transactions asked for at once.
const PIPELINED: usize = 16;
/// Tickets per report: the loop is never held up for long.
const BATCH: usize = 200;
/// The load is repeated while blocks arrive, at most so often: the follower has those blocks anyway.
const PASSES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);
/// Loaded again so often, although nobody asked: what was missed on the way here is found then.
const EVERY: Duration = Duration::from_mins(10);

/// Loads now, whenever poked, and now and then; never ends by itself.
pub async fn run(links: Links) {
    let mut loader = Loader {
        dcrd: links.dcrd.unhurried(),
        wallet: links.wallet.unhurried(),
        links,
    };
    loop {
        match loader.load().await {
            Ok(()) => {
                let poke = loader.links.pokes.load.clone();
                let _ = tokio::time::timeout(EVERY, poke.notified()).await;
            }
            Err(error) => {
                tracing::warn!(%error, "loading tickets is interrupted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

struct Loader {
    links: Links,
    dcrd: Dcrd,
    wallet: Dcrwallet,
}

impl Loader {
    async fn load(&mut self) -> Result<(), node::Error> {
        // A wallet that waits for its rescan does not know all.
        let complete = self.links.wallet_ready.holds(self.wallet.client());
        let mut best = self.dcrd.best_block().await?;
        for _ in 0..PASSES {
            self.pass(best.height).await?;
            let now = self.dcrd.best_block().await?;
            if now == best {
                break;
            }
            best = now;
        }
        self.history(best.height).await?;
        if complete {
            self.links.report(Report::Loaded).await;
        }
        tracing::info!(block.height = %best.height, complete, "tickets are loaded");
        Ok(())
    }

    async fn pass(&mut self, tip: Height) -> Result<(), node::Error> {
        let params = self.links.params;
        let age = params.ticket_maturity.saturating_add(params.ticket_expiry);
        let from = Height(tip.0.saturating_sub(age));
        let known = self.load_from_wallet(from).await?;
        self.load_live_list().await?;
        self.load_mempool().await?;
        self.give_to_wallet(&known).await
    }

    /// Tickets older than the ones that may still vote.
    async fn history(&mut self, tip: Height) -> Result<(), node::Error> {
        let params = self.links.params;
        let age = params.ticket_maturity.saturating_add(params.ticket_expiry);
        if tip.0 > age {
            self.load_from_wallet(Height(0)).await?;
        }
        Ok(())
    }

    /// What the wallet has, and its word on how they ended. Gives back all it has.
    async fn load_from_wallet(
        &mut self,
        from: Height,
    ) -> Result<HashMap<TicketHash, TicketInfo>, node::Error> {
        let infos: HashMap<_, _> = self
            .wallet
            .ticket_info(from)
            .await?
            .into_iter()
            .map(|info| (info.hash, info))
            .collect();
        let mut wanted = self.unknown(infos.keys().copied().collect()).await;
        wanted.extend(self.ended_elsewhere(&infos).await);
        let wanted = wanted
            .into_iter()
            .map(|hash| (hash, infos.get(&hash).cloned()));
        self.fetch(wanted.collect()).await?;
        Ok(infos)
    }

    /// Tickets whose end the wallet has seen and this voter has not.
    async fn ended_elsewhere(&self, infos: &HashMap<TicketHash, TicketInfo>) -> Vec<TicketHash> {
        let ended = infos.values().filter(|info| has_ended(info));
        let ended = ended.map(|info| info.hash).collect();
        let open = self.links.ask(|reply| Request::Open(ended, reply)).await;
        open.unwrap_or_default()
    }

    async fn load_live_list(&mut self) -> Result<(), node::Error> {
        let live = self.dcrd.live_tickets().await?;
        let unknown = self.unknown(live).await;
        self.fetch(unknown.into_iter().map(|hash| (hash, None)).collect())
            .await
    }

    async fn load_mempool(&mut self) -> Result<(), node::Error> {
        let waiting = self.dcrd.mempool_tickets().await?;
        let unknown = self.unknown(waiting).await;
        self.fetch(unknown.into_iter().map(|hash| (hash, None)).collect())
            .await
    }

    async fn unknown(&self, hashes: Vec<TicketHash>) -> Vec<TicketHash> {
        let unknown = self.links.ask(|reply| Request::Unknown(hashes, reply));
        unknown.await.unwrap_or_default()
    }

    /// Fetches tickets from dcrd, pipelined, and reports them in batches.
    async fn fetch(
        &self,
        mut wanted: Vec<(TicketHash, Option<TicketInfo>)>,
    ) -> Result<(), node::Error> {
        while !wanted.is_empty() {
            let batch = wanted.split_off(wanted.len().saturating_sub(BATCH));
            let mut fetches = stream::iter(batch)
                .map(|(hash, info)| fetch_one(self.dcrd.clone(), hash, info))
                .buffer_unordered(PIPELINED);
            let mut found = Vec::with_capacity(BATCH);
            while let Some(ticket) = fetches.next().await {
                found.extend(ticket?);
            }
            if !found.is_empty() {
                self.links.report(Report::Found(found)).await;
            }
        }
        Ok(())
    }

    /// A ticket that the wallet lacks is given to it: its statistics and its signing need it.
    async fn give_to_wallet(
        &self,
        known: &HashMap<TicketHash, TicketInfo>,
    ) -> Result<(), node::Error> {
        if !self.links.wallet_ready.holds(self.wallet.client()) {
            return Ok(());
        }
        let own: Vec<(TicketHash, BlockHash)> =
            self.links.ask(Request::Unspent).await.unwrap_or_default();
        for (ticket, block) in own
            .into_iter()
            .filter(|(hash, _)| !known.contains_key(hash))
        {
            give(&self.dcrd, &self.wallet, ticket, block).await?;
        }
        Ok(())
    }
}

/// Gives the wallet a mined ticket; what it refuses is logged.
pub(super) async fn give(
    dcrd: &Dcrd,
    wallet: &Dcrwallet,
    ticket: TicketHash,
    block: BlockHash,
) -> Result<(), node::Error> {
    let Some(raw) = dcrd.transaction(ticket).await? else {
        return Ok(());
    };
    match wallet
        .add_transaction(block, &hex::encode(&raw.bytes))
        .await
    {
        Err(error) if error.is_unavailable() => return Err(error),
        Err(error) => {
            tracing::warn!(ticket.hash = %ticket, %error, "the wallet does not take a ticket");
        }
        Ok(()) => tracing::info!(ticket.hash = %ticket, "ticket given to the wallet"),
    }
    Ok(())
}

async fn fetch_one(
    dcrd: Dcrd,
    hash: TicketHash,
    info: Option<TicketInfo>,
) -> Result<Option<Found>, node::Error> {
    let Some(mut found) = find::ticket(&dcrd, hash).await? else {
        return Ok(None);
    };
    if let Some(info) = info {
        found.settled = ending(&dcrd, &info).await?;
    }
    Ok(Some(found))
}

fn has_ended(info: &TicketInfo) -> bool {
    use WalletTicketStatus::{Expired, Missed, Revoked, Voted};
    matches!(info.status, Voted | Missed | Expired | Revoked)
}

/// The wallet's word on how a ticket ended, with the block that it follows from: a reorganisation takes it
/// back with that block.
async fn ending(dcrd: &Dcrd, info: &TicketInfo) -> Result<Option<Settled>, node::Error> {
    let expired = match info.status {
        WalletTicketStatus::Voted => {
            return match info.vote {
                Some(vote) => find::vote(dcrd, info.hash, vote).await,
                None => Ok(None),
            };
        }
        WalletTicketStatus::Missed => Some(false),
        WalletTicketStatus::Expired => Some(true),
        WalletTicketStatus::Revoked => expired(dcrd, info.hash).await?,
        _ => return Ok(None),
    };
    let by = info.revocation;
    if let Some(by) = by
        && let Some(revoked) = find::revocation(dcrd, info.hash, by, expired).await?
    {
        return Ok(Some(revoked));
    }
    Ok(expired.map(|expired| {
        if expired {
            Settled::Expired { by }
        } else {
            Settled::Missed { by }
        }
    }))
}

/// Older wallets say only `revoked`; their dcrd knows whether the ticket expired. `None`: dcrd is a newer
/// one, and the revocation's height tells.
async fn expired(dcrd: &Dcrd, ticket: TicketHash) -> Result<Option<bool>, node::Error> {
    match dcrd.exists_expired(&[ticket]).await {
        Ok(answers) => Ok(answers.first().copied()),
        Err(error) if error.is_unavailable() => Err(error),
        Err(_) => Ok(None),
    }
}
