use uuid::Uuid;

use super::pages::GONE_KEPT;
use super::*;
use crate::decred::hash::Hash;
use crate::decred::params::Network;
use crate::decred::{VoteBits, VoteVersion};
use crate::rpc::wire::TicketsSince;
use crate::voter::testing::{script, ticket};

fn block(height: u32) -> (BlockHash, Height) {
    (
        Hash([u8::try_from(height % 251).unwrap(); 32]),
        Height(height),
    )
}

fn index() -> Index {
    let instance = InstanceId(Uuid::from_u128(1));
    let mut index = Index::new(Network::Simnet.params(), instance);
    index.advance(Height(100));
    index
}

fn see(index: &mut Index, number: u8, mined: Option<u32>) -> TicketHash {
    let owner = Arc::new(script(4));
    let ticket = ticket(number, &owner);
    let hash = ticket.hash;
    index.see(&ticket, &owner, mined.map(block));
    hash
}

fn vote(height: u32) -> VoteRecord {
    let (block, height) = block(height);
    VoteRecord {
        hash: Hash([9; 32]),
        block,
        height,
        bits: VoteBits(5),
        version: VoteVersion(12),
        reward: Atoms(700),
    }
}

fn status(index: &Index, hash: &TicketHash) -> TicketStatus {
    index.get(hash).unwrap().status
}

#[test]
fn a_ticket_matures_with_the_tip() {
    let mut index = index();
    let hash = see(&mut index, 1, None);
    assert_eq!(status(&index, &hash), TicketStatus::Mempool);
    see(&mut index, 1, Some(101));
    index.advance(Height(101));
    assert_eq!(status(&index, &hash), TicketStatus::Immature);
    index.advance(Height(117));
    assert_eq!(status(&index, &hash), TicketStatus::Live);
    assert_eq!((index.counts().live, index.counts().immature), (1, 0));
    index.advance(Height(501));
    assert_eq!(status(&index, &hash), TicketStatus::Expired);
}

#[test]
fn a_jump_of_the_tip_matures_all_on_the_way() {
    let mut index = index();
    for (number, height) in [(1, 101), (2, 110), (3, 130)] {
        see(&mut index, number, Some(height));
    }
    index.advance(Height(140));
    assert_eq!((index.counts().live, index.counts().immature), (2, 1));
}

#[test]
fn a_disconnected_block_takes_back_what_it_did() {
    let mut index = index();
    let old = see(&mut index, 1, Some(90));
    let new = see(&mut index, 2, Some(110));
    index.voted(old, vote(110));
    index.advance(Height(110));
    assert_eq!(index.total_reward(), Atoms(700));
    index.take_back(block(110).0, Height(110));
    assert_eq!(index.tip(), Height(109));
    assert_eq!(status(&index, &old), TicketStatus::Live);
    assert_eq!(status(&index, &new), TicketStatus::Mempool);
    assert_eq!(index.total_reward(), Atoms(0));
    assert!(index.get(&old).unwrap().settled.is_none());
}

#[test]
fn a_new_root_takes_back_all_above_it() {
    let mut index = index();
    let old = see(&mut index, 1, Some(90));
    let new = see(&mut index, 2, Some(110));
    index.voted(old, vote(111));
    index.advance(Height(112));
    index.take_back_above(Height(109));
    assert_eq!(status(&index, &old), TicketStatus::Live);
    assert_eq!(status(&index, &new), TicketStatus::Mempool);
    assert_eq!(index.tip(), Height(109));
}

#[test]
fn taking_back_a_block_makes_the_matured_immature() {
    let mut index = index();
    let hash = see(&mut index, 1, Some(100));
    index.advance(Height(116));
    assert_eq!(status(&index, &hash), TicketStatus::Live);
    index.take_back(block(116).0, Height(116));
    assert_eq!(status(&index, &hash), TicketStatus::Immature);
}

