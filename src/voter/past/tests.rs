use super::*;
use crate::decred::hash::Hash;
use crate::decred::revocation::ParsedRevocation;
use crate::decred::script::PayTo;
use crate::decred::ticket::Ticket;
use crate::decred::vote::ParsedVote;
use crate::decred::{Atoms, BlockHash, VoteBits, VoteVersion};
use crate::rpc::wire::Tip;
use crate::voter::testing::{script, ticket};
use std::sync::Arc;

fn block(height: u8) -> Block {
    Block {
        tip: Tip {
            hash: Hash([height; 32]),
            height: Height(height.into()),
            chain_work: String::new(),
            time: 0,
        },
        previous: Hash([height - 1; 32]),
        tickets: Vec::new(),
        votes: Vec::new(),
        revocations: Vec::new(),
    }
}

fn buying(height: u8, ticket: Arc<Ticket>) -> Block {
    let tickets = vec![ticket];
    Block {
        tickets,
        ..block(height)
    }
}

fn vote(number: u8) -> ParsedVote {
    ParsedVote {
        hash: Hash([number | 0x40; 32]),
        ticket: Hash([number; 32]),
        block: BlockHash::ZERO,
        height: Height(1),
        bits: VoteBits(1),
        version: VoteVersion(12),
        subsidy: Atoms(700),
        price: Atoms(100_000),
        payouts: vec![(PayTo::PubKeyHash([1; 20]), Atoms(100_700))],
        treasury: Vec::new(),
    }
}

fn lives() -> Lives {
    Lives::new(HashSet::from([script(4).redeem.hash160()]))
}

#[test]
fn a_ticket_is_told_of_when_it_ended() {
    let mut lives = lives();
    assert!(lives.read(&buying(10, ticket(1, &script(4)))).is_empty());
    assert!(lives.read(&buying(11, ticket(2, &script(4)))).is_empty());
    assert_eq!(lives.first_open(), Some(Height(10)));
    let mut end = block(40);
    end.votes = vec![vote(1), vote(9)];
    let ended = lives.read(&end);
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].ticket.hash, Hash([1; 32]));
    assert_eq!(ended[0].mined, Some((Hash([10; 32]), Height(10))));
    let vote = ended[0].settled.as_ref().unwrap().vote().unwrap();
    assert_eq!(vote.block, Hash([40; 32]));

    let mut miss = block(41);
    miss.revocations = vec![ParsedRevocation {
        hash: Hash([0x82; 32]),
        ticket: Hash([2; 32]),
        payouts: Vec::new(),
    }];
    let revoked = lives.read(&miss);
    let settled = revoked[0].settled.as_ref().unwrap();
    assert_eq!(settled.revocation(), Some(Hash([0x82; 32])));
    assert_eq!(lives.first_open(), None);
    assert!(lives.still_open().is_empty());
}

#[test]
fn only_own_tickets_count_and_those_still_open_come_last() {
    let mut lives = lives();
    lives.read(&buying(10, ticket(1, &script(5))));
    assert_eq!(lives.first_open(), None);
    lives.read(&buying(12, ticket(2, &script(4))));
    let open = lives.still_open();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].settled, None);
}

#[test]
fn new_scripts_have_their_past_read_and_only_that() {
    let mut past = Past::default();
    past.need(Height(20), Some(Height(20)));
    assert!(!past.is_unread(), "nobody could buy before");
    past.need(Height(20), Some(Height(25)));
    past.need(Height(22), Some(Height(25)));
    assert_eq!(past.unread(), Some(Height(20)));
    // Nothing was followed yet.
    past.need(Height(7), None);
    assert_eq!(past.unread(), Some(Height(7)));
}

#[test]
fn what_was_read_for_fewer_scripts_does_not_count() {
    let mut past = Past::default();
    past.need(Height(7), None);
    let before = past.revision();
    assert!(past.read_to(before, Some(Height(500))));
    past.need(Height(300), Some(Height(900)));
    assert!(!past.read_to(before, None));
    assert_eq!(past.unread(), Some(Height(300)));
    let now = past.revision();
    assert!(!past.read_to(now, Some(Height(300))), "no news");
    assert!(past.read_to(now, None));
    assert!(!past.is_unread());
}
