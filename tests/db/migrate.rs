//! `dcrstakepool migrate`, as the operator runs it.

use std::process::Output;

use dcrstakepool::db::{LinkPurpose, SchemaState};
use dcrstakepool::secret::Secret;

use super::bed::{Bed, NOW, on_both, user};
use crate::harness::mariadb::MariaDb;

on_both!(
    an_empty_database_is_filled_once,
    a_dry_run_changes_nothing,
    the_first_schema_becomes_today_s,
    other_schemas_end_with_78,
    an_older_schema_of_ours_is_brought_to_today_s,
    an_operator_voids_all_api_tokens,
);

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[track_caller]
fn ends(output: &Output, code: i32, words: &str) {
    let text = text(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(words), "{words:?} is not in {text}");
}

async fn an_empty_database_is_filled_once(bed: Bed) {
    ends(
        &bed.run(&["migrate"]),
        0,
        "create the tables of schema 0001",
    );
    let store = bed.open().await;
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Current);
    let id = store.pool_id().await.unwrap();
    if bed.is_sqlite() {
        // The running web owns the file.
        ends(&bed.run(&["migrate"]), 69, "in use by another process");
    }
    drop(store);
    ends(&bed.run(&["migrate"]), 0, "nothing to do");
    assert_eq!(bed.open().await.pool_id().await.unwrap(), id);
}

async fn a_dry_run_changes_nothing(bed: Bed) {
    for _ in 0..2 {
        let output = bed.run(&["migrate", "--dry-run"]);
        ends(&output, 0, "would create the tables of schema 0001");
    }
    let store = bed.open().await;
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Empty);
}

async fn the_first_schema_becomes_today_s(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    drop(store);
    bed.execute(
        "DROP TABLE pool_links; DROP TABLE pool_credentials; DROP TABLE pool_mails; \
         DELETE FROM __diesel_schema_migrations WHERE version > '0001'",
    );
    let store = bed.open().await;
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Older);
    let refusal = store.require_schema().await.unwrap_err().to_string();
    assert!(refusal.contains("dcrstakepool migrate"), "{refusal}");
    drop(store);
    ends(
        &bed.run(&["migrate", "--yes-i-have-a-backup"]),
        0,
        "create the tables of schema 0002",
    );
    let store = bed.open().await;
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Current);
    let kept = store.user(ann).await.unwrap().unwrap();
    assert_eq!(kept.email, "ann@example.com");
    let link = store.link(LinkPurpose::ResetPassword, "none", "none", 0);
    assert_eq!(link.await.unwrap(), None);
}

async fn other_schemas_end_with_78(bed: Bed) {
    drop(bed.store().await);
    bed.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')");
    ends(&bed.run(&["migrate"]), 78, "newer than this program");
}

async fn an_older_schema_of_ours_is_brought_to_today_s(bed: Bed) {
    let store = bed.store().await;
    let id = store.pool_id().await.unwrap();
    let ann = user(&store, "ann@example.com").await;
    drop(store);
    bed.execute("DELETE FROM __diesel_schema_migrations WHERE version > '0002'");
    bed.execute("DROP TABLE pool_limits");
    bed.execute("DROP TABLE pool_sign");
    bed.execute("DROP TABLE pool_mails");
    let store = bed.open().await;
    let refused = store.require_schema().await.unwrap_err().to_string();
    assert!(refused.contains("older than this program: run `dcrstakepool migrate`"));
    drop(store);
    ends(&bed.run(&["migrate"]), 1, "the database holds data");
    let dry = bed.run(&["migrate", "--dry-run"]);
    ends(&dry, 0, "would create the tables of schema 0003");
    let done = bed.run(&["migrate", "--yes-i-have-a-backup"]);
    ends(&done, 0, "create the tables of schema 0004");
    let store = bed.open().await;
    store.require_schema().await.unwrap();
    assert_eq!(store.pool_id().await.unwrap(), id);
    assert!(store.user(ann).await.unwrap().is_some());
    assert_eq!(store.forget_expired(NOW).await.unwrap(), 0);
}

