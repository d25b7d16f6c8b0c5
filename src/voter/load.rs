//! Loads tickets so that none is lost: from the wallet and from dcrd's live list. Immature ones and all
//! that happens meanwhile and after come with the follower's blocks, which begin a maturity below; what both
//! see is the same.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
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

/// Loads now and whenever poked; never ends by itself.
pub async fn run(links: Links) {
    let mut loader = Loader {
        dcrd: links.dcrd.unhurried(),
        wallet: links.wallet.unhurried(),
        links,
    };
    loop {
        match loader.load().await {
            Ok(()) => loader.links.pokes.load.notified().await,
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
        self.links.report(Report::Loaded).await;
        tracing::info!(block.height = %best.height, "tickets are loaded");
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
        let unknown = self.unknown(infos.keys().copied().collect()).await;
        let wanted = unknown
            .into_iter()
            .map(|hash| (hash, infos.get(&hash).cloned()));
        self.fetch(wanted.collect()).await?;
        Ok(infos)
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
        if !self.links.wallet_ready.load(Ordering::Relaxed) {
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

/// The wallet's word on how a ticket ended. Older wallets say only `revoked`: then the revocation's block
/// tells.
async fn ending(dcrd: &Dcrd, info: &TicketInfo) -> Result<Option<Settled>, node::Error> {
    let by = info.revocation;
    Ok(match (info.status, info.vote, by) {
        (WalletTicketStatus::Voted, Some(vote), _) => find::vote(dcrd, vote).await?,
        (WalletTicketStatus::Missed, ..) => Some(Settled::Missed { by }),
        (WalletTicketStatus::Expired, ..) => Some(Settled::Expired { by }),
        (WalletTicketStatus::Revoked, _, Some(by)) => {
            let mined = dcrd.transaction(by).await?.and_then(|raw| raw.mined());
            mined.map(|(block, height)| Settled::Revoked { by, block, height })
        }
        _ => None,
    })
}