#[test]
fn a_ticket_mined_at_another_height_is_judged_anew() {
    let mut index = index();
    let hash = see(&mut index, 1, Some(101));
    index.judge(hash, FeeVerdict::Good, Atoms(5));
    see(&mut index, 1, Some(101));
    assert_eq!(index.get(&hash).unwrap().verdict, FeeVerdict::Good);
    index.take_back(block(101).0, Height(101));
    assert_eq!(index.get(&hash).unwrap().verdict, FeeVerdict::Good);
    see(&mut index, 1, Some(102));
    let verdict = index.get(&hash).unwrap().verdict;
    assert_eq!(verdict, FeeVerdict::Pending);
    assert_eq!(index.unjudged().len(), 1);
}

#[test]
fn low_fee_tickets_count_apart_until_an_admin_adds_them() {
    let mut index = index();
    let hash = see(&mut index, 1, Some(101));
    index.judge(hash, FeeVerdict::Low, Atoms(0));
    assert_eq!((index.counts().low_fee, index.counts().immature), (1, 0));
    index.set_added(&HashSet::from([hash]));
    assert!(index.get(&hash).unwrap().verdict.votes());
    assert_eq!((index.counts().low_fee, index.counts().immature), (0, 1));
    index.set_added(&HashSet::new());
    assert_eq!(index.get(&hash).unwrap().verdict, FeeVerdict::Low);
}

#[test]
fn a_cursor_gets_each_change_once() {
    let mut index = index();
    let one = see(&mut index, 1, None);
    see(&mut index, 2, None);
    let mut cursor = TicketsSince {
        instance: None,
        sequence: 99,
        limit: 1,
    };
    let page = index.since(&cursor);
    assert_eq!((page.tickets.len(), page.more), (1, true), "starts over");
    cursor.instance = Some(page.instance);
    cursor.sequence = page.sequence;
    let page = index.since(&cursor);
    assert_eq!((page.tickets.len(), page.more), (1, false));
    cursor.sequence = page.sequence;
    assert!(index.since(&cursor).tickets.is_empty());
    see(&mut index, 1, Some(101));
    let page = index.since(&cursor);
    assert_eq!(page.tickets[0].hash, one);
    assert_eq!(page.tickets.len(), 1);
}

#[test]
fn what_the_followed_blocks_said_is_not_overruled() {
    let mut index = index();
    let hash = see(&mut index, 1, Some(90));
    index.voted(hash, vote(110));
    let revoked = |height| Settled::Revoked {
        by: Hash([8; 32]),
        block: Hash([9; 32]),
        height: Height(height),
        expired: None,
    };
    index.settle_if_open(hash, revoked(110));
    assert_eq!(status(&index, &hash), TicketStatus::Voted);
    let other = see(&mut index, 2, Some(90));
    index.settle_if_open(other, revoked(110));
    assert_eq!(status(&index, &other), TicketStatus::Missed);
    assert_eq!(index.counts().revoked, 1);
}

#[test]
fn dcrd_tells_how_tickets_ended_that_were_revoked_late() {
    let mut index = index();
    let (late, other) = (see(&mut index, 1, Some(90)), see(&mut index, 2, Some(90)));
    index.advance(Height(900));
    for hash in [late, other] {
        index.revoked(hash, Hash([8; 32]), Hash([9; 32]), Height(800));
        assert_eq!(status(&index, &hash), TicketStatus::Expired);
    }
    assert_eq!(index.revoked_late().len(), 2);
    index.tell_expired(late, false);
    index.tell_expired(other, true);
    assert_eq!(status(&index, &late), TicketStatus::Missed);
    assert_eq!(status(&index, &other), TicketStatus::Expired);
    assert!(index.revoked_late().is_empty());
    assert_eq!(index.counts().revoked, 2);
}

#[test]
fn what_an_unknown_ticket_does_is_passed_over() {
    let mut index = index();
    index.voted(Hash([3; 32]), vote(110));
    assert!(index.is_empty());
}

