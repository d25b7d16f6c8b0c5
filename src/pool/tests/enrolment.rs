use std::sync::Arc;

use crate::decred::Height;
use crate::domain::KeyIndex;
use crate::domain::UserId;
use crate::pool::testing::{FakeVoter, KEYS, Mood, TestPool, settings};
use crate::pool::{DoorSign, EnrolError, NotNow, Settings};
use crate::rpc::wire::ConfigDigests;

async fn untouched(test: &TestPool, user: UserId) {
    let stored = test.pool.user(user).await.unwrap().unwrap();
    assert_eq!(stored.enrolled, None);
    assert!(
        test.voters
            .iter()
            .all(|voter| voter.state().scripts.is_empty())
    );
}

#[tokio::test]
async fn a_key_becomes_an_address_that_every_wallet_knows() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.inbox.take();
    let stored = test.pool.user(user).await.unwrap().unwrap();
    assert_eq!(stored.enrolled, None);
    test.voters[1].state().height = 99;
    let enrolled = test.pool.enrol(user, KEYS[0], None).await.unwrap();
    assert_eq!(enrolled.height_registered, Height(99), "the lowest");
    assert!(enrolled.ticket_address.starts_with("Sc"));
    assert!(enrolled.fee_address.starts_with("Ss"));
    assert!(enrolled.pool_pubkey_address.starts_with("Sk"));
    for voter in &test.voters {
        assert_eq!(
            voter.state().scripts.get(&enrolled.redeem_script),
            Some(&(KeyIndex(1), user))
        );
    }
    let stored = test.pool.user(user).await.unwrap().unwrap();
    let info = test.pool.purchase_info(&stored, &enrolled);
    assert_eq!(info.ticket_address, enrolled.ticket_address);
    assert!((info.fee_percent - 7.5).abs() < f64::EPSILON);
    let mails = test.inbox.take();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].to, "kim@example.com");
    for text in [&mails[0].body, &mails[0].html] {
        for part in [&enrolled.redeem_script, &enrolled.ticket_address] {
            assert!(text.contains(part.as_str()), "{part} in {text}");
        }
        assert!(text.contains("pool.example.com/address"), "{text}");
    }
    let again = test.pool.enrol(user, KEYS[1], None).await;
    assert!(matches!(again, Err(EnrolError::AlreadySubmitted)));
    assert!(test.inbox.take().is_empty());
    assert_eq!(stored.enrolled, Some(enrolled));
}

#[tokio::test]
async fn what_is_no_public_key_address_is_refused_row_by_row() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    let own = test.pool.derivation.derive(
        crate::domain::KeyIndex(1),
        &test.pool.derivation.read_key(KEYS[0]).unwrap(),
    );
    let own = own.unwrap().pool_pubkey_address;
    let good = KEYS[0];
    let mut changed = good.to_owned();
    changed.pop();
    changed.push('c');
    let cases: [(&str, &str); 12] = [
        ("", "short"),
        ("SseNfMkp9hmSPvmAEZ2zQ4wVxwQeHoyP8Hd", "short"),
        ("ScgNhVRgEedh27cyFMH97ApFiLJECVyWbca", "short"),
        (&"é".repeat(39), "short"),
        (&"S".repeat(66), "long"),
        (&"é".repeat(40), "undecodable"),
        (&"S".repeat(65), "undecodable"),
        (&changed, "undecodable"),
        (&format!(" {good}"), "undecodable"),
        // Of mainnet, and a point off the curve.
        (
            "DkRLTanSAoWvVoas1ai8dazHqubK9KnJFX7LDrSpEiAjrzCpvhJ6m",
            "undecodable",
        ),
        (
            "DkM3HCRcSBgAeGAJD8GbDJHJkPEV9GbFCqjnid9mfxuko892JLsFp",
            "undecodable",
        ),
        (&own, "type"),
    ];
    for (address, expected) in cases {
        let error = test.pool.enrol(user, address, None).await.unwrap_err();
        let row = match error {
            EnrolError::TooShort => "short",
            EnrolError::TooLong => "long",
            EnrolError::Undecodable => "undecodable",
            EnrolError::WrongType => "type",
            _ => "another",
        };
        assert_eq!(row, expected, "{address}");
    }
    untouched(&test, user).await;
    assert!(test.voters.iter().all(|voter| voter.state().verified == 0));
}

