//! `dcrstakepool backup` and `restore`, as the operator runs them, from either database to the other.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dcrstakepool::db::{LinkPurpose, NewLink, NewSession, SchemaState, Store};
use diesel::connection::SimpleConnection as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::accounts::task;
use super::bed::{Bed, NOW, enrolment, on_both, sign_up, user};
use crate::harness::wait::until;

on_both!(
    every_row_comes_back_on_either_database,
    what_lets_others_in_stays_out_unless_asked_for,
    a_backup_while_people_sign_up_is_of_one_moment,
    what_is_in_use_or_newer_or_damaged_is_refused,
    an_interrupted_restore_begins_anew,
    the_backup_of_an_older_version_becomes_today_s,
    a_file_that_is_there_stays,
    only_a_regular_file_is_replaced_or_restored,
    what_a_killed_run_left_is_removed_a_day_later,
);

const SECRET: &str = "0123456789-token-of-a-former-link";

fn text(output: &Output) -> String {
    let (said, errors) = (&output.stdout, &output.stderr);
    [said, errors]
        .map(|it| String::from_utf8_lossy(it).into_owned())
        .concat()
}

#[track_caller]
fn ends(output: &Output, code: i32, words: &str) {
    let text = text(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(words), "{words:?} is not in {text}");
}

/// A folder for backups, and runs with them.
struct Shelf(TempDir);

impl Shelf {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    #[track_caller]
    fn back_up(&self, bed: &Bed, name: &str, options: &[&str]) -> PathBuf {
        let path = self.path(name);
        let arguments = [&["backup", path.to_str().unwrap()], options].concat();
        ends(&bed.run(&arguments), 0, "done: ");
        path
    }
}

fn restore(bed: &Bed, file: &Path) -> Output {
    bed.run(&["restore", file.to_str().unwrap()])
}

/// Rows by table; a row by its columns, whose order differs between databases.
fn rows(file: &Path) -> BTreeMap<String, Vec<BTreeMap<String, String>>> {
    let text = std::fs::read_to_string(file).expect("a backup");
    let mut tables: BTreeMap<String, Vec<_>> = BTreeMap::new();
    let (mut table, mut names) = (String::new(), Vec::new());
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        if let Some(name) = line.get("table") {
            table = name.as_str().unwrap().to_owned();
            let columns = line["columns"].as_array().unwrap();
            let column = |it: &Value| it["name"].as_str().unwrap().to_owned();
            names = columns.iter().map(column).collect();
            tables.entry(table.clone()).or_default();
        } else if let Some(cells) = line.as_array() {
            let cells = cells.iter().map(ToString::to_string);
            let row: BTreeMap<_, _> = names.iter().cloned().zip(cells).collect();
            tables.get_mut(&table).unwrap().push(row);
        }
    }
    for rows in tables.values_mut() {
        // Written after the file: the next one has it.
        rows.retain(|row| row.get("name").is_none_or(|name| name != "\"backed_up\""));
        rows.sort();
    }
    tables
}

/// With its checksum made right.
fn sealed(text: &str) -> String {
    let body: String = text
        .lines()
        .filter(|it| !it.contains("sha256"))
        .fold(String::new(), |all, line| all + line + "\n");
    let hash = hex::encode(Sha256::digest(body.as_bytes()));
    format!("{body}{{\"sha256\":\"{hash}\"}}\n")
}

fn numbers(upto: u32) -> String {
    let digits = |name: char| {
        let rest = (1..10).map(|n| format!(" UNION ALL SELECT {n}"));
        format!("(SELECT 0 AS n{}) {name}", rest.collect::<String>())
    };
    let all: Vec<_> = ['a', 'b', 'c', 'd', 'e'].map(digits).into();
    format!(
        "(SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n AS n FROM {}) x WHERE x.n < {upto}",
        all.join(", ")
    )
}

fn audit_rows(bed: &Bed, count: u32) {
    bed.execute(&format!(
        "INSERT INTO pool_audit (happened, event, user_id, ip, detail) \
         SELECT x.n, 'test', NULL, '', 'a line of the log, of some length' FROM {}",
        numbers(count)
    ));
}

fn text_literal(bed: &Bed, text: &str) -> String {
    let kind = if bed.is_sqlite() {
        "TEXT"
    } else {
        "CHAR CHARACTER SET utf8mb4"
    };
    format!("CAST(X'{}' AS {kind})", hex::encode(text))
}

