//! Halt, audit log, pool id.

use std::time::Duration;

use dcrstakepool::db::{
    AUDIT_IP_SECS, Access, AuditEntry, AuditFilter, Grant, GrantedOn, Halt, Options, Store,
    StoredSign,
};
use dcrstakepool::domain::UserId;
use dcrstakepool::secret::Secret;
use diesel::connection::SimpleConnection as _;

use super::bed::{Bed, NOW, on_both, user};
use crate::harness::mariadb::MariaDb;

on_both!(
    the_first_reason_to_halt_stays,
    the_audit_log_is_read_newest_first,
    of_a_long_audit_log_no_more_is_counted_than_pages_reach,
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
        .audit_log(AuditFilter::default(), 0, 100, 100)
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
        let (lines, total) = store.audit_log(filter, offset, limit, 100).await.unwrap();
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
    let (lines, _) = store.audit_log(all, 0, 9, 100).await.unwrap();
    let emails: Vec<_> = lines.iter().map(|line| line.email.as_str()).collect();
    assert_eq!(emails, ["ann@example.com", "", "", "", "ann@example.com"]);
    assert_eq!(lines[4].entry, entries[0]);
}

async fn of_a_long_audit_log_no_more_is_counted_than_pages_reach(bed: Bed) {
    let store = bed.store().await;
    for at in 1..=5 {
        store
            .audit(AuditEntry {
                at,
                ..AuditEntry::default()
            })
            .await
            .unwrap();
    }
    let newest = async |offset, most| {
        let (lines, total) = store
            .audit_log(AuditFilter::default(), offset, 2, most)
            .await
            .unwrap();
        let times: Vec<_> = lines.iter().map(|it| it.entry.at).collect();
        (times, total)
    };
    assert_eq!(newest(0, 3).await, (vec![5, 4], 4));
    assert_eq!(newest(2, 3).await, (vec![3], 4));
    assert_eq!(newest(4, 3).await, (vec![], 4));
    assert_eq!(newest(4, 5).await, (vec![1], 5));
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

#[tokio::test]
async fn a_call_that_waits_for_another_ones_lock_is_counted_as_slow() {
    let bed = Bed::sqlite();
    let store = bed.store().await;
    let before = store.pace();
    store.ping().await.unwrap();
    assert!(store.pace().calls > before.calls);
    let slow = store.pace().slow;
    let mut other = bed.connection();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let halt = Halt {
        since: 1,
        voter: "v1".into(),
        reason: "another key".into(),
    };
    // The call begins before the waiting does.
    let (stored, ()) = tokio::join!(store.set_halt(halt), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        other.batch_execute("COMMIT").unwrap();
    });
    assert!(stored.unwrap());
    assert!(store.pace().slow > slow);
}

#[tokio::test]
async fn a_server_tells_its_version_its_clock_and_what_the_account_may_do() {
    let sqlite = Bed::sqlite();
    let store = sqlite.store().await;
    assert_eq!(store.server().await.unwrap(), None);
    assert_eq!(store.server_clock().await.unwrap(), None);

    let bed = Bed::mariadb();
    bed.store().await;
    let server = MariaDb::shared();
    let database = bed.url.rsplit('/').next().unwrap();
    let (web, voter) = (format!("web_{database}"), format!("eyes_{database}"));
    bed.execute(&format!(
        "CREATE USER '{web}'@'127.0.0.1' IDENTIFIED BY 'pw'; \
         GRANT SELECT, INSERT ON {database}.* TO '{web}'@'127.0.0.1'; \
         GRANT DROP ON Users TO '{web}'@'127.0.0.1'; \
         CREATE USER '{voter}'@'127.0.0.1' IDENTIFIED BY 'pw'; \
         GRANT SELECT (id, pool_id) ON pool_identity TO '{voter}'@'127.0.0.1'"
    ));
    let open = async |user: &str| {
        let url = Secret::new(server.url_as(user, "pw", database));
        let store = Store::connect(Options::new(url, 1, Access::Guest)).await;
        store.unwrap()
    };
    let store = open(&web).await;
    let found = store.server().await.unwrap().unwrap();
    assert!(found.version.contains("MariaDB"), "{found:?}");
    let grant = |privilege: &str, on| Grant {
        on,
        privilege: privilege.into(),
    };
    let expected = [
        grant("SELECT", GrantedOn::Database),
        grant("INSERT", GrantedOn::Database),
        grant("DROP", GrantedOn::Table("Users".into())),
    ];
    assert_eq!(found.grants.len(), expected.len(), "{found:?}");
    for grant in &expected {
        assert!(
            found.grants.contains(grant),
            "{grant:?} is not in {found:?}"
        );
    }
    assert!(!found.has_role);
    let clock = store.server_clock().await.unwrap().unwrap();
    assert!(clock > NOW, "{clock}");
    // Rights on single columns are no rights on a table.
    let found = open(&voter).await.server().await.unwrap().unwrap();
    assert!(found.grants.is_empty(), "{found:?}");
    // Whoever may do everything may do it everywhere.
    let found = bed.store().await.server().await.unwrap().unwrap();
    let all = grant("CREATE", GrantedOn::Everything);
    assert!(found.grants.contains(&all), "{found:?}");
}