#[tokio::test]
async fn earlier_rows_win() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    let closed = test
        .another(Settings {
            sign: DoorSign {
                closed: true,
                closed_message: "gone fishing".into(),
                ..DoorSign::default()
            },
            ..settings()
        })
        .await;
    let error = closed.enrol(user, "rubbish", None).await.unwrap_err();
    assert!(matches!(error, EnrolError::Closed(reason) if reason == "gone fishing"));
    let full = test
        .another(Settings {
            max_users: 0,
            ..settings()
        })
        .await;
    let error = full.enrol(user, KEYS[0], None).await.unwrap_err();
    assert!(matches!(error, EnrolError::Closed(_)));
    for voter in &test.voters {
        voter.set(Mood::Down);
    }
    let error = test.pool.enrol(user, "rubbish", None).await.unwrap_err();
    assert!(matches!(error, EnrolError::TooShort));
    untouched(&test, user).await;
    for voter in &test.voters {
        voter.set(Mood::Good);
    }
    test.pool.enrol(user, KEYS[0], None).await.unwrap();
    let error = closed.enrol(user, "rubbish", None).await.unwrap_err();
    assert!(matches!(error, EnrolError::AlreadySubmitted));
}

#[tokio::test]
async fn one_voter_down_or_lagging_is_no_obstacle_and_learns_later() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.voters[0].set(Mood::Down);
    let enrolled = test.pool.enrol(user, KEYS[0], None).await.unwrap();
    assert!(test.voters[0].state().scripts.is_empty());
    test.voters[0].set(Mood::Good);
    test.round().await;
    assert!(
        test.voters[0]
            .state()
            .scripts
            .contains_key(&enrolled.redeem_script)
    );

    let other = test.user("sam@example.com").await;
    test.voters[2].state().height = 97;
    let enrolled = test.pool.enrol(other, KEYS[0], None).await.unwrap();
    assert_eq!(
        enrolled.height_registered,
        Height(100),
        "who lags does not count"
    );
    assert_eq!(test.store.halt().await.unwrap(), None);
}

#[tokio::test]
async fn too_few_confirmations_store_nothing_and_halt_nothing() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.voters[0].set(Mood::Down);
    test.voters[1].state().height = 90;
    let error = test.pool.enrol(user, KEYS[0], None).await.unwrap_err();
    let few = NotNow::TooFewVoters {
        confirmed: 1,
        needed: 2,
    };
    assert!(matches!(error, EnrolError::NotNow(reason) if reason == few));
    test.voters[1].set(Mood::WrongToken);
    let error = test.pool.enrol(user, KEYS[0], None).await.unwrap_err();
    assert!(matches!(error, EnrolError::NotNow(reason) if reason == few));
    untouched(&test, user).await;
    assert_eq!(test.store.halt().await.unwrap(), None);
}

#[tokio::test]
async fn a_voter_one_block_behind_for_a_minute_lags() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.voters[0].set(Mood::Down);
    test.voters[1].state().height = 99;
    test.round().await;
    test.clock.advance(61);
    let error = test.pool.enrol(user, KEYS[0], None).await.unwrap_err();
    assert!(matches!(
        error,
        EnrolError::NotNow(NotNow::TooFewVoters { .. })
    ));
}

#[tokio::test]
async fn a_voter_of_another_network_or_pool_does_not_count() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.voters[0].state().network = "mainnet".into();
    let other = crate::domain::PoolId(uuid::Uuid::new_v4());
    test.voters[1].state().pool_id = Some(other);
    test.voters[1].set(Mood::OtherKeys);
    let error = test.pool.enrol(user, KEYS[0], None).await.unwrap_err();
    assert!(matches!(
        error,
        EnrolError::NotNow(NotNow::TooFewVoters { confirmed: 1, .. })
    ));
    assert_eq!(test.store.halt().await.unwrap(), None);
}