/// Values at the ends of what a column holds, in as many rows as make several pages.
async fn odd_rows(bed: &Bed, store: &Store) {
    for n in 1..=3 {
        let id = user(store, &format!("user{n}@example.com")).await;
        assert!(store.enrol(enrolment(id, 1), None).await.unwrap());
    }
    let all_bytes: Vec<u8> = (0..=255).collect();
    let texts = [
        "",
        " ",
        "NULL",
        "é 🦀 \u{10ffff}",
        "a\"b'c\\d`e\n\t\r%_",
        "[1]\n{\"rows\":0}",
    ];
    for (n, content) in texts.iter().enumerate() {
        let (id, content) = (900 + n, text_literal(bed, content));
        let bytes = hex::encode(&all_bytes[..256 * n / 5]);
        bed.execute(&format!(
            "INSERT INTO Users (UserId, Email, Username, Password, MultiSigScript, HeightRegistered, VoteBits) \
             VALUES ({id}, {content}, NULL, X'{bytes}', {}, -9223372036854775808, 9223372036854775807)",
            text_literal(bed, &"ü".repeat(255)),
        ));
    }
    bed.execute("INSERT INTO Users (UserId) VALUES (950)");
    bed.execute(&format!(
        "INSERT INTO pool_agenda_choices (user_id, version, agenda_id, choice_id) \
         SELECT x.n / 100, x.n, 'agenda', 'yes' FROM {}",
        numbers(2_100)
    ));
    audit_rows(bed, 2_001);
    bed.execute(&format!(
        "INSERT INTO LowFeeTicket (AddedByUid, TicketHash, Voted) VALUES (1, '{}', NULL)",
        "ab".repeat(32)
    ));
    let session = NewSession {
        id_hash: "a-session".into(),
        user_id: dcrstakepool::domain::UserId(1),
        ip: "127.0.0.1".into(),
        agent: "a browser".into(),
        now: NOW,
    };
    store.create_session(session).await.unwrap();
}

fn other(bed: &Bed) -> Bed {
    if bed.is_sqlite() {
        Bed::mariadb()
    } else {
        Bed::sqlite()
    }
}

fn another(bed: &Bed) -> Bed {
    if bed.is_sqlite() {
        Bed::sqlite()
    } else {
        Bed::mariadb()
    }
}

async fn every_row_comes_back_on_either_database(bed: Bed) {
    let store = bed.store().await;
    odd_rows(&bed, &store).await;
    let pool_id = store.pool_id().await.unwrap();
    let shelf = Shelf::new();
    let first = rows(&shelf.back_up(&bed, "first", &["--with-secrets"]));
    assert_eq!(first["Users"].len(), 10);
    assert_eq!(first["pool_agenda_choices"].len(), 2_100);
    let over = other(&bed);
    ends(&restore(&over, &shelf.path("first")), 0, "done: start web");
    let second = rows(&shelf.back_up(&over, "second", &["--with-secrets"]));
    let back = another(&bed);
    // Web was started by mistake: there are tables, and no user.
    drop(back.store().await);
    ends(&restore(&back, &shelf.path("second")), 0, "done: start web");
    let third = rows(&shelf.back_up(&back, "third", &["--with-secrets"]));
    // But for the counter, which is above the highest id that is in use.
    let counted = |rows: &BTreeMap<String, Vec<BTreeMap<String, String>>>| {
        let mut rows = rows.clone();
        rows.get_mut("pool_counters")
            .unwrap()
            .retain(|it| it["name"] != "\"user_id\"");
        rows
    };
    assert_eq!(counted(&first), counted(&second));
    assert_eq!(second, third);

    let restored = back.store().await;
    assert_eq!(restored.pool_id().await.unwrap(), pool_id);
    let next = user(&restored, "next@example.com").await;
    assert_eq!(next.0, 951);
    let kept = restored
        .user(dcrstakepool::domain::UserId(2))
        .await
        .unwrap();
    assert_eq!(kept.unwrap().email, "user2@example.com");
}

