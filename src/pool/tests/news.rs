use crate::decred::{Atoms, Height, TicketHash, VoteBits, VoteVersion};
use crate::domain::{
    FeeVerdict, InstanceId, NewsKind, TicketRecord, TicketStatus, UserId, VoteRecord, Wishes,
};
use crate::mail::Mail;
use crate::pool::testing::{TestPool, agenda, round, settings};

use super::voters::ticket;

/// The chain grows, and all voters tell this of tickets.
async fn block(test: &TestPool, height: u32, tickets: &[TicketRecord]) {
    for voter in &test.voters {
        let mut state = voter.state();
        state.height = height;
        state.tickets.extend_from_slice(tickets);
    }
    test.round().await;
}

/// The mails that are due.
async fn told(test: &TestPool) -> Vec<Mail> {
    test.pool.tell_news().await.unwrap();
    test.inbox.take()
}

fn voted(n: u8, user: UserId, height: u32) -> TicketRecord {
    let vote = VoteRecord {
        hash: TicketHash::of(b"vote"),
        block: TicketHash::of(b"next"),
        height: Height(height),
        bits: VoteBits(1),
        version: VoteVersion(10),
        reward: Atoms(7),
    };
    TicketRecord {
        vote: Some(vote),
        ..ticket(n, user, TicketStatus::Voted)
    }
}

fn missed(n: u8, user: UserId) -> TicketRecord {
    ticket(n, user, TicketStatus::Missed)
}

fn low(n: u8, user: UserId, mined: u32) -> TicketRecord {
    TicketRecord {
        verdict: FeeVerdict::Low,
        mined: Some((TicketHash::of(b"block"), Height(mined))),
        ..ticket(n, user, TicketStatus::Live)
    }
}

/// A user with live tickets of these numbers, at block 100.
async fn with_tickets(numbers: &[u8]) -> (TestPool, UserId) {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    let live = |n: &u8| ticket(*n, user, TicketStatus::Live);
    let tickets: Vec<_> = numbers.iter().map(live).collect();
    block(&test, 100, &tickets).await;
    (test, user)
}

#[tokio::test]
async fn a_missed_ticket_is_told_once_and_when_two_blocks_are_on_top() {
    let (test, user) = with_tickets(&[1]).await;
    block(&test, 101, &[missed(1, user)]).await;
    for height in 101..=103 {
        block(&test, height, &[]).await;
        assert_eq!(told(&test).await, [], "at {height}");
    }
    block(&test, 104, &[]).await;
    let mails = told(&test).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "kim@example.com");
    assert_eq!(mails[0].subject, "Test pool: 1 ticket was missed");
    let hash = TicketHash::of(&[1]).to_string();
    for text in [
        &*hash,
        "https://pool.example.com/tickets?status=missed",
        "https://pool.example.com/settings#notifications",
    ] {
        assert!(mails[0].body.contains(text), "{text}");
    }
    test.clock.advance(3600);
    assert_eq!(told(&test).await, []);
    let restarted = test.another(settings()).await;
    round(&restarted).await;
    restarted.tell_news().await.unwrap();
    assert_eq!(test.inbox.take(), []);
}

#[tokio::test]
async fn one_mail_tells_of_all_and_the_next_one_comes_after_a_while() {
    let (test, user) = with_tickets(&[1, 2, 3]).await;
    let all: Wishes = NewsKind::ALL.into_iter().collect();
    test.pool.set_wishes(user, all, None).await.unwrap();
    let expired = ticket(3, user, TicketStatus::Expired);
    let news = [missed(1, user), voted(2, user, 101), low(4, user, 101)];
    block(&test, 101, &news).await;
    block(&test, 104, &[]).await;
    let mails = told(&test).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        mails[0].subject,
        "Test pool: 1 ticket was missed, 1 ticket pays too low a fee, 1 ticket voted"
    );
    block(&test, 105, &[expired]).await;
    block(&test, 108, &[]).await;
    assert_eq!(told(&test).await, []);
    test.clock.advance(14 * 60);
    assert_eq!(told(&test).await, []);
    test.clock.advance(60);
    let mails = told(&test).await;
    assert_eq!(mails[0].subject, "Test pool: 1 ticket expired");
}