#[tokio::test]
async fn a_difference_of_configuration_closes_enrolment_and_names_the_key() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    let digests = [("pool.max_users".to_owned(), "other".to_owned())];
    test.voters[2].state().config = ConfigDigests(digests.into());
    test.voters[2].set(Mood::OtherKeys);
    let error = test.pool.enrol(user, KEYS[0], None).await.unwrap_err();
    let named = NotNow::Configuration("pool.max_users".into());
    assert!(matches!(error, EnrolError::NotNow(reason) if reason == named));
    untouched(&test, user).await;
    assert_eq!(test.store.halt().await.unwrap(), None);
}

#[tokio::test]
async fn one_that_disagrees_halts_and_nothing_is_stored() {
    for mood in [Mood::OtherKeys, Mood::Refuses] {
        let test = TestPool::new().await;
        let user = test.user("kim@example.com").await;
        test.voters[1].set(mood);
        let error = test.pool.enrol(user, KEYS[0], None).await.unwrap_err();
        assert!(matches!(error, EnrolError::NotNow(NotNow::Halted)));
        untouched(&test, user).await;
        let halt = test.store.halt().await.unwrap().unwrap();
        assert_eq!(halt.voter, "voter1");
        test.voters[1].set(Mood::Good);
        let error = test.pool.enrol(user, KEYS[0], None).await.unwrap_err();
        assert!(matches!(error, EnrolError::NotNow(NotNow::Halted)));
    }
}

#[tokio::test]
async fn a_wallet_that_refuses_the_script_halts_but_the_user_is_whole() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.voters[1].set(Mood::RefusesImport);
    test.pool.enrol(user, KEYS[0], None).await.unwrap();
    let halt = test.store.halt().await.unwrap().unwrap();
    assert_eq!(halt.voter, "voter1");
}

#[tokio::test]
async fn the_same_user_twice_at_once_gets_one_address() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    let (one, two) = tokio::join!(
        test.pool.enrol(user, KEYS[0], None),
        test.pool.enrol(user, KEYS[1], None)
    );
    let (winner, loser) = match (one, two) {
        (Ok(winner), Err(loser)) | (Err(loser), Ok(winner)) => (winner, loser),
        other => panic!("{other:?}"),
    };
    assert!(matches!(loser, EnrolError::AlreadySubmitted));
    for voter in &test.voters {
        assert_eq!(voter.state().verified, 1, "the loser troubles nobody");
        let scripts: Vec<String> = voter.state().scripts.keys().cloned().collect();
        assert_eq!(scripts, std::slice::from_ref(&winner.redeem_script));
    }
}

#[tokio::test]
async fn two_users_at_once_both_get_theirs() {
    let test = TestPool::new().await;
    let kim = test.user("kim@example.com").await;
    let sam = test.user("sam@example.com").await;
    let (one, two) = tokio::join!(
        test.pool.enrol(kim, KEYS[0], None),
        test.pool.enrol(sam, KEYS[0], None)
    );
    assert_ne!(one.unwrap().ticket_address, two.unwrap().ticket_address);
}

/// Runs an enrolment until one voter hangs, then drops it: what a killed web leaves behind.
async fn killed(test: &TestPool, user: UserId, hanging: &Arc<FakeVoter>, mood: Mood) {
    hanging.set(mood);
    tokio::select! {
        outcome = test.pool.enrol(user, KEYS[0], None) => panic!("{outcome:?}"),
        () = hanging.hangs.notified() => {}
    }
    hanging.set(Mood::Good);
}

#[tokio::test]
async fn web_killed_while_voters_are_asked_leaves_nothing() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    killed(&test, user, &test.voters[1], Mood::HangsAtVerify).await;
    untouched(&test, user).await;
    let pool = test.another(settings()).await;
    pool.enrol(user, KEYS[1], None).await.unwrap();
}

#[tokio::test]
async fn web_killed_while_wallets_import_leaves_a_whole_user_whom_the_next_web_teaches() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    killed(&test, user, &test.voters[0], Mood::HangsAtImport).await;
    let stored = test.store.user(user).await.unwrap().unwrap();
    let enrolment = stored.enrolment.expect("stored before any import");
    assert!(test.voters[0].state().scripts.is_empty());
    let pool = test.another(settings()).await;
    for peer in &pool.peers {
        pool.look(peer).await;
        pool.bring_together(peer).await;
    }
    for voter in &test.voters {
        assert!(voter.state().scripts.contains_key(&enrolment.redeem_script));
        assert!(voter.state().preferences.contains_key(&user));
    }
}
