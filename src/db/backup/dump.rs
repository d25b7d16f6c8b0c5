//! From the database to the file: one transaction that reads, however long it takes.

use std::io::Write;

use super::format::{Header, Table, Writer};
use super::rows::Pages;
use super::statements::Words;
use super::{BackupError, Extent, PROGRESS, Progress, SHORT_LIVED, UNFINISHED, Wish};
use crate::db::connection::AnyConnection;
use crate::db::queries::identity;
use crate::db::upgrade::{self, APPLIED, Facts, Plan};
use crate::db::{SchemaState, dialect, former};

/// Rows that are read at a time.
const PAGE: u32 = 1_000;

/// Writes all that is there to `out`, as it is at one moment.
pub fn dump<W: Write>(
    connection: &mut AnyConnection,
    wish: &Wish,
    out: W,
    progress: &Progress,
) -> Result<(W, Extent), BackupError> {
    dialect::begin_snapshot(connection)?;
    let written = write(connection, wish, out, progress);
    // What went wrong first is told.
    let ended = dialect::rollback(connection);
    let written = written?;
    ended?;
    Ok(written)
}

fn write<W: Write>(
    connection: &mut AnyConnection,
    wish: &Wish,
    out: W,
    progress: &Progress,
) -> Result<(W, Extent), BackupError> {
    let facts = upgrade::inspect(connection)?;
    if let Plan::Newer(reason) | Plan::Foreign(reason) = upgrade::plan(&facts) {
        return Err(BackupError::Schema(reason));
    }
    if facts.state() == SchemaState::Empty {
        let text = "the database is empty: there is nothing to back up";
        return Err(BackupError::Refused(text.into()));
    }
    let mut header = Header::new(wish.now, wish.program.clone(), None, wish.secrets);
    if facts.has_pool_id {
        header.pool = identity::find(connection)?.map(|id| id.to_string());
    }
    header.schema.clone_from(&facts.applied);
    let mut writer = Writer::begin(out, &header)?;
    let mut extent = Extent::default();
    for table in dialect::described(connection)? {
        if is_kept(&table.name, &facts, wish) {
            let rows = copy(connection, &table, wish, &mut writer, progress)?;
            extent.tables = extent.tables.saturating_add(1);
            extent.rows = extent.rows.saturating_add(rows);
        }
    }
    Ok((writer.seal()?, extent))
}

/// The Go program's tables and ours; what an interrupted first run left of ours holds nothing.
fn is_kept(name: &str, facts: &Facts, wish: &Wish) -> bool {
    let ours = !facts.applied.is_empty() && upgrade::is_ours(name);
    let kept = former::DATA.contains(&name) || ours && ![APPLIED, UNFINISHED].contains(&name);
    kept && (wish.secrets || !SHORT_LIVED.contains(&name))
}

fn copy<W: Write>(
    connection: &mut AnyConnection,
    table: &Table,
    wish: &Wish,
    writer: &mut Writer<W>,
    progress: &Progress,
) -> Result<u64, BackupError> {
    // The link that an unverified user of the Go program was sent.
    let wiped: &[&str] = if table.name == "Users" && !wish.secrets {
        &["EmailToken"]
    } else {
        &[]
    };
    writer.table(table)?;
    let mut pages = Pages::of(table, wiped, Words::of(connection));
    let mut done: u64 = 0;
    loop {
        let rows = pages.next(connection, PAGE)?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            writer.row(row)?;
            done = done.saturating_add(1);
            if done.is_multiple_of(PROGRESS) {
                progress(&table.name, done);
            }
        }
    }
    writer.rows(done)?;
    progress(&table.name, done);
    Ok(done)
}
