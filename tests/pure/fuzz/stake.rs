//! Tickets, votes, revocations and whole blocks, up to what the voter makes of them.

use std::sync::Arc;

use dcrstakepool::decred::block::{Block, BlockHeader, HEADER_BYTES};
use dcrstakepool::decred::fee::FeeSchedule;
use dcrstakepool::decred::ticket::{self, Ticket};
use dcrstakepool::decred::vote::{self, ParsedVote, VoteRequest};
use dcrstakepool::decred::{
    Atoms, Hash, Height, Network, PayTo, Transaction, VoteBits, VoteVersion, revocation,
};
use dcrstakepool::domain::InstanceId;
use dcrstakepool::node;
use dcrstakepool::voter::fees::Judge;
use dcrstakepool::voter::state::State;
use dcrstakepool::voter::{blocks, fees};

use super::{Target, corpus};

pub struct StakeTransactions {
    corpus: Vec<Vec<u8>>,
}

impl StakeTransactions {
    pub fn new() -> Self {
        let mut corpus = corpus::bytes(|bytes| {
            Transaction::decode(bytes).is_ok_and(|tx| is_stake(&tx)) || Block::decode(bytes).is_ok()
        });
        let blocks = corpus.iter().filter(|bytes| Block::decode(bytes).is_ok());
        let header = blocks.map(|block| block[..HEADER_BYTES].to_vec()).next();
        corpus.push(header.expect("a block was recorded"));
        Self { corpus }
    }
}

fn is_stake(tx: &Transaction) -> bool {
    ticket::is_ticket(tx) || ticket::is_vote(tx) || revocation::parse(tx).is_ok()
}

impl Target for StakeTransactions {
    fn name(&self) -> &'static str {
        "ticket"
    }

    fn corpus(&self) -> &[Vec<u8>] {
        &self.corpus
    }

    fn run(&self, _: usize, input: &[u8]) -> bool {
        let header = BlockHeader::parse(input);
        assert_eq!(header.is_ok(), node::BlockHeader::decode(input).is_some());
        if let Ok(block) = Block::decode(input) {
            read_block(&block, input);
            return true;
        }
        match Transaction::decode(input) {
            Ok(tx) => inspect(&tx),
            Err(_) => header.is_ok(),
        }
    }
}

/// Each transaction alone says the same as in the block; the voter takes the block and takes it back.
fn read_block(block: &Block, bytes: &[u8]) {
    let mut size = HEADER_BYTES;
    for tx in block.regular.iter().chain(&block.stake) {
        let alone = tx.serialize();
        size += alone.len();
        assert!(Transaction::decode(&alone).as_ref() == Ok(tx));
        inspect(tx);
    }
    assert!(size < bytes.len() && bytes.len() <= size + 18);
    let mut state = state();
    let sorted = blocks::Block::sort(block);
    blocks::connect(&mut state, &sorted);
    assert_eq!(
        state.chain.tip(),
        Some((block.header.hash, block.header.height))
    );
    blocks::disconnect(&mut state);
    assert!(state.chain.tip().is_none());
}

fn state() -> State {
    let params = Network::Simnet.params();
    let schedule = FeeSchedule::flat(7.5).expect("a percentage");
    State::new(
        params,
        InstanceId(uuid::Uuid::nil()),
        Judge::new(params, schedule),
    )
}

/// True: it is of one of the three kinds.
fn inspect(tx: &Transaction) -> bool {
    let kinds = [
        ticket::is_ticket(tx),
        ticket::is_vote(tx),
        revocation::parse(tx).is_ok(),
    ];
    assert!(kinds.into_iter().filter(|kind| *kind).count() <= 1);
    if let Ok(ticket) = Ticket::parse(tx) {
        assert!(ticket.price.0 >= 0 && ticket.change.0 >= 0);
        assert_eq!(ticket.commitments.len(), tx.inputs.len());
        vote_for(&Arc::new(ticket));
    }
    if let Ok(vote) = ParsedVote::parse(tx) {
        let _ = (vote.paid(), vote.reward());
        let _ = blocks::vote_record(&vote, Hash::ZERO, Height(1));
    }
    if let Ok(revocation) = revocation::parse(tx) {
        assert!(!revocation.payouts.is_empty());
    }
    kinds.contains(&true)
}

/// A vote that is built for a ticket says what it was asked to say, and no more money leaves than came in.
fn vote_for(ticket: &Arc<Ticket>) {
    let network = Network::Simnet;
    let _ = ticket.address(network);
    let schedule = FeeSchedule::flat(7.5).expect("a percentage");
    let judge = fees::Judge::new(network.params(), schedule);
    let _ = judge.verdict(ticket, Height(200));
    let request = VoteRequest {
        ticket,
        block: Hash([7; 32]),
        height: Height(u32::MAX),
        bits: VoteBits(5),
        version: VoteVersion(12),
        subsidy: Atoms(8_000_000_000),
        treasury: &[],
    };
    let Ok(tx) = vote::build(&request) else {
        return;
    };
    let vote = ParsedVote::parse(&tx).expect("what is built as a vote is one");
    assert_eq!(
        (
            vote.ticket,
            vote.block,
            vote.height,
            vote.bits,
            vote.version
        ),
        (
            ticket.hash,
            request.block,
            request.height,
            request.bits,
            request.version
        )
    );
    let destinations: Vec<PayTo> = ticket.commitments.iter().map(|c| c.to).collect();
    let paid_to: Vec<PayTo> = vote.payouts.iter().map(|(to, _)| *to).collect();
    assert_eq!(destinations, paid_to);
    let paid = vote.paid().expect("payouts are amounts");
    assert!(i128::from(paid.0) <= i128::from(ticket.price.0) + i128::from(request.subsidy.0));
}
