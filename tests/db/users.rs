//! Users as operators look for them.

use dcrstakepool::db::NewSession;
use dcrstakepool::domain::UserId;

use super::bed::{Bed, NOW, on_both, sign_up, user};

on_both!(
    users_are_found_and_listed,
    who_waits_is_found_until_the_link_is_opened,
    accounts_of_an_older_program_can_be_verified,
    who_is_disabled_has_no_session,
);

async fn users_are_found_and_listed(bed: Bed) {
    let store = bed.store().await;
    for name in ["ann", "bob", "cid"] {
        user(&store, &format!("{name}@example.com")).await;
    }
    bed.execute("UPDATE Users SET MultiSigAddress = 'ScBob' WHERE UserId = 2");
    store.set_disabled(UserId(3), true).await.unwrap();
    let all = store.users(0, 2).await.unwrap();
    let ids: Vec<_> = all.iter().map(|it| (it.id.0, it.disabled)).collect();
    assert_eq!(ids, [(3, true), (2, false)], "newest first");
    assert_eq!(store.users(2, 2).await.unwrap()[0].email, "ann@example.com");
    assert!(store.users(3, 2).await.unwrap().is_empty());
    let bob = store
        .user_by_ticket_address("ScBob")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((bob.id, &*bob.email), (UserId(2), "bob@example.com"));
    for nobody in ["", "ScAnn", "' OR 1=1 --"] {
        assert!(
            store
                .user_by_ticket_address(nobody)
                .await
                .unwrap()
                .is_none()
        );
    }
}

async fn who_waits_is_found_until_the_link_is_opened(bed: Bed) {
    let store = bed.store().await;
    let ann = sign_up("Ann@example.com", "token");
    store.record_sign_up(ann).await.unwrap();
    let waiting = store.waiting_sign_up("ann@example.com", NOW).await.unwrap();
    let waiting = waiting.unwrap();
    assert_eq!(
        (&*waiting.email, &*waiting.token_hash),
        ("Ann@example.com", "token")
    );
    let tomorrow = NOW + 24 * 3600;
    assert!(
        store
            .waiting_sign_up("ann@example.com", tomorrow)
            .await
            .unwrap()
            .is_none()
    );
    store.verify_sign_up("token", 10, NOW).await.unwrap();
    assert!(
        store
            .waiting_sign_up("ann@example.com", NOW)
            .await
            .unwrap()
            .is_none()
    );
}

async fn accounts_of_an_older_program_can_be_verified(bed: Bed) {
    let store = bed.store().await;
    bed.execute(
        "INSERT INTO Users (UserId, Email, EmailVerified, EmailToken) \
         VALUES (5, 'old@example.com', 0, 'abc'), (6, 'older@example.com', 0, ''), \
         (7, 'oldest@example.com', 1, NULL)",
    );
    let token = store.former_email_token(UserId(5)).await.unwrap().unwrap();
    assert_eq!(token.expose(), "abc");
    for other in [6, 7, 8] {
        assert!(
            store
                .former_email_token(UserId(other))
                .await
                .unwrap()
                .is_none()
        );
    }
    assert!(store.mark_verified(UserId(5)).await.unwrap());
    assert!(store.user(UserId(5)).await.unwrap().unwrap().verified);
    for other in [5, 7, 8] {
        assert!(!store.mark_verified(UserId(other)).await.unwrap());
    }
}

async fn who_is_disabled_has_no_session(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    let bob = user(&store, "bob@example.com").await;
    for (id_hash, user_id) in [("a", ann), ("b", bob)] {
        let session = NewSession {
            id_hash: id_hash.into(),
            user_id,
            ip: String::new(),
            agent: String::new(),
            now: NOW,
        };
        store.create_session(session).await.unwrap();
    }
    store.set_disabled(ann, true).await.unwrap();
    store.set_disabled(ann, false).await.unwrap();
    assert!(store.session("a", NOW).await.unwrap().is_none());
    assert!(store.session("b", NOW).await.unwrap().is_some());
}
