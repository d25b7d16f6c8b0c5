use crate::db::NewPreference;
use crate::decred::{Atoms, Height, TicketHash, VoteBits, VoteVersion};
use crate::domain::{FeeVerdict, Preference, Revision, TicketRecord, TicketStatus, UserId};
use crate::pool::VotingError;
use crate::pool::testing::{KEYS, Mood, TestPool, agenda, audited};

pub fn ticket(n: u8, user: UserId, status: TicketStatus) -> TicketRecord {
    TicketRecord {
        hash: TicketHash::of(&[n]),
        user_id: user,
        ticket_address: "Sc".into(),
        price: Atoms(1),
        fee_paid: Atoms(1),
        mined: Some((TicketHash::of(b"block"), Height(u32::from(n)))),
        status,
        verdict: FeeVerdict::Good,
        vote: None,
        revocation: None,
    }
}

pub fn preference(user: i64, revision: i64) -> Preference {
    Preference {
        user_id: UserId(user),
        ticket_address: "Sc".into(),
        version: VoteVersion(10),
        bits: VoteBits(1),
        revision: Revision(revision),
    }
}

#[tokio::test]
async fn a_preference_is_stored_and_reaches_every_voter() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.round().await;
    test.pool.enrol(user, KEYS[0], None).await.unwrap();
    for bad in [0, 2, 7, 9, 0xffff] {
        let refused = test.pool.set_vote_bits(user, VoteBits(bad)).await;
        assert!(matches!(refused, Err(VotingError::Invalid)), "{bad}");
    }
    test.pool.set_vote_bits(user, VoteBits(5)).await.unwrap();
    let stored = test.pool.user(user).await.unwrap().unwrap();
    assert_eq!(
        (stored.vote_bits, stored.vote_version),
        (VoteBits(5), VoteVersion(10))
    );
    test.round().await;
    for voter in &test.voters {
        assert_eq!(voter.state().preferences[&user].bits, VoteBits(5));
    }
    let pushes: Vec<usize> = test
        .voters
        .iter()
        .map(|voter| voter.state().pushes)
        .collect();
    test.round().await;
    let after: Vec<usize> = test
        .voters
        .iter()
        .map(|voter| voter.state().pushes)
        .collect();
    assert_eq!(pushes, after, "who has all is sent nothing");
}

#[tokio::test]
async fn a_voter_that_was_away_gets_what_it_lacks() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.round().await;
    test.pool.enrol(user, KEYS[0], None).await.unwrap();
    test.round().await;
    test.voters[2].set(Mood::Down);
    test.pool.set_vote_bits(user, VoteBits(3)).await.unwrap();
    test.round().await;
    assert_eq!(test.voters[2].state().preferences[&user].bits, VoteBits(1));
    test.voters[2].set(Mood::Good);
    test.round().await;
    assert_eq!(test.voters[2].state().preferences[&user].bits, VoteBits(3));
}

#[tokio::test]
async fn a_restarted_voter_is_told_even_if_it_has_all() {
    let test = TestPool::new().await;
    test.round().await;
    test.voters[0].state().confirmed = false;
    test.round().await;
    assert!(test.voters[0].state().confirmed);
}

