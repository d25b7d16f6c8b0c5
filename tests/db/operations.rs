//! Halt, audit log, pool id.

use dcrstakepool::db::{AUDIT_IP_SECS, AuditEntry, AuditFilter, Halt, Store, StoredSign};
use dcrstakepool::domain::UserId;

use super::bed::{Bed, NOW, on_both, user};

on_both!(
    the_first_reason_to_halt_stays,
    the_audit_log_is_read_newest_first,
    addresses_of_clients_are_forgotten_after_a_month,
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

/// All of it, newest first.
pub async fn audit_log(store: &Store) -> Vec<AuditEntry> {
    let (lines, _) = store
        .audit_log(AuditFilter::default(), 0, 100)
        .await
        .unwrap();
    lines.into_iter().map(|line| line.entry).collect()
}

async fn the_audit_log_is_read_newest_first(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    let entry = |at, event: &str, user_id, detail: &str| AuditEntry {
        at,
        event: event.into(),
        user_id,
        ip: "192.0.2.1".into(),
        detail: detail.into(),
    };
    let entries = [
        entry(1, "sign_in", Some(ann), "détail"),
        entry(2, "sign_in_failed", None, ""),
        entry(3, "user_disabled", Some(UserId(7)), "by user 1"),
        entry(4, "sign_in", Some(UserId(7)), ""),
        entry(5, "sign_set", Some(ann), "closed: true"),
    ];
    for entry in &entries {
        store.audit(entry.clone()).await.unwrap();
    }
    let find = async |filter: AuditFilter, offset, limit| {
        let (lines, total) = store.audit_log(filter, offset, limit).await.unwrap();
        let found: Vec<_> = lines.iter().map(|line| line.entry.at).collect();
        (found, total)
    };
    let all = AuditFilter::default();
    assert_eq!(find(all.clone(), 1, 2).await, (vec![4, 3], 5));
    assert_eq!(find(all.clone(), 9, 2).await, (vec![], 5));
    let sign_ins = AuditFilter {
        event: "sign_in".into(),
        ..all.clone()
    };
    assert_eq!(find(sign_ins.clone(), 0, 9).await, (vec![4, 1], 2));
    let of_ann = AuditFilter {
        user_id: Some(ann),
        by: Some("by user 1".into()),
        ..all.clone()
    };
    assert_eq!(find(of_ann.clone(), 0, 9).await, (vec![5, 3, 1], 3));
    let both = AuditFilter {
        event: "sign_in".into(),
        ..of_ann
    };
    assert_eq!(find(both, 0, 9).await, (vec![1], 1));
    let (lines, _) = store.audit_log(all, 0, 9).await.unwrap();
    let emails: Vec<_> = lines.iter().map(|line| line.email.as_str()).collect();
    assert_eq!(emails, ["ann@example.com", "", "", "", "ann@example.com"]);
    assert_eq!(lines[4].entry, entries[0]);
}

async fn addresses_of_clients_are_forgotten_after_a_month(bed: Bed) {
    let store = bed.store().await;
    let entry = |at| AuditEntry {
        at,
        event: "sign_in".into(),
        user_id: None,
        ip: "192.0.2.1".into(),
        detail: "kept".into(),
    };
    let day = 24 * 3600;
    for at in [NOW, NOW + day] {
        store.audit(entry(at)).await.unwrap();
    }
    let ips = async || {
        let log = audit_log(&store).await;
        assert!(log.iter().all(|entry| entry.detail == "kept"));
        log.into_iter().map(|entry| entry.ip).collect::<Vec<_>>()
    };
    let gone = NOW + AUDIT_IP_SECS;
    store.forget_expired(gone - day).await.unwrap();
    assert_eq!(ips().await, ["192.0.2.1", "192.0.2.1"]);
    store.forget_expired(gone).await.unwrap();
    assert_eq!(ips().await, ["192.0.2.1", ""]);
    store.forget_expired(gone + day).await.unwrap();
    assert_eq!(ips().await, ["", ""]);
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
