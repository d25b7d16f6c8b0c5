//! Our own older schema in an SQLite file. The kernel kills the program at a write, by a limit of what a file may
//! have: at each page that it writes, one after the other.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output};

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, sql_query};

use super::{BACKUP, ends};
use crate::harness::program;

/// The kernel's word for a file that would be too large.
const TOO_LARGE: i32 = 25;
/// As large as there are: then each write is beyond what the file of the shared memory needs.
const PAGE: u64 = 65_536;
/// In which `ulimit` counts.
const BLOCK: u64 = 512;

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn open(file: &Path) -> SqliteConnection {
    SqliteConnection::establish(&file.display().to_string()).expect("a database")
}

fn lines(database: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let found: Vec<Line> = sql_query(sql).load(database).expect("rows");
    found.into_iter().map(|it| it.line).collect()
}

/// The first schema, with some users.
fn first_schema(file: &Path) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite/0001_pool");
    let tables = fs::read_to_string(folder.join("up.sql")).expect("the first migration");
    let mut database = open(file);
    database
        .batch_execute(&format!(
            "PRAGMA page_size = {PAGE}; PRAGMA journal_mode = WAL; {tables} \
             CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); \
             INSERT INTO __diesel_schema_migrations (version) VALUES ('0001'); \
             INSERT INTO pool_identity VALUES (1, '0b2d1b5e-5f43-4a50-b0a5-3f4c2d1e9a77'); \
             INSERT OR REPLACE INTO pool_counters VALUES ('user_id', 3), ('revision', 3);"
        ))
        .expect("the first schema");
    for id in 1..=3 {
        database
            .batch_execute(&format!(
                "INSERT INTO Users (UserId, Email, Password, EmailVerified) VALUES ({id}, 'user{id}@example.com', 'x', 1); \
                 INSERT INTO pool_keys (user_id, key_set, key_index) VALUES ({id}, 0, {id}); \
                 INSERT INTO pool_revisions VALUES ({id}, {id}); \
                 INSERT INTO Tickets (hash, user_id, ticket_address, price, fee_paid, sort_height, status, verdict, source) \
                 VALUES ('{id}', {id}, 'Sc', 1, 1, 1, 'live', 'good', 'voter');"
            ))
            .expect("rows");
    }
}

fn everything(file: &Path) -> Vec<String> {
    let mut database = open(file);
    let tables = lines(
        &mut database,
        "SELECT name AS line FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
    );
    let mut all = lines(
        &mut database,
        "SELECT name || ': ' || COALESCE(sql, '') AS line FROM sqlite_master ORDER BY 1",
    );
    for table in tables {
        let columns = lines(
            &mut database,
            &format!(
                "SELECT name AS line FROM pragma_table_info('{table}') WHERE name <> 'run_on' ORDER BY cid"
            ),
        );
        let quoted: Vec<_> = columns.iter().map(|it| format!("quote({it})")).collect();
        let rows = format!(
            "SELECT '{table}: ' || {} AS line FROM {table} ORDER BY 1",
            quoted.join(" || '|' || ")
        );
        all.extend(lines(&mut database, &rows));
    }
    all
}

/// `migrate`, which no file may grow beyond so many bytes for.
fn migrate(folder: &Path, most: Option<u64>) -> Output {
    let config = folder.join("pool.toml");
    let url = folder.join("pool.db");
    let text = format!(
        "network = \"simnet\"\n[database]\nurl = \"sqlite://{}\"\n",
        url.display()
    );
    fs::write(&config, text).expect("a configuration");
    let limit = most.map_or("unlimited".to_owned(), |most| (most / BLOCK).to_string());
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -f \"$0\" && exec \"$@\""])
        .arg(limit)
        .arg(program::binary())
        .args(["migrate", BACKUP, "--config"])
        .arg(config)
        .env_clear();
    command.output().expect("sh")
}

/// Kills at each `step`th page that is written.
fn kill_at_each_page(step: usize) {
    let start = tempfile::tempdir().expect("a folder");
    let old = start.path().join("old.db");
    first_schema(&old);
    let fresh = || {
        let folder = tempfile::tempdir().expect("a folder");
        fs::copy(&old, folder.path().join("pool.db")).expect("a copy");
        folder
    };
    let whole = fresh();
    ends(&migrate(whole.path(), None), 0, &["done"]);
    let whole = everything(&whole.path().join("pool.db"));
    let mut times = 0;
    for pages in (0..).step_by(step) {
        let folder = fresh();
        // In the midst of a page.
        let output = migrate(folder.path(), Some(PAGE * pages + PAGE / 2));
        if output.status.success() {
            break;
        }
        assert_eq!(output.status.signal(), Some(TOO_LARGE), "{output:?}");
        times += 1;
        let output = migrate(folder.path(), None);
        assert!(output.status.success(), "after {pages} pages: {output:?}");
        let found = everything(&folder.path().join("pool.db"));
        assert_eq!(found, whole, "after {pages} pages");
        ends(&migrate(folder.path(), None), 0, &["nothing to do"]);
    }
    println!("measured: migrate of our first schema on SQLite killed at {times} writes");
    assert!(times > 5, "{times}");
}

#[test]
fn an_older_schema_of_ours_is_brought_to_today_s_also_after_a_kill() {
    kill_at_each_page(9);
}

#[test]
#[ignore = "a hundred runs: a minute"]
fn an_older_schema_of_ours_is_brought_to_today_s_after_a_kill_anywhere() {
    kill_at_each_page(1);
}
