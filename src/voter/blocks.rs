//! A block's stake transactions and what they do to the tickets; taken back when it is disconnected.

use std::sync::Arc;

use super::state::State;
use crate::decred::block;
use crate::decred::revocation::{self, ParsedRevocation};
use crate::decred::ticket::Ticket;
use crate::decred::vote::ParsedVote;
use crate::decred::{BlockHash, Height};
use crate::domain::VoteRecord;
use crate::rpc::wire::Tip;

/// A block of the main chain, reduced to what concerns tickets.
#[derive(Debug, Clone)]
pub struct Block {
    pub tip: Tip,
    pub previous: BlockHash,
    pub tickets: Vec<Arc<Ticket>>,
    pub votes: Vec<ParsedVote>,
    pub revocations: Vec<ParsedRevocation>,
}

impl Block {
    /// Sorts a block's stake transactions. One that is none of the three kinds (a treasury spend) is
    /// passed over.
    pub fn sort(block: &block::Block) -> Self {
        let header = &block.header;
        let mut sorted = Self {
            tip: Tip {
                hash: header.hash,
                height: header.height,
                chain_work: String::new(),
                time: i64::from(header.time),
            },
            previous: header.previous,
            tickets: Vec::new(),
            votes: Vec::new(),
            revocations: Vec::new(),
        };
        for transaction in &block.stake {
            if let Ok(ticket) = Ticket::parse(transaction) {
                sorted.tickets.push(Arc::new(ticket));
            } else if let Ok(vote) = ParsedVote::parse(transaction) {
                sorted.votes.push(vote);
            } else if let Ok(revocation) = revocation::parse(transaction) {
                sorted.revocations.push(revocation);
            }
        }
        sorted
    }
}

/// What the ticket's record keeps of a vote mined in a block.
pub fn vote_record(vote: &ParsedVote, block: BlockHash, height: Height) -> VoteRecord {
    VoteRecord {
        hash: vote.hash,
        block,
        height,
        bits: vote.bits,
        version: vote.version,
        reward: vote.reward().unwrap_or_default(),
    }
}

/// Applies the child of the tip.
pub fn connect(state: &mut State, block: &Block) {
    let Tip { hash, height, .. } = block.tip;
    state.tickets.hold_to(hash, height);
    for ticket in &block.tickets {
        state.discover(ticket, Some((hash, height)));
    }
    for vote in &block.votes {
        let record = vote_record(vote, hash, height);
        state.tickets.voted(vote.ticket, record);
        state.foreign.remove(&vote.ticket);
    }
    for revocation in &block.revocations {
        let ticket = revocation.ticket;
        state.tickets.revoked(ticket, revocation.hash, hash, height);
        state.foreign.remove(&ticket);
    }
    state.chain.push(hash, height);
    state.tickets.advance(height);
}

/// Takes the tip back.
pub fn disconnect(state: &mut State) {
    if let Some((hash, height)) = state.chain.pop() {
        state.tickets.take_back(hash, height);
    }
}

#[cfg(test)]
mod tests;
