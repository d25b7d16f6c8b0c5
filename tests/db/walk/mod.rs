//! Every query of the product finds its rows by an index: on small data, but filled.
//!
//! The statements are those that the server really got while the suite of the store ran (which calls every method
//! of it); each distinct one is explained on a database with thousands of rows in every table that grows.

mod fill;
pub mod log;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use diesel::sql_types::Text;
use diesel::{MysqlConnection, RunQueryDsl as _, SqliteConnection, sql_query};

use super::bed::Bed;
use crate::harness::mariadb::{GENERAL_LOGS, MariaDb};

/// A part of a statement, and a reason.
type Excuse = (&'static str, &'static str);

/// What is read whole, and why that is right. The text is a part of the statement, with ? for its values.
const WHOLE: &[Excuse] = &[
    (
        "INSERT INTO pool_news (user_id, kind, subject, height, told) SELECT",
        A_RESET,
    ),
    (
        "INSERT INTO pool_revisions (user_id, revision) SELECT",
        A_RESET,
    ),
    (
        "UPDATE Users SET VoteBits = ?, VoteBitsVersion = ?",
        A_RESET,
    ),
    (
        "UPDATE pool_revisions SET revision = ? WHERE user_id IN",
        A_RESET,
    ),
    ("SELECT COUNT(*) AS number FROM Users", "migrate looks once"),
    ("SELECT COUNT(*) AS total, CAST(COALESCE(SUM(CASE", NUMBERS),
    ("SELECT status, verdict, COUNT(*) AS number", NUMBERS),
    (
        "SELECT COUNT(*) FROM `pool_audit` LIMIT",
        "only asked if there are not many: as far as the pages of the log reach",
    ),
    ("WHERE (`Users`.`MultiSigAddress` = ?)", NO_INDEX),
    ("WHERE ((`Users`.`EmailToken` = ?)", NO_INDEX),
    (
        "WHERE (`Users`.`MultiSigAddress` != ?) ORDER BY",
        "all scripts, or all preferences, are what is asked for",
    ),
];
const A_RESET: &str = "the choices of all users are void: a new vote version, once in months";
const NUMBERS: &str =
    "the numbers of the first page: a fiftieth of the time at most, for all readers";
const NO_INDEX: &str =
    "the Go program's table gets no index: asked by operators, and by links that it mailed";

/// More than so many rows are a table read as a whole.
const FEW: i64 = fill::ROWS / 4;

#[derive(diesel::QueryableByName)]
struct MariaDbPlan {
    #[diesel(sql_type = Text, column_name = "EXPLAIN")]
    json: String,
}

