//! A database that is older than what the voters know, or that is the wrong one; several webs over one.

use std::sync::Arc;

use crate::db::{Access, Options, Store};
use crate::decred::VoteBits;
use crate::domain::{KeyIndex, UserId};
use crate::pool::testing::{self, KEYS, Mood, TestPool, settings};
use crate::pool::{EnrolError, Pool};
use crate::rpc::wire::Alarm;
use crate::secret::Secret;

/// The pool of `test`, all of whose voters know what it knows.
async fn in_sync(test: &TestPool, pool: &Pool) -> bool {
    // One to push, one to see what came of it.
    testing::round(pool).await;
    testing::round(pool).await;
    let report = pool.status().await;
    let refused = test
        .voters
        .iter()
        .any(|voter| voter.state().refused.is_some());
    !refused
        && report
            .voters
            .iter()
            .all(|voter| voter.preferences_in_sync && voter.scripts_in_sync)
}

async fn older(pool: &Pool) -> Option<Alarm> {
    let alarms = pool.status().await.alarms;
    alarms.into_iter().find(|it| it.id == "database_is_older")
}

fn bits(test: &TestPool, user: UserId) -> Vec<u16> {
    let voters = test.voters.iter();
    voters
        .map(|voter| voter.state().preferences[&user].bits.0)
        .collect()
}

fn pushes(test: &TestPool) -> usize {
    test.voters.iter().map(|voter| voter.state().pushes).sum()
}

/// A pool whose user `kim` chose 5 after last night's backup and whose user `lee` enrolled after it;
/// the backup is what its new process reads. `pat` had no address yet when it was made.
struct Restored {
    test: TestPool,
    pool: Arc<Pool>,
    store: Store,
    kim: UserId,
    lee: UserId,
    pat: UserId,
    _folder: tempfile::TempDir,
}

async fn restored() -> Restored {
    let test = TestPool::new().await;
    let kim = test.user("kim@example.com").await;
    let pat = test.user("pat@example.com").await;
    test.round().await;
    test.pool.enrol(kim, KEYS[0], None).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup.db");
    test.backup(&backup).await;
    test.pool.set_vote_bits(kim, VoteBits(3)).await.unwrap();
    test.pool.set_vote_bits(kim, VoteBits(5)).await.unwrap();
    let lee = test.user("lee@example.com").await;
    test.pool.enrol(lee, KEYS[1], None).await.unwrap();
    test.round().await;
    let url = Secret::new(format!("sqlite://{}", backup.display()));
    let store = Store::connect(Options::new(url, 4, Access::Owner));
    let store = store.await.unwrap();
    let pool = test.over(&store, settings()).await;
    Restored {
        test,
        pool,
        store,
        kim,
        lee,
        pat,
        _folder: folder,
    }
}