async fn what_lets_others_in_stays_out_unless_asked_for(bed: Bed) {
    let store = bed.store().await;
    odd_rows(&bed, &store).await;
    bed.execute(&format!(
        "UPDATE Users SET EmailToken = '{SECRET}' WHERE UserId = 2"
    ));
    bed.execute(&format!(
        "INSERT INTO PasswordReset (UserId, Token) VALUES (2, '{SECRET}')"
    ));
    store
        .record_sign_up(sign_up("new@example.com", "a-sign-up"))
        .await
        .unwrap();
    let link = NewLink {
        token_hash: "a-link".into(),
        purpose: LinkPurpose::ResetPassword,
        user_id: Some(dcrstakepool::domain::UserId(2)),
        email: String::new(),
        now: NOW,
    };
    store.record_link(link, Vec::new()).await.unwrap();
    bed.execute(
        "INSERT INTO pool_half_sign_ins (token_hash, user_id, expires) VALUES ('a-half', 2, 9)",
    );
    let shelf = Shelf::new();
    let plain = std::fs::read_to_string(shelf.back_up(&bed, "plain", &[])).unwrap();
    let whole = std::fs::read_to_string(shelf.back_up(&bed, "whole", &["--with-secrets"])).unwrap();
    for secret in [SECRET, "a-session", "a-sign-up", "a-link", "a-half"] {
        assert!(!plain.contains(secret), "{secret}");
        assert!(whole.contains(secret), "{secret}");
    }
    let fresh = another(&bed);
    ends(&restore(&fresh, &shelf.path("plain")), 0, "done: start web");
    let restored = fresh.store().await;
    let kept = restored
        .user(dcrstakepool::domain::UserId(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.password_hash.expose(), "$2a$10$hash");
    assert!(kept.enrolment.is_some());
}

async fn a_backup_while_people_sign_up_is_of_one_moment(bed: Bed) {
    let store = bed.store().await;
    audit_rows(&bed, 20_000);
    let stop = Arc::new(AtomicBool::new(false));
    let busy = {
        let (store, stop) = (store.clone(), Arc::clone(&stop));
        task(async move {
            let mut made = 0;
            while !stop.load(Ordering::Relaxed) {
                made += 1;
                user(&store, &format!("user{made}@example.com")).await;
            }
            made
        })
    };
    let shelf = Shelf::new();
    for round in 0..3 {
        let name = round.to_string();
        let path = tokio::task::block_in_place(|| shelf.back_up(&bed, &name, &[]));
        let rows = rows(&path);
        let ids = |table: &str, column: &str| {
            let ids = rows[table]
                .iter()
                .map(|row| row[column].parse::<i64>().unwrap());
            let mut ids: Vec<_> = ids.collect();
            ids.sort_unstable();
            ids
        };
        let users = ids("Users", "UserId");
        assert_eq!(users, ids("pool_emails", "user_id"));
        assert_eq!(users, ids("pool_keys", "user_id"));
        let counter = rows["pool_counters"]
            .iter()
            .find(|it| it["name"] == "\"user_id\"");
        let highest = users.last().copied().unwrap_or(0);
        assert_eq!(counter.unwrap()["value"], highest.to_string());
    }
    stop.store(true, Ordering::Relaxed);
    assert!(busy.await.unwrap() > 0, "nobody signed up");
}

async fn what_is_in_use_or_newer_or_damaged_is_refused(bed: Bed) {
    let shelf = Shelf::new();
    let path = shelf.path("none");
    ends(
        &bed.run(&["backup", path.to_str().unwrap()]),
        if bed.is_sqlite() { 69 } else { 1 },
        "",
    );
    assert!(!path.exists());
    let store = bed.store().await;
    user(&store, "ann@example.com").await;
    drop(store);
    let file = shelf.back_up(&bed, "backup", &[]);
    let before = rows(&file);
    ends(
        &restore(&bed, &file),
        1,
        "in use (rows in Users): nothing was changed",
    );
    assert_eq!(rows(&shelf.back_up(&bed, "again", &[])), before);

    let whole = std::fs::read_to_string(&file).unwrap();
    let fresh = another(&bed);
    let cut = whole.rsplit_once("{\"rows\"").unwrap().0.to_owned();
    let newer = sealed(&whole.replacen("\"0001\"", "\"0001\",\"9999\"", 1));
    for (content, code, words) in [
        (cut, 1, "the end is missing"),
        (
            whole.replace("ann@", "eve@"),
            1,
            "the checksum is another one",
        ),
        (String::new(), 1, "not a backup"),
        (newer, 78, "the backup is of a newer program"),
    ] {
        let damaged = shelf.path("damaged");
        std::fs::write(&damaged, content).unwrap();
        ends(&restore(&fresh, &damaged), code, words);
        assert_eq!(
            fresh.open().await.schema_state().await.unwrap(),
            SchemaState::Empty
        );
    }
    fresh.execute("CREATE TABLE wp_posts (id bigint PRIMARY KEY)");
    ends(&restore(&fresh, &file), 78, "not dcrstakepool's: wp_posts");
}

/// Killed while rows are written: no web starts on what is there, and the next run makes it whole.
async fn an_interrupted_restore_begins_anew(bed: Bed) {
    let source = another(&bed);
    let store = source.store().await;
    user(&store, "ann@example.com").await;
    drop(store);
    audit_rows(&source, 60_000);
    let shelf = Shelf::new();
    let file = shelf.back_up(&source, "backup", &[]);

    let mut child = bed.start(&["restore", file.to_str().unwrap()]);
    let begun = Instant::now();
    while bed.count("pool_audit").is_none_or(|rows| rows == 0) {
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "no row was written"
        );
        assert!(child.try_wait().unwrap().is_none(), "it ended at once");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        bed.count("pool_restore").is_some(),
        "it was not interrupted"
    );

    let refusal = bed
        .open()
        .await
        .require_schema()
        .await
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("dcrstakepool restore` again"), "{refusal}");
    ends(
        &bed.run(&["migrate", "--yes-i-have-a-backup"]),
        78,
        "dcrstakepool restore` again",
    );
    let path = shelf.path("half");
    ends(
        &bed.run(&["backup", path.to_str().unwrap()]),
        78,
        "dcrstakepool restore` again",
    );
    ends(&restore(&bed, &file), 0, "done: start web");
    assert_eq!(rows(&shelf.back_up(&bed, "whole", &[])), rows(&file));
    bed.store().await;
}

