//! Sign-ups and users.

use std::collections::BTreeSet;

use dcrstakepool::db::{
    AuditEntry, NewSession, PasswordChange, SIGN_UP_LIFE_SECS, SignUpOutcome, UserCounts,
    Verification,
};
use dcrstakepool::domain::{KeyIndex, UserId};
use dcrstakepool::secret::Secret;
use diesel::connection::SimpleConnection as _;

use super::bed::{Bed, NOW, enrolment, on_both, sign_up, token_of, user};

on_both!(
    a_verified_sign_up_is_a_user,
    a_link_works_once_and_says_so,
    a_link_lasts_a_day,
    an_address_belongs_to_one_user_in_any_case,
    another_link_replaces_the_first,
    a_full_pool_stores_nothing,
    ids_are_never_used_again,
    an_index_of_an_old_user_is_left_out,
    verifications_at_once_get_different_ids,
    the_same_link_twice_at_once_makes_one_user,
    passwords_tokens_and_flags_change,
    a_new_password_ends_the_other_sessions_in_one_step,
    an_api_token_is_replaced_only_if_it_is_the_known_one,
    an_old_unverified_user_keeps_the_link,
    expired_rows_are_forgotten,
    text_of_any_script_survives,
    a_closed_account_keeps_what_its_tickets_need_and_nothing_of_the_person,
);

async fn a_verified_sign_up_is_a_user(bed: Bed) {
    let store = bed.store().await;
    assert_eq!(store.user_counts().await.unwrap(), UserCounts::default());
    let id = user(&store, "Ann@Example.com").await;
    assert_eq!(id, UserId(1));
    let ann = store.user(id).await.unwrap().unwrap();
    assert_eq!(ann.email, "Ann@Example.com");
    assert_eq!(ann.password_hash.expose(), "$2a$10$hash");
    assert!(ann.verified && !ann.disabled);
    assert!(ann.api_token.is_none() && ann.enrolment.is_none());
    assert_eq!((ann.vote_bits.0, ann.vote_version.0), (1, 0));
    assert_eq!(store.key_index(id).await.unwrap(), Some(KeyIndex(1)));
    assert_eq!(user(&store, "bob@example.com").await, UserId(2));
    assert!(store.enrol(enrolment(id, 0), None).await.unwrap());
    let counts = store.user_counts().await.unwrap();
    assert_eq!((counts.total, counts.active), (2, 1));
    assert_eq!(store.last_user_id().await.unwrap(), UserId(2));
    assert!(store.user(UserId(9)).await.unwrap().is_none());
    assert_eq!(store.key_index(UserId(9)).await.unwrap(), None);
}

async fn a_link_works_once_and_says_so(bed: Bed) {
    let store = bed.store().await;
    let id = user(&store, "ann@example.com").await;
    let token = token_of("ann@example.com");
    let again = store.verify_sign_up(&token, 1000, NOW);
    assert_eq!(again.await.unwrap(), Verification::Already(id));
    let unknown = store.verify_sign_up("no such token", 1000, NOW);
    assert_eq!(unknown.await.unwrap(), Verification::UnknownToken);
    assert_eq!(store.user_counts().await.unwrap().total, 1);
}

async fn a_link_lasts_a_day(bed: Bed) {
    let store = bed.store().await;
    store
        .record_sign_up(sign_up("ann@example.com", "t"))
        .await
        .unwrap();
    let late = store
        .verify_sign_up("t", 1000, NOW + SIGN_UP_LIFE_SECS)
        .await;
    assert_eq!(late.unwrap(), Verification::UnknownToken);
    let in_time = store
        .verify_sign_up("t", 1000, NOW + SIGN_UP_LIFE_SECS - 1)
        .await;
    assert_eq!(in_time.unwrap(), Verification::Verified(UserId(1)));
}