#[tokio::test]
async fn a_refused_push_waits_for_the_operator() {
    let test = TestPool::new().await;
    for user in 1..=3 {
        let known = preference(user, 1);
        let mut voter = test.voters[0].state();
        voter.preferences.insert(known.user_id, known);
    }
    test.round().await;
    test.round().await;
    assert_eq!(test.voters[0].state().pushes, 1, "not tried again");
    assert_eq!(test.pool.accept_preferences().await.unwrap(), ["voter0"]);
    assert!(test.voters[0].state().confirmed);
    assert!(test.pool.accept_preferences().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_new_vote_version_of_all_reachable_voters_resets_everyone() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.round().await;
    test.pool.enrol(user, KEYS[0], None).await.unwrap();
    test.pool.set_vote_bits(user, VoteBits(5)).await.unwrap();
    let bits = async || {
        let user = test.pool.user(user).await.unwrap().unwrap();
        (user.vote_bits, user.vote_version)
    };
    for voter in &test.voters[..2] {
        voter.state().vote_version = 11;
        voter.state().agendas = vec![agenda("cake", 0x18, &[0, 8, 16])];
    }
    test.clock.advance(60);
    test.round().await;
    assert_eq!(
        bits().await,
        (VoteBits(5), VoteVersion(10)),
        "one still has 10"
    );
    assert_eq!(test.pool.agendas().unwrap().version, VoteVersion(10));
    test.voters[2].set(Mood::Down);
    test.round().await;
    assert_eq!(
        bits().await,
        (VoteBits(1), VoteVersion(11)),
        "both that are there have 11"
    );
    assert_eq!(test.pool.agendas().unwrap().agendas[0].id, "cake");
    test.round().await;
    assert_eq!(
        test.voters[0].state().preferences[&user].version,
        VoteVersion(11)
    );
    test.voters[2].set(Mood::Good);
    test.round().await;
    assert_eq!(
        test.pool.agendas().unwrap().version,
        VoteVersion(11),
        "upwards only"
    );
    test.pool.set_vote_bits(user, VoteBits(9)).await.unwrap();
}

#[tokio::test]
async fn voters_upgraded_one_by_one_reset_once_and_an_older_one_changes_nothing() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.round().await;
    test.pool.enrol(user, KEYS[0], None).await.unwrap();
    test.pool.set_vote_bits(user, VoteBits(5)).await.unwrap();
    let vote = async || {
        let user = test.store.user(user).await.unwrap().unwrap();
        (user.vote_bits.0, user.vote_version.0)
    };
    let upgrade = |n: usize| {
        let mut voter = test.voters[n].state();
        voter.vote_version = 11;
        voter.agendas = vec![agenda("cake", 0x18, &[0, 8, 16])];
    };
    for n in [0, 1] {
        // It is away while it is upgraded.
        test.voters[n].set(Mood::Down);
        test.round().await;
        assert_eq!(vote().await, (5, 10), "voter {n} is away");
        test.voters[n].set(Mood::Good);
        upgrade(n);
        test.round().await;
        assert_eq!(vote().await, (5, 10), "voter {n} is back");
    }
    test.voters[2].set(Mood::Down);
    test.round().await;
    assert_eq!(vote().await, (1, 11), "all that are there, and enough");
    // It comes back as it was, and is upgraded later.
    test.voters[2].set(Mood::Good);
    test.round().await;
    upgrade(2);
    test.clock.advance(60);
    test.round().await;
    assert_eq!(vote().await, (1, 11));
    let log = audited(&test, 100).await;
    let resets = log.iter().filter(|it| it.event == "preferences_reset");
    let resets: Vec<_> = resets.map(|it| it.detail.as_str()).collect();
    assert_eq!(resets, ["version 11, 1 users", "version 10, 1 users"]);
    test.pool.set_vote_bits(user, VoteBits(9)).await.unwrap();
    test.round().await;
    for voter in &test.voters {
        assert_eq!(voter.state().preferences[&user].bits, VoteBits(9));
    }
    for voter in &test.voters[1..] {
        voter.state().vote_version = 10;
        voter.state().agendas = vec![agenda("pie", 0x06, &[0, 2, 4])];
    }
    test.voters[0].set(Mood::Down);
    // Also to a process that starts then.
    let another = test.another(crate::pool::testing::settings()).await;
    another.check_voters().await;
    crate::pool::testing::round(&another).await;
    test.clock.advance(60);
    test.round().await;
    assert_eq!(vote().await, (9, 11));
    assert_eq!(test.pool.agendas().unwrap().version, VoteVersion(11));
    assert!(
        another.agendas().is_none(),
        "those of 10 are none of its users'"
    );
}

