//! Voters teach each other tickets through web.

use super::voters::ticket;
use crate::decred::TicketHash;
use crate::domain::{InstanceId, TicketStatus, UserId};
use crate::pool::testing::{Mood, TestPool};
use crate::rpc::wire::TicketOutcome;

/// A pool of three voters, of which the last lacks ticket 2 of 3.
async fn one_lacks_a_ticket() -> TestPool {
    let test = TestPool::new().await;
    let known = |n| ticket(n, UserId(1), TicketStatus::Live);
    for voter in &test.voters[..2] {
        voter.state().tickets = vec![known(1), known(2), known(3)];
    }
    test.voters[2].state().tickets = vec![known(1), known(3)];
    test
}

async fn later(test: &TestPool) {
    test.clock.advance(4);
    test.round().await;
}

#[tokio::test]
async fn what_one_voter_lacks_is_sent_to_it_after_a_second_look() {
    let test = one_lacks_a_ticket().await;
    test.round().await;
    assert!(
        test.voters[2].state().given.is_empty(),
        "it may just be late"
    );
    later(&test).await;
    assert_eq!(test.voters[2].state().given, [TicketHash::of(&[2])]);
    later(&test).await;
    assert_eq!(test.voters[2].state().given.len(), 1, "once");
    for voter in &test.voters[..2] {
        assert!(voter.state().given.is_empty());
    }
}

#[tokio::test]
async fn a_voter_that_is_not_ready_is_not_taught() {
    let test = one_lacks_a_ticket().await;
    test.voters[2].state().loaded = false;
    test.round().await;
    later(&test).await;
    assert!(test.voters[2].state().given.is_empty(), "it still reads");
    test.voters[2].state().loaded = true;
    test.voters[2].state().height = 50;
    later(&test).await;
    assert!(test.voters[2].state().given.is_empty(), "it lags");
    test.voters[2].state().height = 100;
    test.voters[2].set(Mood::Down);
    later(&test).await;
    assert!(test.voters[2].state().given.is_empty());
    test.voters[2].set(Mood::Good);
    later(&test).await;
    later(&test).await;
    assert_eq!(test.voters[2].state().given, [TicketHash::of(&[2])]);
}

#[tokio::test]
async fn what_a_voter_did_not_take_is_sent_again_when_something_changed() {
    let test = one_lacks_a_ticket().await;
    test.voters[2].state().takes_tickets = TicketOutcome::NotFound;
    for _ in 0..30 {
        later(&test).await;
    }
    assert_eq!(test.voters[2].state().given.len(), 1, "nothing has changed");
    for voter in &test.voters {
        voter.state().height = 101;
    }
    later(&test).await;
    assert_eq!(test.voters[2].state().given.len(), 2, "another block");
}

#[tokio::test]
async fn a_voter_that_starts_over_is_taught_anew() {
    let test = one_lacks_a_ticket().await;
    test.round().await;
    later(&test).await;
    {
        let mut voter = test.voters[2].state();
        voter.instance = InstanceId(uuid::Uuid::new_v4());
        voter.given.clear();
        voter.tickets.truncate(1);
    }
    test.round().await;
    later(&test).await;
    let mut given = test.voters[2].state().given.clone();
    given.sort();
    let mut due = [TicketHash::of(&[2]), TicketHash::of(&[3])];
    due.sort();
    assert_eq!(given, due);
}

#[tokio::test]
async fn a_ticket_that_only_an_absent_voter_knows_is_passed_on_for_a_while() {
    let test = one_lacks_a_ticket().await;
    let only = ticket(9, UserId(1), TicketStatus::Immature);
    test.voters[0].state().tickets.push(only);
    test.round().await;
    test.voters[0].set(Mood::Down);
    later(&test).await;
    assert_eq!(test.voters[1].state().given, [TicketHash::of(&[9])]);
}