async fn an_address_belongs_to_one_user_in_any_case(bed: Bed) {
    let store = bed.store().await;
    for token in ["first", "second"] {
        let recorded = store
            .record_sign_up(sign_up("ann@example.com", token))
            .await;
        assert_eq!(recorded.unwrap(), SignUpOutcome::Recorded);
    }
    let first = store.verify_sign_up("first", 1000, NOW).await.unwrap();
    assert_eq!(first, Verification::Verified(UserId(1)));
    let second = store.verify_sign_up("second", 1000, NOW).await.unwrap();
    assert_eq!(second, Verification::EmailTaken);
    let again = store
        .record_sign_up(sign_up("ANN@Example.COM", "third"))
        .await;
    assert_eq!(again.unwrap(), SignUpOutcome::EmailTaken(UserId(1)));
    let found = store
        .user_by_email("aNN@example.com")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, UserId(1));
    assert!(
        store
            .user_by_email("an@example.com")
            .await
            .unwrap()
            .is_none()
    );
}

async fn another_link_replaces_the_first(bed: Bed) {
    let store = bed.store().await;
    let none = store.renew_sign_up("ann@example.com", "new", NOW).await;
    assert_eq!(none.unwrap(), None);
    store
        .record_sign_up(sign_up("ann@example.com", "old"))
        .await
        .unwrap();
    let renewed = store
        .renew_sign_up("Ann@example.com", "new", NOW + 10)
        .await;
    assert_eq!(renewed.unwrap().as_deref(), Some("ann@example.com"));
    let old = store.verify_sign_up("old", 1000, NOW + 20).await.unwrap();
    assert_eq!(old, Verification::UnknownToken);
    let new = store
        .verify_sign_up("new", 1000, NOW + 5 + SIGN_UP_LIFE_SECS)
        .await;
    assert_eq!(new.unwrap(), Verification::Verified(UserId(1)));
}