async fn the_backup_of_an_older_version_becomes_today_s(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    drop(store);
    bed.execute("DELETE FROM __diesel_schema_migrations WHERE version > '0002'");
    bed.execute("DROP TABLE pool_limits; DROP TABLE pool_sign; DROP TABLE pool_mails");
    // The others are there, empty, as an interrupted upgrade leaves them.
    bed.execute("DROP TABLE Samples; DROP TABLE pool_saved_scripts");
    let shelf = Shelf::new();
    let file = shelf.back_up(&bed, "older", &["--with-secrets"]);
    let fresh = other(&bed);
    ends(&restore(&fresh, &file), 0, "done: start web");
    let store = fresh.open().await;
    assert_eq!(store.schema_state().await.unwrap(), SchemaState::Current);
    assert!(store.user(ann).await.unwrap().is_some());
    assert_eq!(store.sign().await.unwrap(), None);
}

async fn a_file_that_is_there_stays(bed: Bed) {
    drop(bed.store().await);
    let shelf = Shelf::new();
    let path = shelf.path("backup");
    std::fs::write(&path, "mine").unwrap();
    let arguments = ["backup", path.to_str().unwrap(), "--force"];
    ends(
        &bed.run(&arguments[..2]),
        1,
        "is there already and stays as it is",
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    ends(&bed.run(&arguments), 0, "done: ");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let first = bed.open().await.backed_up_at().await.unwrap();
    assert!(first > Some(NOW), "web is not told: {first:?}");
    let to_pipe = bed.run(&["backup", "-"]);
    let piped = shelf.path("piped");
    std::fs::write(&piped, &to_pipe.stdout).unwrap();
    assert_eq!(rows(&piped), rows(&path));
    let files = std::fs::read_dir(shelf.0.path()).unwrap().count();
    assert_eq!(files, 2, "something is left behind");
}

async fn only_a_regular_file_is_replaced_or_restored(bed: Bed) {
    drop(bed.store().await);
    let shelf = Shelf::new();
    let good = shelf.back_up(&bed, "good", &[]);
    let pipe = shelf.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let link = shelf.path("link");
    std::os::unix::fs::symlink(&good, &link).unwrap();
    for (path, kind) in [(&pipe, "a pipe"), (&link, "a link")] {
        let before = std::fs::symlink_metadata(path).unwrap().file_type();
        for force in [&["--force"][..], &[]] {
            let arguments = [&["backup", path.to_str().unwrap()], force].concat();
            ends(&bed.run(&arguments), 1, "stays as it is");
        }
        let after = std::fs::symlink_metadata(path).unwrap().file_type();
        assert_eq!(before, after, "{kind}");
    }
    let fresh = another(&bed);
    let before = std::fs::read_dir(fresh.folder()).unwrap().count();
    ends(
        &restore(&fresh, &pipe),
        1,
        "is no regular file: a backup is read twice",
    );
    let newer = std::fs::read_to_string(&good).unwrap();
    let newer = sealed(&newer.replacen("\"0001\"", "\"0001\",\"9999\"", 1));
    std::fs::write(shelf.path("newer"), newer).unwrap();
    let refused = restore(&fresh, &shelf.path("newer"));
    ends(&refused, 78, "the backup is of a newer program");
    // But for the configuration.
    let after = std::fs::read_dir(fresh.folder()).unwrap().count();
    assert_eq!(after, before + 1, "a database was made");
    // Through a link it is a file all the same.
    ends(&restore(&fresh, &link), 0, "done: start web");
}

async fn what_a_killed_run_left_is_removed_a_day_later(bed: Bed) {
    drop(bed.store().await);
    let shelf = Shelf::new();
    for (name, aged) in [
        (".dcrstakepool-backup-oldone", true),
        (".dcrstakepool-backup-atwork", false),
        ("dcrstakepool-backup-mine", true),
    ] {
        let file = File::create(shelf.path(name)).unwrap();
        if aged {
            let now = file.metadata().unwrap().modified().unwrap();
            file.set_modified(now - Duration::from_hours(25)).unwrap();
        }
    }
    let path = shelf.path("backup");
    let output = bed.run(&["backup", path.to_str().unwrap()]);
    ends(
        &output,
        0,
        ".dcrstakepool-backup-oldone, of a backup that was killed",
    );
    assert!(!shelf.path(".dcrstakepool-backup-oldone").exists());
    assert!(shelf.path(".dcrstakepool-backup-atwork").exists());
    assert!(shelf.path("dcrstakepool-backup-mine").exists());
}

/// The database makes it wait, so that there is something to be interrupted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_backup_leaves_nothing_behind() {
    let bed = Bed::mariadb();
    drop(bed.store().await);
    let mut other = bed.server_connection();
    other.batch_execute("LOCK TABLES pool_audit WRITE").unwrap();
    let shelf = Shelf::new();
    let path = shelf.path("backup");
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let mut child = bed.start(&["backup", path.to_str().unwrap()]);
        let files = || std::fs::read_dir(shelf.0.path()).unwrap().count();
        until("a file", || (files() == 1).then_some(()).ok_or("none"));
        let mut kill = Command::new("kill");
        kill.args([format!("-{signal}"), child.id().to_string()]);
        assert!(kill.status().unwrap().success());
        let end = until("its end", || child.try_wait().unwrap().ok_or("it goes on"));
        assert_eq!(end.code(), Some(code));
        assert_eq!(files(), 0, "something is left behind");
    }
}

