//! Halt, audit log, pool id.

use dcrstakepool::db::{AuditEntry, Halt, StoredSign};
use dcrstakepool::domain::UserId;

use super::bed::{Bed, NOW, on_both};

on_both!(
    the_first_reason_to_halt_stays,
    the_audit_log_is_read_newest_first,
    the_pool_id_stays,
    what_an_admin_said_replaces_what_was_said_before,
);

async fn the_first_reason_to_halt_stays(bed: Bed) {
    let store = bed.store().await;
    assert_eq!(store.halt().await.unwrap(), None);
    assert!(!store.clear_halt().await.unwrap());
    let first = Halt {
        since: NOW,
        voter: "https://10.0.0.20:9113".into(),
        reason: "it derives another script".into(),
    };
    assert!(store.set_halt(first.clone()).await.unwrap());
    let second = Halt {
        reason: "x".repeat(9000),
        ..first.clone()
    };
    assert!(!store.set_halt(second.clone()).await.unwrap());
    assert_eq!(store.halt().await.unwrap(), Some(first));
    assert!(store.clear_halt().await.unwrap());
    assert_eq!(store.halt().await.unwrap(), None);
    assert!(store.set_halt(second).await.unwrap());
    assert_eq!(store.halt().await.unwrap().unwrap().reason.len(), 2000);
}

async fn the_audit_log_is_read_newest_first(bed: Bed) {
    let store = bed.store().await;
    let entry = |at, event: &str| AuditEntry {
        at,
        event: event.into(),
        user_id: (at % 2 == 0).then_some(UserId(at)),
        ip: "192.0.2.1".into(),
        detail: "détail".into(),
    };
    for at in 1..=5 {
        store.audit(entry(at, "sign_in")).await.unwrap();
    }
    let page = store.audit_log(1, 2).await.unwrap();
    assert_eq!(page, [entry(4, "sign_in"), entry(3, "sign_in")]);
}

async fn the_pool_id_stays(bed: Bed) {
    let store = bed.store().await;
    let id = store.pool_id().await.unwrap();
    drop(store);
    assert_eq!(bed.store().await.pool_id().await.unwrap(), id);
}

async fn what_an_admin_said_replaces_what_was_said_before(bed: Bed) {
    let store = bed.store().await;
    assert_eq!(store.sign().await.unwrap(), None);
    assert!(!store.clear_sign().await.unwrap());
    let first = StoredSign {
        notice: "Maintenance \u{1f6e0} <tonight>".into(),
        closed: true,
        closed_message: "Full".into(),
        set_at: NOW,
        set_by: UserId(1),
    };
    store.set_sign(first.clone()).await.unwrap();
    assert_eq!(store.sign().await.unwrap(), Some(first.clone()));
    let second = StoredSign {
        closed: false,
        notice: "x".repeat(9000),
        ..first
    };
    store.set_sign(second.clone()).await.unwrap();
    let stored = store.sign().await.unwrap().unwrap();
    assert_eq!(stored.notice.len(), 2000);
    assert!(!stored.closed);
    assert!(store.clear_sign().await.unwrap());
    assert_eq!(store.sign().await.unwrap(), None);
}
