//! Follows dcrd's main chain block by block, over gaps and reorganisations alike: whatever made the best
//! block move, the way there is read from dcrd and reported step by step.

use std::time::Duration;

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

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Node(#[from] node::Error),
    #[error("block {0}: {1}")]
    Block(BlockHash, block::BlockError),
}

/// Never ends by itself. `chain` is what the state has applied already.
pub async fn run(links: Links, chain: Chain) {
    let dcrd = links.dcrd.unhurried();
    let mut follower = Follower { links, dcrd, chain };
    loop {
        let pause = match follower.catch_up().await {
            Ok(()) => IDLE,
            Err(error) => {
                tracing::warn!(%error, "following the chain is interrupted");
                PAUSE
            }
        };
        let poke = follower.links.pokes.follow.clone();
        let _ = tokio::time::timeout(pause, poke.notified()).await;
    }
}

struct Follower {
    links: Links,
    dcrd: Dcrd,
    chain: Chain,
}

impl Follower {
    async fn catch_up(&mut self) -> Result<(), Trouble> {
        let mut told = None;
        loop {
            let best = self.dcrd.best_block().await?;
            if self.chain.tip().map(|(hash, _)| hash) == Some(best.hash) {
                if told != Some(best.hash) {
                    self.tell_best(best.hash).await?;
                    told = Some(best.hash);
                    continue;
                }
                return Ok(());
            }
            self.step(best.height).await?;
        }
    }

    /// One block towards `best`: back, when the tip is off the main chain, else forward.
    async fn step(&mut self, best: Height) -> Result<(), Trouble> {
        let Some((tip, height)) = self.chain.tip() else {
            return self.start_below(best).await;
        };
        let on_main_chain = height < best && self.dcrd.block_hash(height).await? == tip;
        if !on_main_chain {
            if self.chain.is_at_its_root() {
                tracing::warn!(block.height = %height, "the chain left the known blocks");
                return self.start_below(best).await;
            }
            tracing::info!(block.hash = %tip, block.height = %height, "block is taken back");
            self.chain.pop();
            self.links.report(Report::Disconnected).await;
            return Ok(());
        }
        let next = self
            .dcrd
            .block_hash(Height(height.0.saturating_add(1)))
            .await?;
        let block = self.read(next).await?;
        // The chain may have been reorganised between two questions: look again.
        if block.previous == tip {
            self.chain.push(block.tip.hash, block.tip.height);
            self.links.report(Report::Connected(Box::new(block))).await;
        }
        Ok(())
    }

    /// Starts one maturity below the best block: the immature tickets, which are in no list, come with
    /// the blocks on the way.
    async fn start_below(&mut self, best: Height) -> Result<(), Trouble> {
        let maturity = self.links.params.ticket_maturity;
        let height = Height(best.0.saturating_sub(maturity));
        let root = self.dcrd.block_hash(height).await?;
        self.chain = Chain::starting_at(root, height);
        self.links.report(Report::Root(root, height)).await;
        self.links.pokes.load.notify_one();
        Ok(())
    }

    async fn read(&self, hash: BlockHash) -> Result<Block, Trouble> {
        let bytes = self.dcrd.block_bytes(hash).await?;
        let block = block::Block::decode(&bytes).map_err(|error| Trouble::Block(hash, error))?;
        Ok(Block::sort(&block))
    }

    async fn tell_best(&self, hash: BlockHash) -> Result<(), Trouble> {
        let header = self.dcrd.header_info(hash).await?;
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
