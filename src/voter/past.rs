//! The chain's past: blocks from before this voter followed it, or from before it knew a script, are read for
//! the tickets in them, without hurry. Wallets are not asked: today's dcrwallet may stand still for ever when
//! it is asked for tickets while it takes in a block.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};

use super::blocks::{Block, vote_record};
use super::event::{Found, Report, Request};
use super::find;
use super::follow::{self, Trouble};
use super::life::Settled;
use super::links::Links;
use super::scripts::ScriptHash;
use crate::decred::{Height, TicketHash};
use crate::node::Dcrd;

/// Blocks asked for at once.
const PIPELINED: usize = 8;
/// Blocks between two marks that they were read.
const BATCH: u32 = 500;
const PAUSE: Duration = Duration::from_secs(2);
/// Between two lines about something that takes its time.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// From where on blocks were not read with all scripts in mind; pure.
#[derive(Debug, Clone, Default)]
pub struct Past {
    unread: Option<Height>,
    /// Counts what made more blocks unread.
    revision: u64,
}

impl Past {
    pub fn unread(&self) -> Option<Height> {
        self.unread
    }

    pub fn is_unread(&self) -> bool {
        self.unread.is_some()
    }

    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Blocks from `from` on must be read, if `tip` (the last one that was followed) is among them.
    pub fn need(&mut self, from: Height, tip: Option<Height>) {
        self.revision = self.revision.wrapping_add(1);
        if tip.is_none_or(|tip| from < tip) {
            self.unread = Some(self.unread.map_or(from, |unread| unread.min(from)));
        }
    }

    /// What was read for the needs of `revision`: all below `next`, or all. False: it changes nothing.
    pub fn read_to(&mut self, revision: u64, next: Option<Height>) -> bool {
        if revision != self.revision || self.unread == next {
            return false;
        }
        self.unread = next;
        true
    }
}

/// Blocks to read.
#[derive(Debug)]
pub struct Unread {
    pub revision: u64,
    pub from: Height,
    /// The last one: those above are followed.
    pub to: Height,
    pub scripts: HashSet<ScriptHash>,
}

/// Reads whenever poked; never ends by itself.
pub async fn run(links: Links) {
    loop {
        let Some(unread) = links.ask(Request::Unread).await.flatten() else {
            links.pokes.past.notified().await;
            continue;
        };
        match read(&links, unread).await {
            Ok(()) => {}
            Err(Trouble::Node(error)) if error.is_unavailable() => {
                tracing::debug!(%error, "reading the chain's past is interrupted");
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => {
                tracing::warn!(%error, "reading the chain's past is interrupted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn read(links: &Links, unread: Unread) -> Result<(), Trouble> {
    let dcrd = links.dcrd.pinned()?.unhurried();
    // Not the chain of another network.
    if !links.dcrd_fit.holds(dcrd.client()) {
        tokio::time::sleep(PAUSE).await;
        return Ok(());
    }
    let mut lives = Lives::new(unread.scripts);
    let mut next = unread.from;
    let mut told = Instant::now();
    while next <= unread.to {
        let last = Height(next.0.saturating_add(BATCH - 1)).min(unread.to);
        let ended = read_batch(&dcrd, &mut lives, next, last).await?;
        if !ended.is_empty() {
            links.report(Report::Found(ended)).await;
        }
        next = Height(last.0.saturating_add(1));
        let mark = lives.first_open().map_or(next, |first| first.min(next));
        links
            .report(Report::PastRead(unread.revision, Some(mark)))
            .await;
        if told.elapsed() > TELL_EVERY {
            told = Instant::now();
            tracing::info!(block.height = %last, to = %unread.to, "the chain's past is being read");
        }
    }
    links.report(Report::Found(lives.still_open())).await;
    find::how_late_ones_ended(links, &dcrd).await?;
    links.report(Report::PastRead(unread.revision, None)).await;
    tracing::info!(from = %unread.from, to = %unread.to, "the chain's past is read");
    Ok(())
}

/// The tickets that ended in these blocks.
async fn read_batch(
    dcrd: &Dcrd,
    lives: &mut Lives,
    from: Height,
    to: Height,
) -> Result<Vec<Found>, Trouble> {
    let mut blocks =
        stream::iter(from.0..=to.0)
            .map(|height| async move {
                follow::read(dcrd, dcrd.block_hash(Height(height)).await?).await
            })
            .buffered(PIPELINED);
    let mut ended = Vec::new();
    while let Some(block) = blocks.next().await {
        ended.extend(lives.read(&block?));
    }
    Ok(ended)
}

/// Own tickets whose purchase was read and whose end was not yet: nobody is told of a ticket before that,
/// as it would seem to live. Pure.
#[derive(Debug)]
struct Lives {
    scripts: HashSet<ScriptHash>,
    open: HashMap<TicketHash, Found>,
}

impl Lives {
    fn new(scripts: HashSet<ScriptHash>) -> Self {
        Self {
            scripts,
            open: HashMap::new(),
        }
    }

    /// Takes in the next block and gives back the tickets that ended in it.
    fn read(&mut self, block: &Block) -> Vec<Found> {
        let (hash, height) = (block.tip.hash, block.tip.height);
        let votes = block.votes.iter();
        let votes = votes.map(|vote| {
            let record = vote_record(vote, hash, height);
            (vote.ticket, Settled::Voted(record))
        });
        let revocations = block.revocations.iter().map(|revocation| {
            let revoked = Settled::Revoked {
                by: revocation.hash,
                block: hash,
                height,
                expired: None,
            };
            (revocation.ticket, revoked)
        });
        let ended = votes.chain(revocations).filter_map(|(ticket, settled)| {
            let found = self.open.remove(&ticket)?;
            Some(Found {
                settled: Some(settled),
                ..found
            })
        });
        let ended = ended.collect();
        for ticket in &block.tickets {
            let pays_to = &ticket.submission;
            if pays_to.is_script_hash() && self.scripts.contains(pays_to.hash160()) {
                let found = Found {
                    ticket: ticket.clone(),
                    mined: Some((hash, height)),
                    settled: None,
                };
                self.open.insert(ticket.hash, found);
            }
        }
        ended
    }

    /// Where the first of the tickets was mined that did not end yet.
    fn first_open(&self) -> Option<Height> {
        let mined = self.open.values().filter_map(|found| found.mined);
        mined.map(|(_, height)| height).min()
    }

    fn still_open(self) -> Vec<Found> {
        self.open.into_values().collect()
    }
}

#[cfg(test)]
mod tests;
