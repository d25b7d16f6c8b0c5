//! `migrate` is killed before each thing that it does, and run again: it ends where one without trouble does.

mod cutter;
mod own;

use std::process::Stdio;

use self::cutter::{Counted, Cutter};
use super::former::{Former, Version, ends, keys};
use crate::harness::wait::until;

const BACKUP: &str = "--yes-i-have-a-backup";
/// Besides the people of the fixtures, so that there are several batches of them.
const MORE: &str = "INSERT INTO Users (UserId, Email, Username, Password, MultiSigAddress, MultiSigScript, PoolPubKeyAddr, \
     UserPubKeyAddr) SELECT 1000 + seq, CONCAT('More', seq, '@example.com'), 'x', 'x', '', '', '', '' FROM seq_1_to_1200";

fn pool_of(version: Version) -> Former {
    let former = Former::of(version);
    former.execute(MORE);
    former
}

/// What changes something, or ends a change.
fn changes(statement: &str) -> bool {
    let reads = ["SELECT", "SHOW", "SET", "BEGIN", "RELEASE"];
    !reads.iter().any(|word| statement.starts_with(word))
}

/// What a backup reads: rows of tables.
fn reads_rows(statement: &str) -> bool {
    statement.starts_with("SELECT ") && statement.contains(" FROM `")
}

/// Runs it until it is about to do what is counted for the `hold`th time, and kills it there; what that was. `None`:
/// it came to its end.
fn kill_at(former: &Former, arguments: &[&str], counted: Counted, hold: usize) -> Option<String> {
    let url = former.url();
    let (server, database) = url.rsplit_once('/').expect("a URL");
    let (account, port) = server.rsplit_once(':').expect("a port");
    let cutter = Cutter::to(port.parse().expect("a port"), counted, hold);
    let through = format!("{account}:{}/{database}", cutter.port);
    let mut command = former.command("migrate", &through, &keys(), arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = command.spawn().expect("the program");
    let status = until("the statement, or the end", || {
        let ended = process.try_wait().expect("a child");
        if ended.is_some() || cutter.holds() {
            return Ok(ended);
        }
        Err("neither")
    });
    if let Some(status) = status {
        assert!(status.success(), "{status}");
        return None;
    }
    process.kill().expect("kill");
    process.wait().expect("a child");
    Some(cutter.last())
}

const OTHER_EACH_TIME: [(&str, &str); 3] = [
    ("__diesel_schema_migrations", "run_on"),
    // Which pool it is.
    ("pool_identity", "pool_id"),
    // A batch that is done twice takes two numbers.
    ("pool_revisions", "revision"),
];

/// Everything that is in the database, but what is another in each run by its nature.
fn everything(former: &Former) -> Vec<String> {
    let tables = former.rows(
        "SELECT table_name AS line FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1",
    );
    let mut all = former.rows(
        "SELECT CONCAT_WS(' ', table_name, index_name, seq_in_index, column_name, non_unique) AS line \
         FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1",
    );
    for table in tables {
        all.extend(
            former
                .columns(&table)
                .into_iter()
                .map(|it| format!("{table}: {it}")),
        );
        let columns = former.rows(&format!(
            "SELECT column_name AS line FROM information_schema.columns WHERE table_schema = DATABASE() \
             AND table_name = '{table}' ORDER BY ordinal_position"
        ));
        let same = |column: &String| !OTHER_EACH_TIME.contains(&(table.as_str(), column.as_str()));
        let columns: Vec<_> = columns
            .into_iter()
            .filter(same)
            .map(|it| format!("`{it}`"))
            .collect();
        let but = if table == "pool_counters" {
            "WHERE name <> 'revision'"
        } else {
            ""
        };
        let rows = former.rows(&format!(
            "SELECT CONCAT_WS('|', {}) AS line FROM {table} {but} ORDER BY 1",
            columns.join(", ")
        ));
        all.extend(rows.into_iter().map(|it| format!("{table}: {it}")));
    }
    all
}

/// Kills at each `step`th statement, until there is none left; gives how many times.
fn kill_at_each(version: Version, step: usize) -> usize {
    let whole = pool_of(version);
    ends(&whole.migrate(&[BACKUP]), 0, &["done"]);
    let whole = everything(&whole);
    let mut times = 0;
    for hold in (0..).step_by(step) {
        let former = pool_of(version);
        let Some(killed) = kill_at(&former, &[BACKUP], changes, hold) else {
            break;
        };
        times += 1;
        ends(&former.migrate(&[BACKUP]), 0, &["done"]);
        let found = everything(&former);
        let first = found
            .iter()
            .zip(&whole)
            .find(|(found, whole)| found != whole);
        assert_eq!(
            found.len(),
            whole.len(),
            "{version:?}, killed before {killed}"
        );
        assert!(
            first.is_none(),
            "{version:?}, killed before {killed}: {first:?}"
        );
        ends(&former.migrate(&[]), 0, &["nothing to do"]);
    }
    println!(
        "measured: migrate of {version:?} killed at {times} places, each finished by the next run"
    );
    times
}

#[test]
fn migrate_that_is_killed_is_finished_by_the_next_run() {
    // Not a divisor of what a migration takes, so that all kinds of places are met.
    assert!(kill_at_each(Version::V150, 7) > 5);
}

#[test]
#[ignore = "some hundred runs: minutes"]
fn migrate_that_is_killed_anywhere_is_finished_by_the_next_run() {
    for version in [Version::V001, Version::V150] {
        assert!(kill_at_each(version, 1) > 40);
    }
}

/// There is no backup under its name then, and nothing was changed; the same command begins anew.
#[test]
fn migrate_that_is_killed_while_it_writes_the_backup_changed_nothing() {
    let before = everything(&pool_of(Version::V111));
    let mut times = 0;
    for hold in 0.. {
        let former = pool_of(Version::V111);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("before.backup");
        let arguments = ["--backup", path.to_str().expect("a path")];
        if kill_at(&former, &arguments, reads_rows, hold).is_none() {
            break;
        }
        times += 1;
        if times > 6 {
            break;
        }
        assert!(!path.exists(), "after {hold} statements");
        assert_eq!(everything(&former), before, "after {hold} statements");
        ends(&former.migrate(&arguments), 0, &["done: ", "take over"]);
        assert!(path.exists());
    }
    assert!(times > 2, "{times}");
}
