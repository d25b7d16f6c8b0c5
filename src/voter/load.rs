//! Loads tickets so that none is lost: those of dcrd's lists, and what the wallet lacks of them is given to
//! it. Immature ones and all that happens meanwhile and after come with the follower's blocks, which begin a
//! maturity below; what both see is the same. How older ones ended is read from the chain's past.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};

use super::event::{Report, Request};
use super::find;
use super::links::Links;
use crate::decred::{BlockHash, TicketHash};
use crate::node::{self, Dcrd, Dcrwallet};

/// Transactions asked for at once.
const PIPELINED: usize = 16;
/// Tickets per report: the loop is never held up for long.
const BATCH: usize = 200;
const PAUSE: Duration = Duration::from_secs(2);
/// Loaded again so often, although nobody asked: what was missed on the way here is found then.
const EVERY: Duration = Duration::from_mins(10);

/// Loads now, whenever poked, and now and then; never ends by itself.
pub async fn run(links: Links) {
    let loader = Loader {
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
    async fn load(&self) -> Result<(), node::Error> {
        // A wallet that waits for its rescan does not know all.
        let complete = self.links.wallet_ready.holds(self.wallet.client());
        self.fetch_unknown(self.dcrd.live_tickets().await?).await?;
        self.fetch_unknown(self.dcrd.mempool_tickets().await?)
            .await?;
        find::how_late_ones_ended(&self.links, &self.dcrd).await?;
        if complete {
            self.give_to_wallet().await?;
            self.links.report(Report::Loaded).await;
        }
        tracing::info!(complete, "tickets are loaded");
        Ok(())
    }

    /// Fetches those that were never seen from dcrd, pipelined, and reports them in batches.
    async fn fetch_unknown(&self, hashes: Vec<TicketHash>) -> Result<(), node::Error> {
        let unknown = self.links.ask(|reply| Request::Unknown(hashes, reply));
        let unknown = unknown.await.unwrap_or_default();
        for batch in unknown.chunks(BATCH) {
            let mut fetches = stream::iter(batch.to_vec())
                .map(|hash| find::ticket(&self.dcrd, hash))
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
    async fn give_to_wallet(&self) -> Result<(), node::Error> {
        let own = self.links.ask(Request::Unspent).await.unwrap_or_default();
        if own.is_empty() {
            return Ok(());
        }
        let there: HashSet<_> = self.wallet.tickets(true).await?.into_iter().collect();
        for (ticket, block) in own.into_iter().filter(|(hash, _)| !there.contains(hash)) {
            // One that was just called to vote is in neither of the wallet's lists.
            if self.wallet.transaction(ticket).await?.is_none() {
                give(&self.dcrd, &self.wallet, ticket, block).await?;
            }
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
