//! The tables, and what is done about those of other versions.

use dcrstakepool::db::{Access, Error, SchemaState, Store};
use diesel::RunQueryDsl as _;
use diesel::sql_types::Text;

use super::accounts::task;
use super::bed::{Bed, on_both, user};
use crate::harness::mariadb::MariaDb;

on_both!(
    an_empty_database_gets_the_schema,
    a_guest_makes_no_schema,
    what_a_killed_web_left_is_finished,
    an_older_schema_is_refused,
    a_newer_schema_is_refused,
    a_go_pool_is_refused,
    a_stranger_s_tables_are_refused,
);

async fn an_empty_database_gets_the_schema(bed: Bed) {
    let store = bed.open().await;
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Empty);
    store.require_schema().await.unwrap();
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Current);
    let ann = user(&store, "ann@example.com").await;
    store.require_schema().await.unwrap();
    assert!(store.user(ann).await.unwrap().is_some());
}

async fn a_guest_makes_no_schema(bed: Bed) {
    drop(bed.open().await);
    let mut options = bed.options();
    options.access = Access::Guest;
    let guest = Store::connect(options).await.unwrap();
    let error = guest.require_schema().await.unwrap_err();
    assert!(matches!(error, Error::Schema(_)), "{error:?}");
    assert!(error.to_string().contains("is empty"), "{error}");
    assert_eq!(guest.schema_state().await.unwrap(), SchemaState::Empty);
    drop(bed.store().await);
    guest.require_schema().await.unwrap();
}

async fn what_a_killed_web_left_is_finished(bed: Bed) {
    drop(bed.store().await);
    for left in [
        "DELETE FROM pool_identity",
        "DELETE FROM __diesel_schema_migrations",
        "DELETE FROM __diesel_schema_migrations WHERE version > '0001'; \
         DELETE FROM pool_identity; DROP TABLE pool_limits",
        "DELETE FROM __diesel_schema_migrations; DELETE FROM pool_identity; \
         DROP TABLE Users; DROP TABLE pool_halt",
    ] {
        bed.execute(left);
        let store = bed.open().await;
        store.require_schema().await.unwrap();
        assert_eq!(store.schema_state().await.unwrap(), SchemaState::Current);
        store.pool_id().await.unwrap();
        store.halt().await.unwrap();
    }
}

/// An older schema of our own cannot exist yet; another table of the first one can be missing.
async fn an_older_schema_is_refused(bed: Bed) {
    let store = bed.store().await;
    bed.execute("DELETE FROM __diesel_schema_migrations");
    bed.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('0000')");
    let error = store.require_schema().await.unwrap_err();
    assert!(matches!(error, Error::Schema(_)), "{error:?}");
}

async fn a_newer_schema_is_refused(bed: Bed) {
    let store = bed.store().await;
    bed.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')");
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Newer);
    let error = store.require_schema().await.unwrap_err();
    assert!(error.to_string().contains("newer"), "{error}");
}

async fn a_go_pool_is_refused(bed: Bed) {
    let store = bed.open().await;
    bed.execute(
        "CREATE TABLE Users (UserId integer PRIMARY KEY, Email varchar(255), Username varchar(255), Password blob, \
         MultiSigAddress varchar(255), MultiSigScript varchar(255), PoolPubKeyAddr varchar(255), \
         UserPubKeyAddr varchar(255)); INSERT INTO Users (UserId) VALUES (1)",
    );
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Older);
    let error = store.require_schema().await.unwrap_err();
    assert!(
        error.to_string().contains("run `dcrstakepool migrate`"),
        "{error}"
    );
}

async fn a_stranger_s_tables_are_refused(bed: Bed) {
    let store = bed.open().await;
    bed.execute("CREATE TABLE wp_posts (id integer PRIMARY KEY)");
    let error = store.require_schema().await.unwrap_err();
    assert!(error.to_string().contains("wp_posts"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_webs_may_start_at_once() {
    let bed = Bed::mariadb();
    let mut stores = Vec::new();
    for _ in 0..3 {
        stores.push(bed.open().await);
    }
    let tasks: Vec<_> = stores
        .iter()
        .map(|store| {
            let store = store.clone();
            task(async move { store.require_schema().await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let id = stores[0].pool_id().await.unwrap();
    for store in &stores {
        assert_eq!(store.pool_id().await.unwrap(), id);
    }
}

#[tokio::test]
async fn an_sqlite_file_has_one_owner() {
    let bed = Bed::sqlite();
    let first = bed.store().await;
    let second = Store::connect(bed.options()).await.unwrap_err();
    assert!(matches!(second, Error::Locked(_)), "{second:?}");
    // An operator's command beside it.
    let mut guest = bed.options();
    guest.access = Access::Guest;
    let guest = Store::connect(guest).await.unwrap();
    assert_eq!(
        guest.pool_id().await.unwrap(),
        first.pool_id().await.unwrap()
    );
    drop(first);
    bed.store().await;
}

#[tokio::test]
async fn a_guest_makes_no_file() {
    let bed = Bed::sqlite();
    let mut options = bed.options();
    options.access = Access::Guest;
    let error = Store::connect(options).await.unwrap_err();
    assert!(matches!(error, Error::NoDatabase(_)), "{error:?}");
    bed.open().await;
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(bed: &Bed, sql: &str) -> Vec<String> {
    let database = bed.url.rsplit('/').next().unwrap();
    let mut connection = MariaDb::shared().connection(database);
    let lines: Vec<Line> = diesel::sql_query(sql).load(&mut connection).unwrap();
    lines.into_iter().map(|line| line.line).collect()
}

#[tokio::test]
async fn every_table_can_live_in_a_cluster() {
    let bed = Bed::mariadb();
    bed.store().await;
    let without_key = lines(
        &bed,
        "SELECT t.table_name AS line FROM information_schema.tables t \
         LEFT JOIN information_schema.table_constraints c ON c.table_schema = t.table_schema \
           AND c.table_name = t.table_name AND c.constraint_type = 'PRIMARY KEY' \
         WHERE t.table_schema = DATABASE() AND (c.table_name IS NULL OR t.engine <> 'InnoDB')",
    );
    assert!(without_key.is_empty(), "{without_key:?}");
}

/// The Go program fails on a column it does not know.
#[tokio::test]
async fn the_go_program_s_tables_have_its_columns_and_no_others() {
    let bed = Bed::mariadb();
    bed.store().await;
    let columns = lines(
        &bed,
        "SELECT CAST(CONCAT(table_name, ': ', GROUP_CONCAT(column_name ORDER BY ordinal_position)) \
           AS CHAR) AS line \
         FROM information_schema.columns WHERE table_schema = DATABASE() \
         AND table_name IN ('Users', 'EmailChange', 'PasswordReset', 'LowFeeTicket', 'Session') \
         GROUP BY table_name ORDER BY table_name",
    );
    assert_eq!(
        columns,
        [
            "EmailChange: EmailChangeID,UserId,NewEmail,Token,Created,Expires",
            "LowFeeTicket: LowFeeTicketID,AddedByUid,TicketAddress,TicketHash,TicketExpiry,Voted,\
             Created,Expires",
            "PasswordReset: PasswordResetID,UserId,Token,Created,Expires",
            "Users: UserId,Email,Username,Password,MultiSigAddress,MultiSigScript,PoolPubKeyAddr,\
             UserPubKeyAddr,UserFeeAddr,HeightRegistered,EmailVerified,EmailToken,APIToken,\
             VoteBits,VoteBitsVersion",
        ]
    );
}