fn all_since(index: &Index) -> crate::rpc::wire::TicketsPage {
    index.since(&TicketsSince {
        instance: None,
        sequence: 0,
        limit: u32::MAX,
    })
}

#[test]
fn a_ticket_that_vanished_unmined_is_told_to_be_gone() {
    let mut index = index();
    let hash = see(&mut index, 1, None);
    let before = index.sequence();
    assert!(index.forget(&hash));
    assert!(!index.contains(&hash));
    assert_eq!(index.counts().mempool, 0);
    let page = index.since(&TicketsSince {
        instance: Some(InstanceId(Uuid::from_u128(1))),
        sequence: before,
        limit: 10,
    });
    assert_eq!(
        (page.tickets.len(), page.gone, page.more),
        (0, vec![hash], false)
    );
    assert!(page.sequence > before);
    assert!(!index.forget(&hash), "once");
}

#[test]
fn a_ticket_that_is_mined_after_all_comes_back() {
    let mut index = index();
    let hash = see(&mut index, 1, None);
    index.forget(&hash);
    see(&mut index, 1, Some(101));
    let page = all_since(&index);
    assert_eq!((page.tickets.len(), page.gone.len()), (1, 0));
    assert!(!index.forget(&hash), "a mined ticket stays");
    index.take_back(block(101).0, Height(101));
    assert!(index.forget(&hash), "a reorganisation may lose it");
}

#[test]
fn departures_are_bounded() {
    let mut index = index();
    for number in 0..=u32::try_from(GONE_KEPT).unwrap() {
        index.note_departure(Hash::of(&number.to_le_bytes()));
    }
    let page = all_since(&index);
    assert_eq!(page.gone.len(), GONE_KEPT);
    assert!(!page.gone.contains(&Hash::of(&0u32.to_le_bytes())));
}

#[test]
fn an_end_that_came_before_the_ticket_was_known_counts() {
    let mut index = index();
    let unknown = ticket(1, &script(4)).hash;
    index.voted(unknown, vote(110));
    index.advance(Height(110));
    let hash = see(&mut index, 1, Some(90));
    assert_eq!(
        (hash, status(&index, &hash)),
        (unknown, TicketStatus::Voted)
    );
    index.take_back(block(110).0, Height(110));
    assert_eq!(status(&index, &hash), TicketStatus::Live);

    index.voted(Hash([2; 32]), vote(110));
    index.take_back(block(110).0, Height(110));
    let other = see(&mut index, 2, Some(90));
    assert_eq!(status(&index, &other), TicketStatus::Live);
}

#[test]
fn an_added_ticket_that_voted_stays_added() {
    let mut index = index();
    let (voted, live) = (see(&mut index, 1, Some(80)), see(&mut index, 2, Some(80)));
    for hash in [voted, live] {
        index.judge(hash, FeeVerdict::Low, Atoms(0));
    }
    index.set_added(&HashSet::from([voted, live]));
    index.voted(voted, vote(110));
    index.set_added(&HashSet::new());
    let verdict = |hash| index.get(hash).unwrap().verdict;
    assert_eq!(
        (verdict(&voted), verdict(&live)),
        (FeeVerdict::Added, FeeVerdict::Low)
    );
}

#[test]
fn what_was_believed_of_another_block_at_a_height_is_taken_back() {
    let mut index = index();
    let mined = see(&mut index, 1, Some(101));
    let voted = see(&mut index, 2, Some(80));
    let right = see(&mut index, 3, None);
    index.voted(voted, vote(101));
    let truth = Hash([200; 32]);
    index.mine(right, Some((truth, Height(101))));
    index.hold_to(truth, Height(101));
    index.advance(Height(101));
    assert_eq!(status(&index, &mined), TicketStatus::Mempool);
    assert_eq!(status(&index, &voted), TicketStatus::Live);
    assert_eq!(status(&index, &right), TicketStatus::Immature);
}
