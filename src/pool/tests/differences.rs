//! Voters that differ: who is believed, and who is told.

use super::voters::ticket;
use crate::domain::{TicketStatus, UserId};
use crate::pool::testing::{KEYS, Mood, NOW, TestPool};
use crate::pool::{EnrolError, NotNow};
use crate::rpc::wire::Alarm;

async fn alarm(test: &TestPool, id: &str) -> Option<Alarm> {
    let alarms = test.pool.status().await.alarms;
    alarms.into_iter().find(|alarm| alarm.id == id)
}

fn leader(test: &TestPool) -> String {
    test.pool.elect().unwrap()
}

async fn after(test: &TestPool, seconds: i64) {
    test.clock.advance(seconds);
    test.round().await;
}

#[tokio::test]
async fn a_leader_on_a_branch_with_less_work_gives_way() {
    let test = TestPool::new().await;
    test.voters[1].state().branch = 1;
    test.voters[1].state().height = 101;
    test.pool.check_voters().await;
    assert_eq!(leader(&test), "voter1", "the most work");
    for voter in [&test.voters[0], &test.voters[2]] {
        voter.state().height = 101;
    }
    after(&test, 5).await;
    assert_eq!(leader(&test), "voter1", "equal siblings");
    for voter in [&test.voters[0], &test.voters[2]] {
        voter.state().work = Some(102);
    }
    after(&test, 9).await;
    assert_eq!(leader(&test), "voter1", "it may follow");
    after(&test, 9).await;
    assert_eq!(leader(&test), "voter1");
    after(&test, 1).await;
    assert_ne!(leader(&test), "voter1");
}

#[tokio::test]
async fn an_unmined_ticket_that_only_the_former_leader_knew_disappears() {
    let test = TestPool::new().await;
    let mut unmined = ticket(1, UserId(1), TicketStatus::Mempool);
    unmined.mined = None;
    let mined = ticket(2, UserId(1), TicketStatus::Live);
    test.voters[2].state().tickets = vec![unmined, mined.clone()];
    for voter in [&test.voters[0], &test.voters[1]] {
        voter.state().tickets = vec![mined.clone()];
    }
    test.pool.check_voters().await;
    test.round().await;
    assert_eq!(leader(&test), "voter2");
    let shown = test.tickets(UserId(1)).await;
    assert_eq!(shown.total, 2);
    test.voters[2].set(Mood::Down);
    test.round().await;
    test.round().await;
    assert_ne!(leader(&test), "voter2");
    let shown = test.tickets(UserId(1)).await;
    assert_eq!(shown.tickets, [mined]);
}

#[tokio::test]
async fn a_leader_that_is_only_behind_or_follows_stays() {
    let test = TestPool::new().await;
    test.pool.check_voters().await;
    let first = leader(&test);
    assert_eq!(first, "voter2");
    test.voters[0].state().height = 101;
    for _ in 0..5 {
        after(&test, 10).await;
        assert_eq!(
            leader(&test),
            first,
            "behind on the same branch, not for long"
        );
    }
    test.voters[2].state().height = 101;
    test.voters[2].state().branch = 1;
    test.voters[0].state().work = Some(150);
    after(&test, 5).await;
    test.voters[2].state().branch = 0;
    for _ in 0..15 {
        after(&test, 3).await;
    }
    assert_eq!(leader(&test), first, "it followed to the other branch");
}

#[tokio::test]
async fn the_tickets_of_the_branch_with_more_work_count() {
    let test = TestPool::new().await;
    let user = UserId(1);
    test.voters[1].state().branch = 1;
    test.voters[1].state().height = 101;
    test.voters[1].state().tickets = vec![ticket(1, user, TicketStatus::Missed)];
    for voter in [&test.voters[0], &test.voters[2]] {
        voter.state().tickets = vec![ticket(1, user, TicketStatus::Live)];
    }
    test.pool.check_voters().await;
    test.round().await;
    let status = async || test.tickets(user).await.tickets[0].status;
    assert_eq!(status().await, TicketStatus::Missed);
    for voter in [&test.voters[0], &test.voters[2]] {
        voter.state().height = 101;
        voter.state().work = Some(200);
    }
    test.round().await;
    after(&test, 10).await;
    test.round().await;
    assert_eq!(
        status().await,
        TicketStatus::Live,
        "what was missed there is not here"
    );
}

#[tokio::test]
async fn voters_that_count_differently_at_one_block_are_an_alarm() {
    let test = TestPool::new().await;
    test.voters[0].state().counts.live = 3;
    test.voters[0].state().counts.mempool = 9;
    test.voters[0].state().counts.missed = 1;
    test.pool.check_voters().await;
    assert_eq!(
        alarm(&test, "voters_differ").await,
        None,
        "perhaps for a moment"
    );
    after(&test, 11).await;
    let told = alarm(&test, "voters_differ").await.unwrap();
    assert!(
        told.message.contains("voter0 and voter2"),
        "{}",
        told.message
    );
    assert!(
        told.message.ends_with("live 3 and 0, missed 1 and 0"),
        "{}",
        told.message
    );
    assert_eq!(told.since, NOW);
    test.voters[0].state().height = 101;
    after(&test, 1).await;
    assert!(
        alarm(&test, "voters_differ").await.is_some(),
        "cannot be told now"
    );
    test.voters[0].state().height = 100;
    test.voters[0].state().loaded = false;
    after(&test, 1).await;
    assert_eq!(
        alarm(&test, "voters_differ").await,
        None,
        "it reads its tickets"
    );
}

#[tokio::test]
async fn a_voter_on_another_branch_is_an_alarm_and_does_not_confirm() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.voters[0].state().branch = 1;
    test.pool.check_voters().await;
    after(&test, 59).await;
    assert_eq!(alarm(&test, "other_branch").await, None);
    after(&test, 1).await;
    let told = alarm(&test, "other_branch").await.unwrap();
    assert!(
        told.message
            .contains("voter0 has another block at height 100"),
        "{}",
        told.message
    );
    assert_eq!(told.since, NOW);
    test.voters[1].set(Mood::Down);
    let refused = test.pool.enrol(user, KEYS[0], None).await;
    let too_few = NotNow::TooFewVoters {
        confirmed: 1,
        needed: 2,
    };
    assert!(matches!(refused, Err(EnrolError::NotNow(why)) if why == too_few));
    test.voters[1].set(Mood::Good);
    after(&test, 1).await;
    test.pool.enrol(user, KEYS[0], None).await.unwrap();
    for voter in &test.voters {
        voter.state().height = 101;
        voter.state().branch = 0;
    }
    after(&test, 1).await;
    assert_eq!(alarm(&test, "other_branch").await, None);
}

#[tokio::test]
async fn alarms_say_when_they_began() {
    let test = TestPool::new().await;
    test.round().await;
    test.clock.advance(100);
    test.voters[0].state().height = 90;
    test.voters[1].set(Mood::Down);
    test.voters[0]
        .state()
        .config
        .0
        .insert("pool.x".into(), "y".into());
    test.round().await;
    for voter in &test.voters[1..] {
        voter.set(Mood::Down);
    }
    test.round().await;
    after(&test, 300).await;
    for id in [
        "voter_lags",
        "voter_configured_differently",
        "voter_away",
        "too_few_voters",
    ] {
        let told = alarm(&test, id).await;
        // A voter that is alone does not lag.
        if id == "voter_lags" {
            assert_eq!(told, None);
            continue;
        }
        assert_eq!(told.map(|told| told.since), Some(NOW + 100), "{id}");
    }
}