#[tokio::test]
async fn a_restored_backup_changes_nobodys_votes_and_says_so() {
    let Restored {
        test,
        pool,
        kim,
        lee,
        ..
    } = restored().await;
    pool.check_voters().await;
    testing::round(&pool).await;
    assert_eq!(bits(&test, kim), [5, 5, 5]);
    assert_eq!(bits(&test, lee), [1, 1, 1]);
    assert_eq!(older(&pool).await, None, "two webs may have pushed at once");
    test.clock.advance(10);
    let told = older(&pool).await.unwrap().message;
    for part in [
        "knows 2 scripts up to key index 3, the database 1 up to 1",
        "preferences up to revision",
        "refuses the database's preferences",
        "`dcrstakepool resume --accept-preferences`",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let before = pushes(&test);
    for _ in 0..5 {
        testing::round(&pool).await;
    }
    assert_eq!(pushes(&test), before, "refused once is enough");
}

#[tokio::test]
async fn later_changes_reach_the_voters_though_the_restored_table_is_refused() {
    let Restored {
        test, pool, kim, ..
    } = restored().await;
    pool.check_voters().await;
    testing::round(&pool).await;
    pool.set_vote_bits(kim, VoteBits(3)).await.unwrap();
    testing::round(&pool).await;
    assert_eq!(bits(&test, kim), [3, 3, 3]);
}

#[tokio::test]
async fn no_key_gets_a_second_user_after_a_restore() {
    let Restored {
        test,
        pool,
        store,
        lee,
        pat,
        ..
    } = restored().await;
    let taken = KeyIndex(u32::try_from(lee.0).unwrap());
    // Signed up before any voter was seen: gets the id that lee had.
    for voter in &test.voters {
        voter.set(Mood::Down);
    }
    let ann = test.user_of(&pool, "ann@example.com").await;
    assert_eq!(ann, lee);
    for voter in &test.voters {
        voter.set(Mood::Good);
    }
    pool.check_voters().await;
    for user in [ann, pat] {
        let index = store.key_index(user).await.unwrap().unwrap();
        assert!(index > taken, "{user} has {index}");
    }
    let bob = test.user_of(&pool, "bob@example.com").await;
    assert!(store.key_index(bob).await.unwrap().unwrap() > taken);
    let renumbered = store.key_index(ann).await.unwrap();
    pool.check_voters().await;
    assert_eq!(store.key_index(ann).await.unwrap(), renumbered, "once");
    let enrolled = pool.enrol(ann, KEYS[1], None).await.unwrap();
    let scripts = test.voters[0].state().scripts.clone();
    assert_eq!(scripts[&enrolled.redeem_script].0, renumbered.unwrap());
}

#[tokio::test]
async fn an_enrolment_that_meets_a_voter_that_knows_more_is_tried_again() {
    let Restored {
        test, pool, pat, ..
    } = restored().await;
    let refused = pool.enrol(pat, KEYS[1], None).await;
    assert!(matches!(refused, Err(EnrolError::Pool(_))), "{refused:?}");
    pool.enrol(pat, KEYS[1], None).await.unwrap();
    let indexes = test.voters[0].state();
    let mut indexes: Vec<_> = indexes.scripts.values().map(|(index, _)| *index).collect();
    indexes.sort_unstable();
    indexes.dedup();
    assert_eq!(indexes.len(), 3, "each key has one user");
}

#[tokio::test]
async fn an_operator_confirms_a_restored_database() {
    let Restored {
        test,
        pool,
        store,
        kim,
        ..
    } = restored().await;
    pool.check_voters().await;
    testing::round(&pool).await;
    test.clock.advance(10);
    assert!(older(&pool).await.is_some());
    // As `resume` does: another process.
    let resume = test.over(&store, settings()).await;
    let taken = resume.accept_preferences().await.unwrap();
    assert_eq!(taken, ["voter0", "voter1", "voter2"]);
    test.clock.advance(20);
    assert!(in_sync(&test, &pool).await);
    assert_eq!(older(&pool).await, None);
    assert_eq!(bits(&test, kim), [1, 1, 1]);
    let before = pushes(&test);
    testing::round(&pool).await;
    assert_eq!(pushes(&test), before);
    assert!(resume.accept_preferences().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_empty_database_by_mistake_changes_nothing_until_it_is_confirmed() {
    let Restored { test, kim, .. } = restored().await;
    let empty = TestPool::new().await;
    let pool = test.over(&empty.store, settings()).await;
    assert!(pool.check_voters().await.wrong());
    testing::round(&pool).await;
    let alarms = pool.status().await.alarms;
    let told = alarms.iter().find(|it| it.id == "voter_wrong").unwrap();
    assert!(
        told.message.contains("resume --accept-preferences"),
        "{}",
        told.message
    );
    assert_eq!(bits(&test, kim), [5, 5, 5]);
    let before = pushes(&test);
    let taken = pool.accept_preferences().await.unwrap();
    assert_eq!((taken.len(), pushes(&test)), (3, before + 3));
    test.clock.advance(20);
    assert!(in_sync(&test, &pool).await);
    assert_eq!(older(&pool).await, None);
    let alarms = pool.status().await.alarms;
    assert!(alarms.is_empty(), "{alarms:?}");
    let ann = test.user_of(&pool, "ann@example.com").await;
    let index = empty.store.key_index(ann).await.unwrap().unwrap();
    assert!(
        index > KeyIndex(3),
        "the keys of the forgotten users stay theirs"
    );
}

#[tokio::test]
async fn a_voter_that_knows_a_user_more_is_not_pushed_at_for_ever() {
    let test = TestPool::new().await;
    test.round().await;
    {
        let mut voter = test.voters[0].state();
        let known = super::voters::preference(7, 0);
        voter.preferences.insert(known.user_id, known);
    }
    test.round().await;
    let before = pushes(&test);
    test.round().await;
    assert_eq!(pushes(&test), before);
    assert!(in_sync(&test, &test.pool).await);
    let user = test.user("kim@example.com").await;
    test.pool.enrol(user, KEYS[0], None).await.unwrap();
    test.pool.set_vote_bits(user, VoteBits(5)).await.unwrap();
    assert!(in_sync(&test, &test.pool).await);
    assert_eq!(bits(&test, user), [5, 5, 5]);
}

#[tokio::test]
async fn two_webs_that_push_at_once_end_with_the_newest_everywhere() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.round().await;
    test.pool.enrol(user, KEYS[0], None).await.unwrap();
    let other = test.another(settings()).await;
    testing::round(&other).await;
    for (n, choice) in [3, 5, 1, 3, 5].into_iter().enumerate() {
        // Each has read the tables before the other one's change.
        let (first, second) = if n % 2 == 0 {
            (&test.pool, &other)
        } else {
            (&other, &test.pool)
        };
        first.tables().await.unwrap();
        second.set_vote_bits(user, VoteBits(choice)).await.unwrap();
        tokio::join!(testing::round(first), testing::round(second));
    }
    // As if the push of old tables had lost the race: refused, though all is well.
    test.voters[0].state().refused = Some("stale".into());
    for pool in [&test.pool, &other] {
        assert!(in_sync(&test, pool).await);
    }
    assert_eq!(bits(&test, user), [5, 5, 5]);
    assert_eq!(older(&test.pool).await, None);
    assert_eq!(older(&other).await, None);
}
