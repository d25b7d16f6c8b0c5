//! From the file to a database without users.
//!
//! MySQL commits each change of a table by itself, so the whole cannot be one transaction: a table of its own
//! says that a restore is under way. Whoever finds it does nothing; the next restore begins anew.

use std::collections::BTreeSet;
use std::io::BufRead;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::format::{Header, Item, Reader, Table, Value};
use super::rows::{self, quoted};
use super::statements::Words;
use super::{BackupError, Extent, PROGRESS, Progress, UNFINISHED};
use crate::db::connection::AnyConnection;
use crate::db::queries::counters;
use crate::db::upgrade::{self, Facts, Plan};
use crate::db::{dialect, former};

/// Of one statement: rows, values, and about how many bytes.
const MOST_ROWS: usize = 500;
const MOST_VALUES: usize = 20_000;
const MOST_BYTES: usize = 1_000_000;

/// Fills the database. May be interrupted at any moment, and begun again.
pub fn restore<R: BufRead>(
    connection: &mut AnyConnection,
    mut backup: Reader<R>,
    progress: &Progress,
) -> Result<Extent, BackupError> {
    let facts = upgrade::inspect(connection)?;
    let schema = backup.header().schema.clone();
    refuse_newer(backup.header(), &facts.known)?;
    refuse_what_is_in_use(connection, &facts)?;
    dialect::prepare_restore(connection)?;
    connection.batch_execute(&format!(
        "CREATE TABLE IF NOT EXISTS {UNFINISHED} (id bigint NOT NULL PRIMARY KEY)"
    ))?;
    drop_all(connection)?;
    dialect::apply_migrations(connection, &schema)?;
    let extent = fill(connection, &mut backup, progress)?;
    count_above(connection)?;
    // The Go program's tables are left as they were: `migrate` takes them over.
    if !schema.is_empty() {
        dialect::apply_migrations(connection, &facts.known)?;
    }
    connection.batch_execute(&format!("DROP TABLE {UNFINISHED}"))?;
    Ok(extent)
}

/// `known`: the schema versions that this program has.
pub fn refuse_newer(header: &Header, known: &BTreeSet<String>) -> Result<(), BackupError> {
    match header.schema.difference(known).next() {
        None => Ok(()),
        Some(version) => Err(BackupError::Schema(format!(
            "the backup is of a newer program: it has schema {version}, which this program does not know"
        ))),
    }
}

/// Nothing is lost by a restore into the wrong database.
fn refuse_what_is_in_use(connection: &mut AnyConnection, facts: &Facts) -> Result<(), BackupError> {
    if facts.tables.contains_key(UNFINISHED) {
        return Ok(());
    }
    if let Plan::Newer(reason) | Plan::Foreign(reason) = upgrade::plan(facts) {
        return Err(BackupError::Schema(reason));
    }
    for table in ["Users", "LowFeeTicket", "Tickets", "pool_sign_ups"] {
        if facts.tables.contains_key(table) && number(connection, "COUNT(*)", table)? > 0 {
            return Err(BackupError::Refused(format!(
                "the database is in use (rows in {table}): nothing was changed; name another, empty one in \
                 database.url, or drop this one first"
            )));
        }
    }
    Ok(())
}

/// What an earlier run left, or a start of web made.
fn drop_all(connection: &mut AnyConnection) -> QueryResult<()> {
    for table in dialect::described(connection)? {
        let name = table.name.as_str();
        if name != UNFINISHED && (upgrade::is_ours(name) || former::DATA.contains(&name)) {
            connection.batch_execute(&format!("DROP TABLE {}", quoted(name)))?;
        }
    }
    Ok(())
}