#[tokio::test]
async fn what_is_not_wanted_is_not_told() {
    let (test, user) = with_tickets(&[1, 2]).await;
    block(&test, 101, &[voted(1, user, 101)]).await;
    block(&test, 104, &[]).await;
    assert_eq!(told(&test).await, [], "not by default");
    let none = Wishes::from_iter([]);
    test.pool.set_wishes(user, none, None).await.unwrap();
    block(&test, 105, &[missed(2, user)]).await;
    block(&test, 110, &[]).await;
    assert_eq!(told(&test).await, []);
    let log = test.pool.account_log(user, 1).await.unwrap();
    assert_eq!(log[0].event, "notifications_changed");
}

#[tokio::test]
async fn what_a_reorganisation_took_back_is_told_when_it_comes_again() {
    let (test, user) = with_tickets(&[1]).await;
    block(&test, 101, &[missed(1, user)]).await;
    let live = ticket(1, user, TicketStatus::Live);
    block(&test, 104, &[live]).await;
    assert_eq!(told(&test).await, []);
    block(&test, 105, &[missed(1, user)]).await;
    assert_eq!(told(&test).await, []);
    block(&test, 108, &[]).await;
    assert_eq!(told(&test).await.len(), 1);
}

#[tokio::test]
async fn what_an_admin_added_meanwhile_is_not_told_as_low() {
    let (test, user) = with_tickets(&[]).await;
    block(&test, 101, &[low(1, user, 101)]).await;
    let added = TicketRecord {
        verdict: FeeVerdict::Added,
        ..low(1, user, 101)
    };
    block(&test, 103, &[added]).await;
    assert_eq!(told(&test).await, []);
}

#[tokio::test]
async fn who_may_not_sign_in_is_not_told() {
    let (test, user) = with_tickets(&[1]).await;
    test.store.set_disabled(user, true).await.unwrap();
    block(&test, 101, &[missed(1, user)]).await;
    block(&test, 104, &[]).await;
    assert_eq!(told(&test).await, []);
    test.store.set_disabled(user, false).await.unwrap();
    assert_eq!(told(&test).await, [], "nor later");
}

#[tokio::test]
async fn a_history_is_told_neither_at_the_first_start_nor_when_it_is_read_again() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    let all: Wishes = NewsKind::ALL.into_iter().collect();
    test.pool.set_wishes(user, all, None).await.unwrap();
    let mut history = vec![
        missed(1, user),
        voted(2, user, 99),
        ticket(3, user, TicketStatus::Expired),
        low(4, user, 98),
        ticket(5, user, TicketStatus::Live),
    ];
    block(&test, 100, &history).await;
    block(&test, 110, &[]).await;
    assert_eq!(told(&test).await, []);
    // The voters are rebuilt, and tell one thing that is new.
    history.push(missed(5, user));
    for voter in &test.voters {
        let mut state = voter.state();
        state.instance = InstanceId(uuid::Uuid::new_v4());
        state.tickets.clear();
    }
    block(&test, 111, &history).await;
    block(&test, 114, &[]).await;
    let mails = told(&test).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "Test pool: 1 ticket was missed");
}

#[tokio::test]
async fn nothing_is_told_before_a_voter_has_read_all_tickets() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    for voter in &test.voters {
        voter.state().loaded = false;
    }
    block(&test, 90, &[ticket(1, user, TicketStatus::Live)]).await;
    block(&test, 100, &[missed(1, user)]).await;
    block(&test, 110, &[]).await;
    assert_eq!(told(&test).await, []);
    for voter in &test.voters {
        voter.state().loaded = true;
    }
    block(&test, 120, &[]).await;
    assert_eq!(told(&test).await, []);
}

#[tokio::test]
async fn a_new_vote_version_is_told_to_users_with_tickets() {
    let (test, _) = with_tickets(&[1]).await;
    let ended = test.user("sam@example.com").await;
    test.user("pat@example.com").await;
    block(&test, 101, &[voted(2, ended, 100)]).await;
    assert_eq!(told(&test).await, [], "the first version is no news");
    for voter in &test.voters {
        let mut state = voter.state();
        state.vote_version = 11;
        state.agendas = vec![agenda("cake", 0x06, &[0, 2, 4])];
    }
    for height in [102, 103] {
        block(&test, height, &[]).await;
    }
    let mails = told(&test).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].to, "kim@example.com");
    for text in ["version 11", "- cake", "https://pool.example.com/voting\n"] {
        assert!(mails[0].body.contains(text), "{text}");
    }
    test.clock.advance(3600);
    let restarted = test.another(settings()).await;
    round(&restarted).await;
    restarted.tell_news().await.unwrap();
    assert_eq!(test.inbox.take(), []);
}
