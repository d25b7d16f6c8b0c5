//! What the chain itself says: every block, ticket and vote, read from a node with the program's codec.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use dcrstakepool::decred::block::{Block, BlockHeader};
use dcrstakepool::decred::vote::ParsedVote;
use dcrstakepool::decred::{Network, Ticket, TicketHash, ticket};

use super::dcrd::Dcrd;

/// The first height whose block carries votes, and how many winners each block has.
pub const STAKE_VALIDATION: u32 = 144;
pub const WINNERS: usize = 5;

#[derive(Debug, Default)]
pub struct Ledger {
    next: u32,
    pub headers: BTreeMap<u32, BlockHeader>,
    /// The address that each votes by.
    pub tickets: HashMap<TicketHash, String>,
    /// The tickets of each block.
    mined: BTreeMap<u32, Vec<TicketHash>>,
    /// By the height of the block that carries them.
    pub votes: BTreeMap<u32, Vec<ParsedVote>>,
}

impl Ledger {
    /// Reads what was mined since the last time, and forgets blocks that are not in the chain any more: dcrd's
    /// miner makes a sibling now and then.
    pub fn read(&mut self, node: &Dcrd) {
        let tip = node.height();
        while let Some((height, header)) = self.headers.last_key_value() {
            if *height <= tip && block_hash(node, *height) == header.hash.to_string() {
                break;
            }
            self.forget_last();
        }
        while self.next <= tip {
            let block = read_block(node, self.next);
            self.add(block);
            self.next += 1;
        }
    }

    fn forget_last(&mut self) {
        let Some((height, _)) = self.headers.pop_last() else {
            return;
        };
        self.votes.remove(&height);
        for ticket in self.mined.remove(&height).unwrap_or_default() {
            self.tickets.remove(&ticket);
        }
        self.next = height;
    }

    fn add(&mut self, block: Block) {
        let height = self.next;
        for tx in &block.stake {
            if ticket::is_ticket(tx) {
                let ticket = Ticket::parse(tx).expect("a mined ticket is one");
                let address = ticket.address(Network::Simnet).to_string();
                self.tickets.insert(tx.hash(), address);
                self.mined.entry(height).or_default().push(tx.hash());
            } else if ticket::is_vote(tx) {
                let vote = ParsedVote::parse(tx).expect("a mined vote is one");
                self.votes.entry(height).or_default().push(vote);
            }
        }
        self.headers.insert(height, block.header);
    }

    pub fn height(&self) -> u32 {
        self.next.saturating_sub(1)
    }

    /// Votes from stake validation on that a block should have and has not.
    pub fn missed(&self) -> usize {
        self.missed_from(STAKE_VALIDATION)
    }

    /// Votes that the blocks from `height` on should have and have not.
    pub fn missed_from(&self, height: u32) -> usize {
        self.voted_blocks(height)
            .map(|header| WINNERS.saturating_sub(header.voters.into()))
            .sum()
    }

    pub fn blocks_with_all_votes(&self) -> usize {
        self.voted_blocks(STAKE_VALIDATION)
            .filter(|header| usize::from(header.voters) == WINNERS)
            .count()
    }

    pub fn vote_count(&self) -> usize {
        self.votes.values().map(Vec::len).sum()
    }

    fn voted_blocks(&self, from: u32) -> impl Iterator<Item = &BlockHeader> {
        self.headers
            .range(from.max(STAKE_VALIDATION)..)
            .map(|(_, header)| header)
    }

    /// Every vote of the tickets of an address, with the height of the block that carries it.
    pub fn votes_of<'a>(&'a self, address: &'a str) -> impl Iterator<Item = (u32, &'a ParsedVote)> {
        let votes = self
            .votes
            .iter()
            .flat_map(|(height, votes)| votes.iter().map(move |vote| (*height, vote)));
        votes.filter(move |(_, vote)| {
            self.tickets
                .get(&vote.ticket)
                .is_some_and(|own| own == address)
        })
    }
}

fn block_hash(node: &Dcrd, height: u32) -> String {
    node.rpc().get("getblockhash", &json!([height]))
}

fn read_block(node: &Dcrd, height: u32) -> Block {
    let hash = block_hash(node, height);
    let hex: String = node.rpc().get("getblock", &json!([hash, false]));
    Block::from_hex(&hex).unwrap_or_else(|error| panic!("block {height}: {error}"))
}