async fn an_operator_voids_all_api_tokens(mut bed: Bed) {
    const WITH_BACKUP: [&str; 3] = ["migrate", "--reissue-tokens", "--yes-i-have-a-backup"];
    let store = bed.store().await;
    let (ann, kim) = (user(&store, "ann@x").await, user(&store, "kim@x").await);
    let old = Secret::new("an-old-token");
    assert!(store.set_api_token(ann, None, &old).await.unwrap());
    let closed = user(&store, "closed@x").await;
    let hash = store.user(closed).await.unwrap().unwrap().password_hash;
    assert!(store.close_account(closed, &hash, NOW).await.unwrap());
    drop(store);

    let tokens = async |bed: &Bed| {
        let store = bed.open().await;
        let mut tokens = Vec::new();
        for id in [ann, kim, closed] {
            let user = store.user(id).await.unwrap().unwrap();
            tokens.push(user.api_token.map(|token| token.expose().to_owned()));
        }
        tokens
    };
    let untouched = [Some("an-old-token".to_owned()), None, None];
    ends(
        &bed.run(&WITH_BACKUP),
        78,
        "web.api_secret and web.base_url are needed",
    );
    bed.more = "[web]\napi_secret = \"0123456789abcdef0123456789abcdef\"\nbase_url = \"https://pool.example.com\"\n";
    ends(&bed.run(&WITH_BACKUP[..2]), 1, "nothing was changed");
    let dry = ["migrate", "--reissue-tokens", "--dry-run"];
    ends(
        &bed.run(&dry),
        0,
        "would give all verified users new API tokens",
    );
    assert_eq!(tokens(&bed).await, untouched);

    ends(&bed.run(&WITH_BACKUP), 0, "2 users have a new API token");
    let first = tokens(&bed).await;
    let [Some(of_ann), Some(of_kim), None] = &first[..] else {
        panic!("{first:?}");
    };
    assert_ne!(of_ann, of_kim);
    // Also within the same second: the former ones are void.
    ends(&bed.run(&WITH_BACKUP), 0, "2 users have a new API token");
    let second = tokens(&bed).await;
    assert!(
        first[..2]
            .iter()
            .zip(&second)
            .all(|(first, second)| first != second)
    );
    ends(&bed.run(&["migrate"]), 0, "nothing to do");
    assert_eq!(tokens(&bed).await, second);
}

#[test]
fn a_missing_mysql_database_is_made() {
    let server = MariaDb::shared();
    let mut bed = Bed::mariadb();
    bed.url = server.url(&MariaDb::unused_name());
    let dry = bed.run(&["migrate", "--dry-run"]);
    ends(&dry, 0, "would create the database test_");
    ends(&bed.run(&["migrate"]), 0, "create the database test_");
    ends(&bed.run(&["migrate"]), 0, "nothing to do");
}

#[test]
fn tables_of_others_end_with_78() {
    let bed = Bed::mariadb();
    bed.execute("CREATE TABLE Users (UserId bigint PRIMARY KEY)");
    ends(&bed.run(&["migrate"]), 78, "not dcrstakepool's: Users");
    let yes = bed.run(&["migrate", "--yes-i-have-a-backup"]);
    ends(&yes, 78, "not dcrstakepool's: Users");
}

#[test]
fn faults_of_the_server_have_their_exit_codes() {
    let server = MariaDb::shared();
    let mut bed = Bed::mariadb();
    let database = server.create_database();
    bed.url = server.url_as("root", "wrong", &database);
    ends(&bed.run(&["migrate"]), 76, "Access denied");
    bed.url = "mysql://root@127.0.0.1:1/pool".into();
    ends(&bed.run(&["migrate"]), 69, "unavailable");
    server.execute(
        &database,
        &format!("CREATE USER 'none_{database}'@'127.0.0.1'"),
    );
    bed.url = server.url_as(&format!("none_{database}"), "", &MariaDb::unused_name());
    ends(&bed.run(&["migrate"]), 76, "Access denied");
}
