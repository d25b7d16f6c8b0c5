//! Second factors: each code is taken once, and a half sign-in ends.

use std::collections::BTreeSet;

use dcrstakepool::db::{
    HALF_SIGN_IN_SECS, HalfSignIn, NewSecondFactor, NewSession, SecondProof, SecondUse, Store,
};
use dcrstakepool::domain::UserId;
use dcrstakepool::secret::Secret;

use super::accounts::task;
use super::bed::{Bed, NOW, on_both, user};

on_both!(
    it_is_turned_on_once_and_off_without_a_trace,
    of_many_who_bring_a_code_at_once_one_is_taken,
    steps_go_forward_only,
    a_half_sign_in_and_its_code_are_taken_together,
    a_half_sign_in_ends_with_the_sessions_and_with_time,
    a_closed_account_has_none,
);

fn hashes(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn new(user_id: UserId, seed: &str) -> NewSecondFactor {
    NewSecondFactor {
        user_id,
        seed: Secret::new(seed),
        step: 100,
        code_hashes: hashes(&["c0", "c1", "c2"]),
        keep_session: "here".into(),
        now: NOW,
    }
}

/// A user with a second factor.
async fn owner(store: &Store) -> UserId {
    let id = user(store, "ann@example.com").await;
    assert!(store.turn_on_second_factor(new(id, "5eed")).await.unwrap());
    id
}

fn second(user_id: UserId, proof: SecondProof) -> SecondUse {
    let mark = format!("{:032x}", rand::random::<u128>());
    SecondUse {
        user_id,
        proof,
        mark,
    }
}

fn recovery(code: &str) -> SecondProof {
    SecondProof::Recovery(code.to_owned())
}

async fn uses(store: &Store, id: UserId, proof: SecondProof) -> bool {
    store.use_second_factor(second(id, proof)).await.unwrap()
}

async fn codes_left(store: &Store, id: UserId) -> u64 {
    let factor = store.second_factor(id).await.unwrap();
    factor.unwrap().codes_left
}

async fn it_is_turned_on_once_and_off_without_a_trace(bed: Bed) {
    let store = bed.store().await;
    let id = user(&store, "ann@example.com").await;
    assert!(store.second_factor(id).await.unwrap().is_none());
    assert!(
        !store
            .replace_recovery_codes(id, hashes(&["x"]))
            .await
            .unwrap()
    );
    for id_hash in ["here", "there"] {
        let session = NewSession {
            id_hash: id_hash.into(),
            user_id: id,
            ip: String::new(),
            agent: String::new(),
            now: NOW,
        };
        store.create_session(session).await.unwrap();
    }
    assert!(store.turn_on_second_factor(new(id, "5eed")).await.unwrap());
    let left = store.sessions_of(id, NOW).await.unwrap();
    assert!(left.iter().map(|session| &session.id_hash).eq(["here"]));
    assert!(!store.turn_on_second_factor(new(id, "other")).await.unwrap());
    let factor = store.second_factor(id).await.unwrap().unwrap();
    assert!(factor.seed.matches("5eed"));
    assert_eq!((factor.since, factor.codes_left), (NOW, 3));
    let bob = user(&store, "bob@example.com").await;
    let listed = store.users(0, 10).await.unwrap();
    let with: Vec<_> = listed.iter().filter(|user| user.second_factor).collect();
    assert_eq!(with.len(), 1);
    assert!(store.user(id).await.unwrap().unwrap().second_factor);
    assert!(!store.user(bob).await.unwrap().unwrap().second_factor);

    assert!(
        store
            .replace_recovery_codes(id, hashes(&["d0"]))
            .await
            .unwrap()
    );
    assert!(!uses(&store, id, recovery("c0")).await);
    assert!(!uses(&store, bob, recovery("d0")).await);
    assert!(store.turn_off_second_factor(id).await.unwrap());
    assert!(!store.turn_off_second_factor(id).await.unwrap());
    assert!(!uses(&store, id, recovery("d0")).await);
    assert!(!uses(&store, id, SecondProof::Step(500)).await);
    assert!(store.turn_on_second_factor(new(id, "next")).await.unwrap());
    assert_eq!(codes_left(&store, id).await, 3);
}

/// As several web processes would.
async fn of_many_who_bring_a_code_at_once_one_is_taken(bed: Bed) {
    let store = bed.store().await;
    let id = owner(&store).await;
    for proof in [recovery("c1"), SecondProof::Step(101)] {
        let tries: Vec<_> = (0..8)
            .map(|_| {
                let (store, second) = (store.clone(), second(id, proof.clone()));
                task(async move { store.use_second_factor(second).await })
            })
            .collect();
        let mut taken = 0;
        for one in tries {
            taken += usize::from(one.await.unwrap().unwrap());
        }
        assert_eq!(taken, 1, "{proof:?}");
    }
    assert_eq!(codes_left(&store, id).await, 2);
}

async fn steps_go_forward_only(bed: Bed) {
    let store = bed.store().await;
    let id = owner(&store).await;
    let mut taken = BTreeSet::new();
    for step in [99, 100, 102, 101, 102, 103, 0, -1] {
        if uses(&store, id, SecondProof::Step(step)).await {
            taken.insert(step);
        }
    }
    assert!(taken.iter().eq(&[102, 103]), "{taken:?}");
}

async fn a_half_sign_in_and_its_code_are_taken_together(bed: Bed) {
    let store = bed.store().await;
    let id = owner(&store).await;
    let complete = async |hash: &str, id: UserId, proof: SecondProof| {
        let completed = store.complete_half_sign_in(hash, second(id, proof), NOW);
        completed.await.unwrap()
    };
    store.begin_half_sign_in("h1", id, NOW).await.unwrap();
    store.begin_half_sign_in("h2", id, NOW).await.unwrap();
    assert_eq!(store.half_sign_in("h1", NOW).await.unwrap(), Some(id));
    // A wrong code ends nothing; a half sign-in that is none takes no code.
    assert_eq!(complete("h1", id, recovery("x")).await, HalfSignIn::Refused);
    assert_eq!(complete("h3", id, recovery("c0")).await, HalfSignIn::Over);
    let bob = UserId(id.0 + 1);
    assert_eq!(complete("h1", bob, recovery("c0")).await, HalfSignIn::Over);
    assert_eq!(codes_left(&store, id).await, 3);

    let completed = complete("h1", id, recovery("c0")).await;
    assert_eq!(completed, HalfSignIn::Completed);
    assert_eq!(complete("h1", id, recovery("c1")).await, HalfSignIn::Over);
    assert_eq!(
        complete("h2", id, recovery("c0")).await,
        HalfSignIn::Refused
    );
    let step = SecondProof::Step(101);
    assert_eq!(complete("h2", id, step).await, HalfSignIn::Completed);
    assert_eq!(codes_left(&store, id).await, 2);
}

async fn a_half_sign_in_ends_with_the_sessions_and_with_time(bed: Bed) {
    let store = bed.store().await;
    let id = owner(&store).await;
    let lasts = async |hash: &str, now: i64| store.half_sign_in(hash, now).await.unwrap().is_some();
    let late = NOW + HALF_SIGN_IN_SECS;
    store.begin_half_sign_in("h1", id, NOW).await.unwrap();
    assert!(lasts("h1", late - 1).await && !lasts("h1", late).await);
    let refused = store.complete_half_sign_in("h1", second(id, recovery("c0")), late);
    assert_eq!(refused.await.unwrap(), HalfSignIn::Over);
    assert_eq!(store.forget_expired(late - 1).await.unwrap(), 0);
    assert_eq!(store.forget_expired(late).await.unwrap(), 1);

    store.begin_half_sign_in("h2", id, NOW).await.unwrap();
    store.end_sessions_except(id, Some("here")).await.unwrap();
    assert!(!lasts("h2", NOW).await);
    store.begin_half_sign_in("h3", id, NOW).await.unwrap();
    store.turn_off_second_factor(id).await.unwrap();
    assert!(!lasts("h3", NOW).await);
}

async fn a_closed_account_has_none(bed: Bed) {
    let store = bed.store().await;
    let id = owner(&store).await;
    store.begin_half_sign_in("h1", id, NOW).await.unwrap();
    let password = store.user(id).await.unwrap().unwrap().password_hash;
    assert!(store.close_account(id, &password, NOW).await.unwrap());
    assert!(store.second_factor(id).await.unwrap().is_none());
    assert_eq!(store.half_sign_in("h1", NOW).await.unwrap(), None);
    assert!(!uses(&store, id, recovery("c0")).await);
}
