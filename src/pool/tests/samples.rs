//! A row for each block, written as the numbers are refreshed.

use super::voters::ticket;
use crate::db::{Sample, VoteLatency};
use crate::decred::{BlockHash, Hash, Height, VoteBits, VoteVersion};
use crate::domain::{TicketStatus, UserId};
use crate::pool::testing::{Mood, NOW, TestPool};
use crate::rpc::wire::{BlockVotes, VoteOutcome, VoteReport};

/// A vote on the block that the fake voters have at this height.
fn voted(height: u32, took_us: u64) -> BlockVotes {
    BlockVotes {
        hash: BlockHash::of(&[&[0][..], &height.to_be_bytes()].concat()),
        height: Height(height),
        own_winners: 1,
        votes: vec![VoteReport {
            ticket: Hash([1; 32]),
            bits: VoteBits(1),
            version: VoteVersion(12),
            outcome: VoteOutcome::Accepted,
            reason: String::new(),
            looked_up_us: 0,
            signed_us: 0,
            sent_us: 0,
            answered_us: took_us,
        }],
        unvoted: Vec::new(),
        last_accepted_us: Some(took_us),
    }
}

async fn rows(test: &TestPool) -> Vec<Sample> {
    test.store.samples(100).await.unwrap()
}

async fn later(test: &TestPool, height: u32) {
    for voter in &test.voters {
        voter.state().height = height;
    }
    test.clock.advance(30);
    test.round().await;
}

#[tokio::test]
async fn every_block_leaves_a_row_that_says_how_things_stood() {
    let test = TestPool::new().await;
    for voter in &test.voters {
        voter.state().tickets = vec![
            ticket(1, UserId(1), TicketStatus::Live),
            ticket(2, UserId(1), TicketStatus::Voted),
        ];
    }
    test.round().await;
    later(&test, 101).await;
    let rows = rows(&test).await;
    let heights: Vec<_> = rows.iter().map(|row| row.height.0).collect();
    assert_eq!(heights, [101, 100]);
    assert_eq!(rows[0].block_time, NOW);
    assert_eq!(
        (rows[0].pool_size, rows[0].ticket_price.0),
        (50, 200_000_000)
    );
    assert_eq!((rows[0].live, rows[0].voted, rows[0].missed), (1, 1, 0));
    assert_eq!((rows[0].votes, rows[0].latency), (0, None));
}

#[tokio::test]
async fn votes_that_come_after_the_block_are_in_its_row() {
    let test = TestPool::new().await;
    test.round().await;
    assert_eq!(rows(&test).await[0].votes, 0);
    for (voter, took) in test.voters.iter().zip([900, 40_000, 1_000]) {
        voter.state().blocks = vec![voted(99, 1), voted(100, took)];
    }
    later(&test, 100).await;
    let row = rows(&test).await.pop().unwrap();
    let latency = VoteLatency {
        median_us: 1_000,
        slowest_us: 40_000,
    };
    assert_eq!((row.votes, row.latency), (1, Some(latency)));
    assert_eq!(rows(&test).await.len(), 1, "one row for each block");
}

#[tokio::test]
async fn nothing_is_written_before_the_tickets_are_known() {
    let test = TestPool::new().await;
    for voter in &test.voters {
        voter.state().loaded = false;
    }
    test.round().await;
    assert_eq!(rows(&test).await, []);
    for voter in &test.voters {
        voter.state().loaded = true;
    }
    later(&test, 100).await;
    assert_eq!(rows(&test).await.len(), 1);
}

#[tokio::test]
async fn while_no_voter_is_there_nothing_is_written() {
    let test = TestPool::new().await;
    test.round().await;
    for voter in &test.voters {
        voter.set(Mood::Down);
    }
    later(&test, 101).await;
    assert_eq!(rows(&test).await.len(), 1);
}

#[tokio::test]
async fn old_rows_are_thinned() {
    let test = TestPool::new().await;
    let old = NOW - 3 * 86_400;
    let hour = old - old % 3600;
    test.round().await;
    let newest = rows(&test).await.pop().unwrap();
    for minute in 0..30 {
        let row = Sample {
            height: Height(50 + minute),
            block_time: hour + i64::from(minute) * 60,
            votes: 2,
            ..newest.clone()
        };
        test.store.store_sample(row).await.unwrap();
    }
    test.pool.thin_samples().await.unwrap();
    let left: Vec<_> = rows(&test).await;
    let left: Vec<_> = left.iter().map(|row| (row.height.0, row.votes)).collect();
    assert_eq!(left, [(100, 0), (79, 60)]);
}

#[tokio::test]
async fn pictures_follow_the_blocks_within_a_minute() {
    let test = TestPool::new().await;
    assert_eq!(test.pool.history(), None);
    test.round().await;
    let shown = || test.pool.history().unwrap().height.0;
    assert_eq!(shown(), 100);
    later(&test, 101).await;
    assert_eq!(shown(), 100, "half a minute");
    later(&test, 102).await;
    assert_eq!(shown(), 102);
    assert_eq!(test.pool.history().unwrap().points.len(), 1, "one time");
    later(&test, 102).await;
    later(&test, 102).await;
    assert_eq!(shown(), 102);
}

#[tokio::test]
async fn a_missed_vote_is_an_alarm_for_a_day() {
    let test = TestPool::new().await;
    test.round().await;
    let say = |status| {
        for voter in &test.voters {
            voter.state().tickets.push(ticket(1, UserId(1), status));
        }
    };
    let told = async || {
        let alarms = test.pool.status().await.alarms;
        let told = alarms.into_iter().find(|it| it.id == "vote_missed");
        told.map(|alarm| alarm.message)
    };
    say(TicketStatus::Missed);
    for height in 101..104 {
        later(&test, height).await;
    }
    let said = "tickets that missed their vote within a day: 1";
    assert_eq!(told().await.as_deref(), Some(said));
    say(TicketStatus::Live);
    for height in 104..107 {
        later(&test, height).await;
    }
    assert_eq!(told().await, None, "a reorganisation took it back");
}
