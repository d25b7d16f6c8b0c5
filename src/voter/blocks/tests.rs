use std::collections::BTreeMap;

use super::*;
use crate::decred::fee::FeeSchedule;
use crate::decred::hash::Hash;
use crate::decred::{Atoms, TicketHash, TxHash, VoteBits, VoteVersion};
use crate::domain::{FeeVerdict, TicketRecord, TicketStatus};
use crate::voter::chain::Chain;
use crate::voter::fees::Judge;
use crate::voter::testing::{script, state, ticket};

/// The block of a branch at a height.
fn name(branch: u8, height: u32) -> BlockHash {
    Hash(
        [branch, u8::try_from(height).unwrap()]
            .repeat(16)
            .try_into()
            .unwrap(),
    )
}

fn block(branch: u8, height: u32) -> Block {
    Block {
        tip: Tip {
            hash: name(branch, height),
            height: Height(height),
            chain_work: String::new(),
            time: 0,
        },
        previous: name(branch, height - 1),
        tickets: Vec::new(),
        votes: Vec::new(),
        revocations: Vec::new(),
    }
}

fn vote(number: u8, on: &Block) -> ParsedVote {
    let price = Atoms(100_000);
    ParsedVote {
        hash: Hash([number | 0x40; 32]),
        ticket: Hash([number; 32]),
        block: on.previous,
        height: Height(on.tip.height.0 - 1),
        bits: VoteBits(5),
        version: VoteVersion(12),
        subsidy: Atoms(700),
        price,
        payouts: vec![(
            crate::decred::script::PayTo::PubKeyHash([1; 20]),
            Atoms(100_700),
        )],
        treasury: Vec::new(),
    }
}

fn revocation(number: u8) -> ParsedRevocation {
    ParsedRevocation {
        hash: Hash([number | 0x80; 32]),
        ticket: Hash([number; 32]),
        payouts: Vec::new(),
    }
}

/// Tickets 1 and 2 live at block 170.
fn at_170() -> State {
    let mut state = state();
    state.chain = Chain::starting_at(name(0, 170), Height(170));
    state.tickets.advance(Height(170));
    for number in [1, 2] {
        let mined = Some((name(0, 150), Height(150)));
        state.discover(&ticket(number, &script(4)), mined);
    }
    state
}

/// Three blocks: a purchase, a vote, a miss.
fn eventful() -> [Block; 3] {
    let mut blocks = [block(1, 171), block(1, 172), block(1, 173)];
    blocks[0].previous = name(0, 170);
    blocks[0].tickets = vec![ticket(3, &script(5))];
    blocks[1].votes = vec![vote(1, &blocks[1])];
    blocks[2].revocations = vec![revocation(2)];
    blocks
}

fn records(state: &State) -> BTreeMap<TicketHash, TicketRecord> {
    let all = state.tickets.all();
    all.map(|entry| (entry.ticket.hash, entry.record()))
        .collect()
}

fn status(state: &State, number: u8) -> TicketStatus {
    let entry = state.tickets.get(&Hash([number; 32])).unwrap();
    entry.status
}

#[test]
fn blocks_undone_leave_what_was_before_and_redone_the_same_again() {
    for (depth, height) in [(1, 172), (2, 171), (3, 170)] {
        let mut state = at_170();
        let mut before = vec![(records(&state), state.tickets.counts())];
        for block in &eventful() {
            connect(&mut state, block);
            before.push((records(&state), state.tickets.counts()));
        }
        let (after, counts) = before.pop().unwrap();
        let reward = state.tickets.total_reward();
        assert_eq!(reward, Atoms(700));
        for _ in 0..depth {
            disconnect(&mut state);
        }
        let mut undone = records(&state);
        if depth == 3 {
            // Bought in a block that is gone: it waits in the mempool again.
            let bought = undone.remove(&Hash([3; 32])).unwrap();
            assert_eq!((bought.status, bought.mined), (TicketStatus::Mempool, None));
        }
        assert_eq!(undone, before[3 - depth].0, "depth {depth}");
        assert_eq!(state.chain.tip().unwrap().1, Height(height));
        for block in &eventful()[3 - depth..] {
            connect(&mut state, block);
        }
        assert_eq!(records(&state), after, "depth {depth}");
        assert_eq!(state.tickets.counts(), counts);
        assert_eq!(state.tickets.total_reward(), reward);
    }
}

