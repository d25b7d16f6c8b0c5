//! Follows dcrd's main chain block by block, over gaps and reorganisations alike: whatever made the best
//! block move, the way there is read from dcrd and reported step by step.

use std::time::Duration;

use super::alarms::id;
use super::blocks::Block;
use super::chain::Chain;
use super::event::Report;
use super::links::Links;
use crate::decred::block;
use crate::decred::{BlockHash, Height};
use crate::node::{self, Dcrd};
use crate::rpc::wire::Tip;

/// Looks again even when nobody says that the chain moved.
const IDLE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(500);
/// A new block's votes are what dcrd has to do first.
const VOTES_FIRST: Duration = Duration::from_millis(100);
/// Failures in a row that are no accident of a reorganisation any more.
const TOO_MANY: u32 = 20;

/// Why a block was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Node(#[from] node::Error),
    #[error("block {0}: {1}")]
    Block(BlockHash, block::BlockError),
}

/// Never ends by itself. `chain` is what the state has applied already.
pub async fn run(links: Links, chain: Chain) {
    let mut follower = Follower { links, chain };
    let mut failures = 0u32;
    loop {
        let pause = match follower.catch_up().await {
            Ok(()) => {
                if failures >= TOO_MANY {
                    follower.alarm(None).await;
                }
                failures = 0;
                IDLE
            }
            // The next connect pokes.
            Err(Trouble::Node(error)) if error.is_unavailable() => {
                tracing::debug!(%error, "following the chain is interrupted");
                PAUSE
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                if failures == TOO_MANY {
                    follower.alarm(Some(error.to_string())).await;
                } else if failures < TOO_MANY {
                    tracing::warn!(%error, "following the chain is interrupted");
                }
                PAUSE
            }
        };
        let poke = follower.links.pokes.follow.clone();
        let poked = tokio::time::timeout(pause, poke.notified()).await;
        if poked.is_ok() {
            tokio::time::sleep(VOTES_FIRST).await;
        }
    }
}

struct Follower {
    links: Links,
    chain: Chain,
}

impl Follower {
    async fn alarm(&self, message: Option<String>) {
        let report = Report::Alarm(id::CHAIN_NOT_READ, message);
        self.links.report(report).await;
    }

    async fn catch_up(&mut self) -> Result<(), Trouble> {
        let dcrd = self.links.dcrd.pinned()?.unhurried();
        // The chain of another network would take back all that is known here. The check pokes.
        if !self.links.dcrd_fit.holds(dcrd.client()) {
            return Ok(());
        }
        let mut told = None;
        loop {
            let best = dcrd.best_block().await?;
            let tip = self.chain.tip();
            if tip.map(|(hash, _)| hash) == Some(best.hash) {
                if told != Some(best.hash) {
                    self.tell_best(&dcrd, best.hash).await?;
                    told = Some(best.hash);
                    continue;
                }
                return Ok(());
            }
            let is_ahead = tip.is_some_and(|(_, height)| height > best.height);
            if is_ahead && dcrd.chain_info().await?.initial_block_download {
                tracing::info!(block.height = %best.height, "dcrd has less than is known here: it gets its chain anew");
                return Ok(());
            }
            self.step(&dcrd, best.height).await?;
        }
    }

    /// One block towards `best`: back, when the tip is off the main chain, else forward.
    async fn step(&mut self, dcrd: &Dcrd, best: Height) -> Result<(), Trouble> {
        let Some((tip, height)) = self.chain.tip() else {
            return self.start_below(dcrd, best).await;
        };
        let on_main_chain = height < best && dcrd.block_hash(height).await? == tip;
        if !on_main_chain {
            if self.chain.is_at_its_root() {
                tracing::warn!(block.height = %height, "the chain left the known blocks");
                return self.start_below(dcrd, best).await;
            }
            tracing::info!(block.hash = %tip, block.height = %height, "block is taken back");
            self.chain.pop();
            self.links.report(Report::Disconnected).await;
            return Ok(());
        }
        let next = Height(height.0.saturating_add(1));
        let block = read(dcrd, dcrd.block_hash(next).await?).await?;
        // The chain may have been reorganised between two questions: look again.
        if block.previous == tip {
            self.chain.push(block.tip.hash, block.tip.height);
            self.links.report(Report::Connected(Box::new(block))).await;
        }
        Ok(())
    }

    /// Starts one maturity below the best block: the immature tickets, which are in no list, come with
    /// the blocks on the way.
    async fn start_below(&mut self, dcrd: &Dcrd, best: Height) -> Result<(), Trouble> {
        let maturity = self.links.params.ticket_maturity;
        let height = Height(best.0.saturating_sub(maturity));
        let root = dcrd.block_hash(height).await?;
        self.chain = Chain::starting_at(root, height);
        self.links.report(Report::Root(root, height)).await;
        self.links.pokes.load.notify_one();
        Ok(())
    }

    async fn tell_best(&self, dcrd: &Dcrd, hash: BlockHash) -> Result<(), Trouble> {
        let header = dcrd.header_info(hash).await?;
        let tip = Tip {
            hash,
            height: header.height,
            chain_work: header.chain_work,
            time: header.time,
        };
        self.links.report(Report::Best(tip)).await;
        Ok(())
    }
}

pub(super) async fn read(dcrd: &Dcrd, hash: BlockHash) -> Result<Block, Trouble> {
    let bytes = dcrd.block_bytes(hash).await?;
    let block = block::Block::decode(&bytes).map_err(|error| Trouble::Block(hash, error))?;
    Ok(Block::sort(&block))
}
