//! Signed-in browsers.

use dcrstakepool::db::{NewSession, SESSION_IDLE_SECS};
use dcrstakepool::domain::UserId;

use super::bed::{Bed, NOW, on_both};

on_both!(
    a_session_slides,
    an_idle_session_is_over,
    all_other_sessions_end,
    long_agents_are_cut,
);

fn session(id_hash: &str, user_id: i64) -> NewSession {
    NewSession {
        id_hash: id_hash.into(),
        user_id: UserId(user_id),
        ip: "2001:db8::1".into(),
        agent: "Mozilla".into(),
        now: NOW,
    }
}

async fn a_session_slides(bed: Bed) {
    let store = bed.store().await;
    store.create_session(session("a", 1)).await.unwrap();
    let mut now = NOW;
    for _ in 0..4 {
        now += SESSION_IDLE_SECS - 1;
        let found = store.session("a", now).await.unwrap().unwrap();
        assert_eq!((found.user_id, found.created), (UserId(1), NOW));
    }
    let last = store.session("a", now).await.unwrap().unwrap();
    assert_eq!(last.last_seen, now);
    // A clock that went back does not shorten it.
    store.session("a", now - 1000).await.unwrap().unwrap();
    assert_eq!(
        store.session("a", now).await.unwrap().unwrap().last_seen,
        now
    );
    assert!(store.session("b", NOW).await.unwrap().is_none());
}

async fn an_idle_session_is_over(bed: Bed) {
    let store = bed.store().await;
    store.create_session(session("a", 1)).await.unwrap();
    let over = NOW + SESSION_IDLE_SECS;
    assert!(store.session("a", over).await.unwrap().is_none());
    assert!(store.sessions_of(UserId(1), over).await.unwrap().is_empty());
    assert_eq!(store.forget_expired(over).await.unwrap(), 1);
}

async fn all_other_sessions_end(bed: Bed) {
    let store = bed.store().await;
    for (id, user) in [("a", 1), ("b", 1), ("c", 1), ("d", 2)] {
        store.create_session(session(id, user)).await.unwrap();
    }
    let seen = store.session("b", NOW + 100).await.unwrap();
    assert!(seen.is_some());
    let mine = store.sessions_of(UserId(1), NOW + 100).await.unwrap();
    let ids: Vec<_> = mine
        .iter()
        .map(|session| session.id_hash.as_str())
        .collect();
    assert_eq!(ids, ["b", "a", "c"]);
    assert_eq!(
        store
            .end_sessions_except(UserId(1), Some("b"))
            .await
            .unwrap(),
        2
    );
    assert!(store.session("b", NOW).await.unwrap().is_some());
    assert!(store.session("a", NOW).await.unwrap().is_none());
    assert!(store.session("d", NOW).await.unwrap().is_some());
    assert_eq!(store.end_sessions_except(UserId(1), None).await.unwrap(), 1);
    store.end_session_of(UserId(1), "d").await.unwrap();
    assert!(store.session("d", NOW).await.unwrap().is_some());
    store.end_session_of(UserId(2), "d").await.unwrap();
    assert!(store.session("d", NOW).await.unwrap().is_none());
    store.end_session("d").await.unwrap();
}

async fn long_agents_are_cut(bed: Bed) {
    let store = bed.store().await;
    let mut new = session("a", 1);
    new.agent = "ä".repeat(5000);
    new.ip = "x".repeat(100);
    store.create_session(new).await.unwrap();
    let stored = store.session("a", NOW).await.unwrap().unwrap();
    assert_eq!(stored.agent.chars().count(), 255);
    assert_eq!(stored.ip.len(), 64);
}