#[test]
fn another_branch_decides_otherwise_about_a_winner() {
    let mut state = at_170();
    for block in &eventful() {
        connect(&mut state, block);
    }
    let first = records(&state);
    assert_eq!(status(&state, 1), TicketStatus::Voted);
    assert_eq!(status(&state, 2), TicketStatus::Missed);
    for _ in 0..3 {
        disconnect(&mut state);
    }
    let mut other = [block(2, 171), block(2, 172), block(2, 173), block(2, 174)];
    other[1].votes = vec![vote(2, &other[1])];
    other[2].revocations = vec![revocation(1)];
    other[3].tickets = vec![ticket(3, &script(5))];
    for block in &other {
        connect(&mut state, block);
    }
    assert_eq!(status(&state, 1), TicketStatus::Missed);
    assert_eq!(status(&state, 2), TicketStatus::Voted);
    let mined = state.tickets.get(&Hash([3; 32])).unwrap().mined;
    assert_eq!(mined, Some((name(2, 174), Height(174))));
    for _ in &other {
        disconnect(&mut state);
    }
    for block in &eventful() {
        connect(&mut state, block);
    }
    assert_eq!(records(&state), first);
}

fn judged(state: &State) -> FeeVerdict {
    let entry = state.tickets.get(&Hash([3; 32])).unwrap();
    entry.verdict
}

#[test]
fn a_ticket_mined_at_another_height_is_judged_by_that_height() {
    let mut state = at_170();
    let addresses = state.judge.clone();
    let dearer = FeeSchedule::new(vec![(Height(0), 7.5), (Height(172), 90.0)]).unwrap();
    state.judge = Judge::new(state.params, dearer);
    state.judge.know(addresses.addresses().unwrap());
    let buy = |branch, height| {
        let mut bought = block(branch, height);
        bought.tickets = vec![ticket(3, &script(5))];
        bought
    };
    connect(&mut state, &buy(1, 171));
    assert_eq!(judged(&state), FeeVerdict::Good);
    disconnect(&mut state);
    connect(&mut state, &block(2, 171));
    connect(&mut state, &buy(2, 172));
    assert_eq!(judged(&state), FeeVerdict::Low);

    state.set_added([Hash([3; 32])].into());
    assert_eq!(judged(&state), FeeVerdict::Added);
    disconnect(&mut state);
    assert_eq!(judged(&state), FeeVerdict::Added);
    connect(&mut state, &block(3, 172));
    connect(&mut state, &buy(3, 173));
    assert_eq!(judged(&state), FeeVerdict::Added);
}

#[test]
fn what_was_asked_for_gives_way_to_the_block_that_comes() {
    let mut state = at_170();
    let side = name(9, 171);
    // dcrd told of a block that was left before it was read.
    state.discover(&ticket(3, &script(5)), Some((side, Height(171))));
    state.settle(
        Hash([1; 32]),
        crate::voter::life::Settled::Voted(vote_record(
            &vote(1, &block(9, 171)),
            side,
            Height(171),
        )),
    );
    assert_eq!(status(&state, 3), TicketStatus::Immature);
    assert_eq!(status(&state, 1), TicketStatus::Voted);
    connect(&mut state, &eventful()[1].clone_at(171));
    assert_eq!(status(&state, 3), TicketStatus::Mempool);
    let record = state.tickets.get(&Hash([1; 32])).unwrap().record();
    assert_eq!(record.vote.as_ref().unwrap().block, name(1, 171));

    // And of one that is not on the chain as it is known.
    state.discover(&ticket(3, &script(5)), Some((side, Height(171))));
    assert_eq!(status(&state, 3), TicketStatus::Mempool);
    let revoked = crate::voter::life::Settled::Revoked {
        by: TxHash::ZERO,
        block: side,
        height: Height(171),
        expired: None,
    };
    state.settle(Hash([2; 32]), revoked);
    assert_eq!(status(&state, 2), TicketStatus::Live);
}

impl Block {
    /// The same transactions in another block.
    fn clone_at(&self, height: u32) -> Self {
        Self {
            tip: block(1, height).tip,
            ..self.clone()
        }
    }
}