async fn a_full_pool_stores_nothing(bed: Bed) {
    let store = bed.store().await;
    user(&store, "ann@example.com").await;
    store
        .record_sign_up(sign_up("bob@example.com", "t"))
        .await
        .unwrap();
    for _ in 0..3 {
        let full = store.verify_sign_up("t", 1, NOW).await.unwrap();
        assert_eq!(full, Verification::PoolFull);
    }
    assert!(
        store
            .user_by_email("bob@example.com")
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(store.key_index(UserId(2)).await.unwrap(), None);
    // Raised, the pool takes the same link, and no id was lost.
    let raised = store.verify_sign_up("t", 2, NOW).await.unwrap();
    assert_eq!(raised, Verification::Verified(UserId(2)));
}

async fn ids_are_never_used_again(bed: Bed) {
    let store = bed.store().await;
    user(&store, "ann@example.com").await;
    let bob = user(&store, "bob@example.com").await;
    bed.execute("DELETE FROM Users WHERE UserId = 2; DELETE FROM pool_keys WHERE user_id = 2");
    assert_eq!(user(&store, "eve@example.com").await.0, bob.0 + 1);
    // A row that the Go program inserted meanwhile.
    bed.execute("INSERT INTO Users (UserId, Email) VALUES (9, 'old@example.com')");
    assert_eq!(user(&store, "dan@example.com").await, UserId(10));
    assert_eq!(user(&store, "fay@example.com").await, UserId(11));
}

async fn an_index_of_an_old_user_is_left_out(bed: Bed) {
    let store = bed.store().await;
    bed.execute(
        "INSERT INTO pool_keys (user_id, key_set, key_index) VALUES (501, 0, 1), (502, 0, 2)",
    );
    let id = user(&store, "ann@example.com").await;
    assert_eq!(id, UserId(3));
    assert_eq!(store.key_index(id).await.unwrap(), Some(KeyIndex(3)));
    assert_eq!(user(&store, "bob@example.com").await, UserId(4));
}

async fn verifications_at_once_get_different_ids(bed: Bed) {
    let store = bed.store().await;
    for n in 0..50 {
        let new = sign_up(&format!("user{n}@example.com"), &format!("t{n}"));
        store.record_sign_up(new).await.unwrap();
    }
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let store = store.clone();
            task(async move { store.verify_sign_up(&format!("t{n}"), 1000, NOW).await })
        })
        .collect();
    let mut ids = BTreeSet::new();
    for task in tasks {
        match task.await.unwrap().unwrap() {
            Verification::Verified(id) => assert!(ids.insert(id.0), "{id} twice"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ids, (1..=50).collect());
}

async fn the_same_link_twice_at_once_makes_one_user(bed: Bed) {
    let store = bed.store().await;
    store
        .record_sign_up(sign_up("ann@example.com", "t"))
        .await
        .unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            task(async move { store.verify_sign_up("t", 1000, NOW).await })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap().unwrap() {
            Verification::Verified(UserId(1)) => made += 1,
            Verification::Already(UserId(1)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((made, store.user_counts().await.unwrap().total), (1, 1));
}

async fn passwords_tokens_and_flags_change(bed: Bed) {
    let store = bed.store().await;
    let id = user(&store, "ann@example.com").await;
    let former = store.user(id).await.unwrap().unwrap().password_hash;
    let new = Secret::new("$2a$12$new");
    assert!(store.rehash_password(id, &former, &new).await.unwrap());
    assert!(!store.rehash_password(id, &former, &former).await.unwrap());
    assert!(store.set_disabled(id, true).await.unwrap());
    let ann = store.user(id).await.unwrap().unwrap();
    assert_eq!(ann.password_hash.expose(), "$2a$12$new");
    assert!(ann.disabled);
    // The same again still finds the row.
    assert!(store.set_disabled(id, true).await.unwrap());
    assert!(store.set_disabled(id, false).await.unwrap());
    assert!(!store.user(id).await.unwrap().unwrap().disabled);
    let nobody = UserId(77);
    assert!(!store.set_disabled(nobody, true).await.unwrap());
    assert!(!store.rehash_password(nobody, &new, &new).await.unwrap());
    bed.execute("INSERT INTO Users (UserId, Email) VALUES (5, 'old@example.com')");
    assert!(store.set_disabled(UserId(5), true).await.unwrap());
    assert!(store.user(UserId(5)).await.unwrap().unwrap().disabled);
}

async fn a_new_password_ends_the_other_sessions_in_one_step(bed: Bed) {
    let store = bed.store().await;
    let id = user(&store, "ann@example.com").await;
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
    let change = PasswordChange {
        user_id: id,
        former: Secret::new("$2a$10$other"),
        new: Secret::new("$2a$10$new"),
        keep_session: "here".into(),
        now: NOW,
    };
    assert!(!store.change_password(change.clone()).await.unwrap());
    assert_eq!(store.sessions_of(id, NOW).await.unwrap().len(), 2);
    let change = PasswordChange {
        former: store.user(id).await.unwrap().unwrap().password_hash,
        ..change
    };
    assert!(store.change_password(change).await.unwrap());
    let left = store.sessions_of(id, NOW).await.unwrap();
    assert!(left.iter().map(|session| &session.id_hash).eq(["here"]));
    let ann = store.user(id).await.unwrap().unwrap();
    assert_eq!(ann.password_hash.expose(), "$2a$10$new");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_made_up_link_waits_for_no_writer() {
    let bed = Bed::sqlite();
    let store = bed.store().await;
    let mut writer = bed.connection();
    writer.batch_execute("BEGIN IMMEDIATE").unwrap();
    let made_up = store.verify_former_email_token("0123456789abcdef").await;
    assert_eq!(made_up.unwrap(), None);
}

async fn an_api_token_is_replaced_only_if_it_is_the_known_one(bed: Bed) {
    let store = bed.store().await;
    let id = user(&store, "ann@example.com").await;
    let (one, two) = (Secret::new("one"), Secret::new("two"));
    assert!(store.set_api_token(id, None, &one).await.unwrap());
    assert!(!store.set_api_token(id, None, &two).await.unwrap());
    assert!(store.set_api_token(id, Some(&one), &two).await.unwrap());
    assert!(!store.set_api_token(id, Some(&one), &two).await.unwrap());
    let stored = store.user(id).await.unwrap().unwrap().api_token.unwrap();
    assert_eq!(stored.expose(), "two");
    assert!(!store.set_api_token(UserId(77), None, &one).await.unwrap());
    // Where the Go program left NULL.
    bed.execute("UPDATE Users SET APIToken = NULL");
    assert!(store.user(id).await.unwrap().unwrap().api_token.is_none());
    assert!(store.set_api_token(id, None, &one).await.unwrap());
}

async fn an_old_unverified_user_keeps_the_link(bed: Bed) {
    let store = bed.store().await;
    bed.execute(
        "INSERT INTO Users (UserId, Email, EmailVerified, EmailToken) \
         VALUES (1, 'a@example.com', 0, 'abc'), (2, 'b@example.com', 1, ''), (3, 'c@example.com', 2, 'def')",
    );
    assert_eq!(store.verify_former_email_token("").await.unwrap(), None);
    assert_eq!(store.verify_former_email_token("def").await.unwrap(), None);
    assert!(!store.user(UserId(1)).await.unwrap().unwrap().verified);
    assert!(store.user(UserId(3)).await.unwrap().unwrap().verified);
    let verified = store.verify_former_email_token("abc").await.unwrap();
    assert_eq!(verified, Some(UserId(1)));
    assert!(store.user(UserId(1)).await.unwrap().unwrap().verified);
    assert_eq!(store.verify_former_email_token("abc").await.unwrap(), None);
}

async fn expired_rows_are_forgotten(bed: Bed) {
    let store = bed.store().await;
    store
        .record_sign_up(sign_up("ann@example.com", "t"))
        .await
        .unwrap();
    assert_eq!(store.forget_expired(NOW).await.unwrap(), 0);
    assert_eq!(
        store.forget_expired(NOW + SIGN_UP_LIFE_SECS).await.unwrap(),
        1
    );
}

async fn text_of_any_script_survives(bed: Bed) {
    let store = bed.store().await;
    let email = "Ünïcödé+😀@例え.jp";
    let id = user(&store, email).await;
    assert_eq!(store.user(id).await.unwrap().unwrap().email, email);
    let found = store.user_by_email("ünïcödé+😀@例え.JP").await.unwrap();
    assert_eq!(found.unwrap().id, id);
}

#[expect(clippy::disallowed_methods, reason = "a test awaits its tasks")]
pub fn task<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(future)
}

async fn a_closed_account_keeps_what_its_tickets_need_and_nothing_of_the_person(bed: Bed) {
    let store = bed.store().await;
    let id = user(&store, "ann@example.com").await;
    assert!(store.enrol(enrolment(id, 0), None).await.unwrap());
    let token = Secret::new("token");
    assert!(store.set_api_token(id, None, &token).await.unwrap());
    store
        .create_session(NewSession {
            id_hash: "session".into(),
            user_id: id,
            ip: "192.0.2.7".into(),
            agent: String::new(),
            now: NOW,
        })
        .await
        .unwrap();
    let entry = AuditEntry {
        at: NOW,
        event: "email_changed".into(),
        user_id: Some(id),
        ip: "192.0.2.7".into(),
        detail: "from old@example.com".into(),
    };
    store.audit(entry).await.unwrap();
    let password = Secret::new("$2a$10$hash");
    let other = Secret::new("$2a$10$other");
    assert!(!store.close_account(id, &other, NOW).await.unwrap());
    assert!(store.user(id).await.unwrap().unwrap().api_token.is_some());

    assert!(store.close_account(id, &password, NOW).await.unwrap());
    let closed = store.user(id).await.unwrap().unwrap();
    assert_eq!(closed.email, "closed-1");
    assert!(closed.password_hash.is_empty() && closed.api_token.is_none());
    assert!(closed.disabled && closed.verified);
    assert_eq!(closed.enrolment, Some(enrolment(id, 0)));
    assert_eq!(store.key_index(id).await.unwrap(), Some(KeyIndex(1)));
    assert!(store.session("session", NOW).await.unwrap().is_none());
    let log = store.audit_of(id, 10).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].ip.as_str(), log[0].detail.as_str()), ("", ""));
    assert!(
        store
            .user_by_email("ann@example.com")
            .await
            .unwrap()
            .is_none()
    );
    assert!(!store.close_account(id, &password, NOW).await.unwrap());
    // The address is anybody's again, and the id nobody's.
    assert_eq!(user(&store, "ann@example.com").await, UserId(2));
}