fn fill<R: BufRead>(
    connection: &mut AnyConnection,
    backup: &mut Reader<R>,
    progress: &Progress,
) -> Result<Extent, BackupError> {
    let mut extent = Extent::default();
    while let Some(item) = backup.item()? {
        // The reader lets no row and no end come before its table.
        let Item::Table(table) = item else { continue };
        if !prepare(connection, &table)? {
            // Empty: an interrupted upgrade had made it already.
            match backup.item()? {
                Some(Item::EndOfTable) => continue,
                _ => {
                    return Err(BackupError::Schema(format!(
                        "the table {} has rows, but the backup's schema does not have it",
                        table.name
                    )));
                }
            }
        }
        let rows = fill_table(connection, &table, backup, progress)?;
        extent.tables = extent.tables.saturating_add(1);
        extent.rows = extent.rows.saturating_add(rows);
        progress(&table.name, rows);
    }
    Ok(extent)
}

/// Makes what the migrations did not: tables of the Go program in its own form, and columns that others added to
/// them. Takes out what the migrations put in. False: the backup's schema does not have this table.
fn prepare(connection: &mut AnyConnection, table: &Table) -> Result<bool, BackupError> {
    let name = &table.name;
    let is_former = former::DATA.contains(&name.as_str());
    if !is_former && !upgrade::is_ours(name) {
        return Err(BackupError::Schema(format!(
            "the table {name} is not dcrstakepool's"
        )));
    }
    let words = Words::of(connection);
    let there = dialect::described(connection)?;
    let there = there.into_iter().find(|it| it.name == *name);
    let Some(there) = there else {
        if is_former {
            connection.batch_execute(&words.create_table(table))?;
        }
        return Ok(is_former);
    };
    let known: BTreeSet<_> = there.columns.iter().map(|it| it.name.as_str()).collect();
    for column in &table.columns {
        if !known.contains(column.name.as_str()) {
            connection.batch_execute(&words.add_column(name, column))?;
        }
    }
    connection.batch_execute(&format!("DELETE FROM {}", quoted(name)))?;
    Ok(true)
}

fn fill_table<R: BufRead>(
    connection: &mut AnyConnection,
    table: &Table,
    backup: &mut Reader<R>,
    progress: &Progress,
) -> Result<u64, BackupError> {
    let most = MOST_ROWS.min(MOST_VALUES / table.columns.len().max(1));
    let (mut batch, mut bytes, mut done) = (Vec::new(), 0_usize, 0_u64);
    while let Some(Item::Row(row)) = backup.item()? {
        bytes = row
            .iter()
            .map(Value::size)
            .fold(bytes, usize::saturating_add);
        batch.push(row);
        if batch.len() >= most || bytes >= MOST_BYTES {
            let before = done / PROGRESS;
            done = done.saturating_add(write(connection, table, &mut batch)?);
            bytes = 0;
            if done / PROGRESS > before {
                progress(&table.name, done);
            }
        }
    }
    Ok(done.saturating_add(write(connection, table, &mut batch)?))
}

fn write(
    connection: &mut AnyConnection,
    table: &Table,
    batch: &mut Vec<Vec<Value>>,
) -> QueryResult<u64> {
    if !batch.is_empty() {
        // Nobody else is there with whom it could collide.
        dialect::begin_write(connection, false)?;
        rows::insert(connection, table, batch)?;
        dialect::commit(connection)?;
    }
    let written = u64::try_from(batch.len()).unwrap_or(u64::MAX);
    batch.clear();
    Ok(written)
}

/// No number that is in use is given away again. What only voters know is seen to when web meets them.
fn count_above(connection: &mut AnyConnection) -> QueryResult<()> {
    let there = dialect::described(connection)?;
    let has = |name: &str| there.iter().any(|table| table.name == name);
    if !has("pool_counters") {
        return Ok(());
    }
    for (counter, column, table) in [
        (counters::USER_ID, "UserId", "Users"),
        (counters::USER_ID, "key_index", "pool_keys"),
        (counters::REVISION, "revision", "pool_revisions"),
    ] {
        if has(table) {
            let highest = number(connection, &format!("COALESCE(MAX({column}), 0)"), table)?;
            counters::raise(connection, counter, highest)?;
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn number(connection: &mut AnyConnection, what: &str, table: &str) -> QueryResult<i64> {
    let sql = format!("SELECT {what} AS number FROM {table}");
    let found: Number = diesel::sql_query(sql).get_result(connection)?;
    Ok(found.number)
}