#[tokio::test]
async fn bits_that_are_invalid_for_their_own_version_are_reset() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.round().await;
    test.pool.enrol(user, KEYS[0], None).await.unwrap();
    test.pool.set_vote_bits(user, VoteBits(5)).await.unwrap();
    test.round().await;
    // The agendas of version 10 are others than they were.
    for voter in &test.voters {
        voter.state().agendas = vec![agenda("cake", 0x18, &[0, 8, 16])];
    }
    test.clock.advance(60);
    test.round().await;
    test.round().await;
    for voter in &test.voters {
        assert_eq!(voter.state().preferences[&user].bits, VoteBits(1));
    }
}

#[tokio::test]
async fn tickets_are_those_of_one_voter_at_a_time() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.voters[1].state().height = 101;
    let tickets = (1..=5)
        .map(|n| ticket(n, user, TicketStatus::Live))
        .collect();
    test.voters[1].state().tickets = tickets;
    test.voters[2].state().tickets = vec![ticket(1, user, TicketStatus::Voted)];
    test.pool.check_voters().await;
    test.round().await;
    let page = test.tickets(user).await;
    assert_eq!((page.total, page.tickets.len()), (5, 5));
    assert!(page.tickets.iter().all(|t| t.status == TicketStatus::Live));
    assert_eq!(page.tickets[0].mined.unwrap().1, Height(5), "newest first");
    test.voters[1].set(Mood::Down);
    test.round().await;
    let all = test.tickets(user).await.tickets;
    let voted = all.iter().filter(|t| t.status == TicketStatus::Voted);
    assert_eq!((all.len(), voted.count()), (5, 1));
}

#[tokio::test]
async fn numbers_come_before_the_first_page_and_stay_when_all_are_away() {
    let test = TestPool::new().await;
    assert!(test.pool.stats().is_none());
    let voters = test.pool.check_voters().await;
    assert!(voters.enough() && voters.faults.is_empty());
    let stats = test.pool.stats().unwrap();
    assert_eq!((stats.height, stats.users), (Height(100), 0));
    for voter in &test.voters {
        voter.set(Mood::Down);
    }
    test.clock.advance(600);
    test.user("kim@example.com").await;
    test.round().await;
    let later = test.pool.stats().unwrap();
    assert_eq!((later.height, later.users), (Height(100), 1));
    assert_eq!(later.refreshed_at, stats.refreshed_at);
}

#[tokio::test]
async fn too_few_voters_at_start_are_named_and_wrong_ones_told_apart() {
    let test = TestPool::new().await;
    test.voters[0].set(Mood::Down);
    test.voters[1].set(Mood::WrongToken);
    let voters = test.pool.check_voters().await;
    assert!(!voters.enough() && voters.wrong());
    let said = voters.to_string();
    assert!(
        said.contains("voter0: ") && said.contains("refuses the token"),
        "{said}"
    );
    test.voters[2].set(Mood::Down);
    let voters = test.pool.check_voters().await;
    assert!(
        !voters.enough() && !voters.wrong(),
        "mending one would not do"
    );
    test.voters[0].set(Mood::Good);
    test.voters[2].set(Mood::Good);
    let voters = test.pool.check_voters().await;
    assert!(voters.enough() && voters.faults.len() == 1);
}

#[tokio::test]
async fn watchers_run_until_the_role_stops() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.pool.enrol(user, KEYS[0], None).await.unwrap();
    test.pool.start();
    while test
        .voters
        .iter()
        .any(|voter| voter.state().preferences.is_empty())
    {
        tokio::task::yield_now().await;
    }
    let stopped = test
        .pool
        .tasks
        .stop_and_wait(std::time::Duration::from_secs(20));
    assert!(stopped.await);
}

#[tokio::test]
async fn a_clock_that_is_set_back_hides_no_change_of_another_web() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.round().await;
    test.pool.enrol(user, KEYS[0], None).await.unwrap();
    test.round().await;
    let change = NewPreference {
        user_id: user,
        version: VoteVersion(10),
        bits: VoteBits(5),
        choices: Vec::new(),
    };
    test.store.set_preference(change).await.unwrap();
    let bits = || test.voters[0].state().preferences[&user].bits;
    test.round().await;
    assert_eq!(bits(), VoteBits(1), "it is read every few seconds");
    test.clock.advance(-3600);
    test.round().await;
    assert_eq!(bits(), VoteBits(5));
}
