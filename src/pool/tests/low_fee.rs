//! Which voters are sent the list of added tickets, and when.

use std::collections::BTreeSet;

use crate::decred::{Atoms, Height, TicketHash};
use crate::domain::{FeeVerdict, InstanceId, TicketRecord, TicketStatus, UserId};
use crate::pool::LowFeeAnswer;
use crate::pool::testing::{Mood, TestPool, settings};

fn ticket(number: u8, status: TicketStatus, verdict: FeeVerdict) -> TicketRecord {
    TicketRecord {
        hash: TicketHash::of(&[number]),
        user_id: UserId(1),
        ticket_address: "Sc".into(),
        price: Atoms(1),
        fee_paid: Atoms(0),
        mined: Some((TicketHash::of(b"block"), Height(9))),
        status,
        verdict,
        vote: None,
        revocation: None,
    }
}

fn some(numbers: &[u8]) -> BTreeSet<TicketHash> {
    numbers.iter().map(|it| TicketHash::of(&[*it])).collect()
}

/// The lists that a voter was sent so far, each by its tickets.
fn sent(test: &TestPool, voter: usize) -> Vec<BTreeSet<TicketHash>> {
    let lists = test.voters[voter].state().low_fee.clone();
    let hashes = lists
        .iter()
        .map(|list| list.iter().map(|it| it.ticket_hash).collect());
    hashes.collect()
}

/// A pool whose voters know low-fee tickets of these numbers, and have been sent the empty list.
async fn pool_with(numbers: &[u8]) -> TestPool {
    let test = TestPool::new().await;
    for voter in &test.voters {
        let tickets = numbers.iter();
        let low = |number: &u8| ticket(*number, TicketStatus::Live, FeeVerdict::Low);
        voter.state().tickets = tickets.map(low).collect();
    }
    test.round().await;
    test
}

#[tokio::test]
async fn every_voter_is_sent_the_whole_list_when_it_changed_and_only_then() {
    let test = pool_with(&[1, 2]).await;
    assert_eq!(sent(&test, 0), [some(&[])]);
    let added = test.pool.add_low_fee(UserId(7), None, some(&[1])).await;
    let added = added.unwrap();
    assert_eq!(added, [(TicketHash::of(&[1]), LowFeeAnswer::Added)]);
    test.round().await;
    test.round().await;
    let again = test.pool.add_low_fee(UserId(7), None, some(&[1, 2])).await;
    assert_eq!(again.unwrap().len(), 2);
    test.round().await;
    let removed = test.pool.remove_low_fee(UserId(7), None, some(&[1])).await;
    let removed = removed.unwrap();
    assert_eq!(removed, [(TicketHash::of(&[1]), LowFeeAnswer::Removed)]);
    test.round().await;
    test.round().await;
    let expected = [some(&[]), some(&[1]), some(&[1, 2]), some(&[2])];
    for voter in 0..3 {
        assert_eq!(sent(&test, voter), expected, "voter {voter}");
    }
    // Unchanged it is sent again after ten minutes.
    test.clock.advance(599);
    test.round().await;
    assert_eq!(sent(&test, 0).len(), 4);
    test.clock.advance(1);
    test.round().await;
    assert_eq!(sent(&test, 0).len(), 5);
}

#[tokio::test]
async fn a_voter_that_was_away_or_began_anew_is_sent_the_list() {
    let test = pool_with(&[1]).await;
    test.voters[0].set(Mood::Down);
    test.round().await;
    let added = test.pool.add_low_fee(UserId(7), None, some(&[1])).await;
    added.unwrap();
    test.round().await;
    assert_eq!(sent(&test, 0), [some(&[])]);
    test.voters[0].set(Mood::Good);
    test.round().await;
    assert_eq!(sent(&test, 0), [some(&[]), some(&[1])]);

    test.voters[0].set(Mood::Down);
    test.round().await;
    test.voters[0].set(Mood::Good);
    test.round().await;
    assert_eq!(sent(&test, 0).len(), 3, "it may have lost what it had");

    test.voters[1].state().instance = InstanceId(uuid::Uuid::new_v4());
    test.round().await;
    assert_eq!(sent(&test, 1), [some(&[]), some(&[1]), some(&[1])]);
}

#[tokio::test]
async fn what_another_web_process_added_is_sent_within_seconds() {
    let test = pool_with(&[1]).await;
    let other = test.another(settings()).await;
    let added = other.add_low_fee(UserId(7), None, some(&[1])).await;
    added.unwrap();
    test.clock.advance(15);
    test.round().await;
    assert_eq!(sent(&test, 0), [some(&[]), some(&[1])]);
}

#[tokio::test]
async fn a_voter_that_refuses_the_preferences_is_not_told_to_ignore_tickets() {
    let test = TestPool::new().await;
    test.voters[0].state().refuse_preferences = true;
    test.round().await;
    test.round().await;
    assert!(sent(&test, 0).is_empty() && sent(&test, 1).len() == 1);
    assert_eq!(test.pool.accept_preferences().await.unwrap(), ["voter0"]);
    test.round().await;
    assert_eq!(sent(&test, 0), [some(&[])]);
}

#[tokio::test]
async fn what_cannot_be_added_is_told_apart() {
    use LowFeeAnswer::{Added, FeeIsGood, NotJudged, Over, Unknown};

    let test = TestPool::new().await;
    let (low, good) = (FeeVerdict::Low, FeeVerdict::Good);
    test.voters[0].state().tickets = vec![
        ticket(1, TicketStatus::Live, good),
        ticket(2, TicketStatus::Mempool, FeeVerdict::Pending),
        ticket(3, TicketStatus::Missed, low),
        ticket(4, TicketStatus::Immature, low),
    ];
    test.round().await;
    let numbers = [1, 2, 3, 4, 5];
    let added = test.pool.add_low_fee(UserId(7), None, some(&numbers)).await;
    let added = added.unwrap();
    let of = |number: u8| {
        let hash = TicketHash::of(&[number]);
        added.iter().find(|(it, _)| *it == hash).unwrap().1
    };
    let answers = numbers.map(of);
    assert_eq!(answers, [FeeIsGood, NotJudged, Over, Added, Unknown]);
    let removed = test.pool.remove_low_fee(UserId(7), None, some(&[1])).await;
    assert_eq!(removed.unwrap()[0].1, LowFeeAnswer::NotAdded);
}