#[derive(diesel::QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Runs the suite of the store in a process of its own, whose servers write down what they get. (`GENERAL_LOGS`
/// names a folder that an earlier run filled.)
fn statements() -> BTreeMap<String, String> {
    if let Some(folder) = std::env::var_os(GENERAL_LOGS) {
        return read(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program)
        .args(["db::", "--test-threads", "2", "--skip", "on_sqlite"])
        .args([
            "--skip",
            "db::walk",
            "--skip",
            "db::trouble",
            "--skip",
            "db::backup",
        ])
        .env(GENERAL_LOGS, folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("the suite");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    read(folder.path())
}

fn read(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(folder).expect("logs") {
        let text = std::fs::read(file.expect("a log").path()).expect("a log");
        found.extend(log::statements(&String::from_utf8_lossy(&text)));
    }
    found.retain(|form, _| log::reads(form));
    assert!(
        found.len() > 100,
        "only {} statements: {found:#?}",
        found.len()
    );
    found
}

/// Each statement that reads a whole table, with how it does so; without those that may.
fn violations(
    statements: &BTreeMap<String, String>,
    used: &mut BTreeSet<&'static str>,
    mut how: impl FnMut(&str) -> Result<Vec<String>, String>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (form, statement) in statements {
        let steps = match how(statement) {
            Ok(steps) if steps.is_empty() => continue,
            Ok(steps) => steps.join("; "),
            Err(error) => error,
        };
        match WHOLE.iter().find(|(part, _)| form.contains(part)) {
            Some((part, _)) => drop(used.insert(part)),
            None => found.push(format!("{steps}\n    {form}")),
        }
    }
    found
}

/// What MariaDB reads whole for a statement: tables of many rows. (Prepared, its plan as a table has numbers that
/// are none; and its JSON may have escapes that are none. But it has a line for each thing.)
fn whole_in_mariadb(server: &mut MysqlConnection, statement: &str) -> Result<Vec<String>, String> {
    let plan: MariaDbPlan = sql_query(format!("EXPLAIN FORMAT=JSON {statement}"))
        .get_result(server)
        .map_err(|error| error.to_string())?;
    let (mut whole, mut step) = (Vec::new(), BTreeMap::new());
    for line in plan.json.lines() {
        let Some((name, value)) = line.trim().trim_end_matches(',').split_once("\": ") else {
            continue;
        };
        match name {
            "\"table_name" => step = BTreeMap::from([(name, value)]),
            "\"access_type" | "\"key" => drop(step.insert(name, value)),
            "\"rows" => {
                let by = step.get("\"access_type").copied().unwrap_or_default();
                let rows: i64 = value.parse().expect("a number");
                if ["\"ALL\"", "\"index\""].contains(&by) && rows > FEW {
                    whole.push(format!("{step:?}: {rows} rows"));
                }
            }
            _ => {}
        }
    }
    Ok(whole)
}

/// The same of SQLite, which does not say how many rows: a table that is read in the order of an index until there
/// are enough rows is not read whole.
fn whole_in_sqlite(
    file: &mut SqliteConnection,
    statement: &str,
    tables: &[fill::Table],
) -> Result<Vec<String>, String> {
    let statement = statement.replace(" FOR UPDATE", "").replace("\\'", "''");
    let steps: Vec<SqliteStep> = sql_query(format!("EXPLAIN QUERY PLAN {statement}"))
        .load(file)
        .map_err(|error| error.to_string())?;
    let sorts = steps.iter().any(|step| step.detail.contains("TEMP B-TREE"));
    if statement.contains("LIMIT") && !sorts {
        return Ok(Vec::new());
    }
    let is_whole = |detail: &String| {
        let table = detail.strip_prefix("SCAN ");
        let table = table.and_then(|rest| rest.split(' ').next());
        table.is_some_and(|name| tables.iter().any(|table| table.name == name))
    };
    Ok(steps
        .into_iter()
        .map(|step| step.detail)
        .filter(is_whole)
        .collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_query_of_the_product_finds_its_rows_by_an_index() {
    let statements = tokio::task::spawn_blocking(statements)
        .await
        .expect("statements");
    let (mariadb, sqlite) = (Bed::mariadb(), Bed::sqlite());
    for bed in [&mariadb, &sqlite] {
        drop(bed.store().await);
    }
    let tables = fill::tables(&mariadb);
    for table in &tables {
        for insert in table.inserts() {
            mariadb.execute(&insert);
            sqlite.execute(&insert);
        }
        mariadb.execute(&format!("ANALYZE TABLE {}", table.name));
    }
    sqlite.execute("ANALYZE");

    let database = mariadb.url.rsplit('/').next().expect("a name");
    let mut server = MariaDb::shared().connection(database);
    let mut used = BTreeSet::new();
    let on_mariadb = violations(&statements, &mut used, |statement| {
        whole_in_mariadb(&mut server, statement)
    });
    let mut file = sqlite.connection();
    let on_sqlite = violations(&statements, &mut used, |statement| {
        whole_in_sqlite(&mut file, statement, &tables)
    });
    println!(
        "measured: {} distinct statements of the store, all by an index but {}",
        statements.len(),
        WHOLE.len()
    );
    let said = |name: &str, found: Vec<String>| {
        let lines = found.into_iter().map(|line| format!("{name} {line}\n"));
        lines.collect::<String>()
    };
    let found = said("MariaDB", on_mariadb) + &said("SQLite", on_sqlite);
    assert!(found.is_empty(), "whole tables are read:\n{found}");
    let unused = WHOLE.iter().filter(|(part, _)| !used.contains(part));
    let unused: Vec<_> = unused.collect();
    assert!(unused.is_empty(), "nothing needs these excuses: {unused:?}");
}