/// A large pool, and how long it takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "for --all"]
async fn a_hundred_thousand_users_move_to_the_other_database_and_back() {
    let bed = Bed::sqlite();
    drop(bed.store().await);
    bed.execute(&format!(
        "INSERT INTO Users (UserId, Email, Password, MultiSigScript, VoteBits) SELECT x.n + 1, \
         'user' || x.n || '@example.com', X'24326124', 'aabbccdd', 1 FROM {}",
        numbers(100_000)
    ));
    bed.execute(&format!(
        "INSERT INTO pool_agenda_choices (user_id, version, agenda_id, choice_id) \
         SELECT x.n + 1, 9, 'agenda', 'yes' FROM {}",
        numbers(100_000)
    ));
    bed.execute("UPDATE pool_counters SET value = 100000 WHERE name = 'user_id'");
    let shelf = Shelf::new();
    let mut last = (bed, shelf.path("0"));
    for turn in 0..3 {
        let begun = Instant::now();
        let name = turn.to_string();
        let file = shelf.back_up(&last.0, &name, &[]);
        let (written, begun) = (begun.elapsed(), Instant::now());
        let next = other(&last.0);
        ends(&restore(&next, &file), 0, "restored");
        println!("backup {written:?}, restore {:?}", begun.elapsed());
        if turn > 0 {
            assert!(rows(&last.1) == rows(&file), "turn {turn}: other rows");
        }
        last = (next, file);
    }
}
