//! `pool_audit`.

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::clip;
use crate::db::connection::AnyConnection;
use crate::db::schema::{pool_audit::dsl, users};
use crate::db::{AuditEntry, AuditFilter, AuditLine};
use crate::domain::UserId;

type Row = (i64, String, Option<i64>, String, String);
type Columns = (
    dsl::happened,
    dsl::event,
    dsl::user_id,
    dsl::ip,
    dsl::detail,
);
const COLUMNS: Columns = (
    dsl::happened,
    dsl::event,
    dsl::user_id,
    dsl::ip,
    dsl::detail,
);

pub fn insert(connection: &mut AnyConnection, entry: &AuditEntry) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_audit)
        .values((
            dsl::happened.eq(entry.at),
            dsl::event.eq(clip(&entry.event, 64)),
            dsl::user_id.eq(entry.user_id.map(|id| id.0)),
            dsl::ip.eq(clip(&entry.ip, 64)),
            dsl::detail.eq(clip(&entry.detail, 2000)),
        ))
        .execute(connection)
        .map(drop)
}

/// Of one user, newest first.
pub fn of_user(
    connection: &mut AnyConnection,
    user_id: i64,
    limit: i64,
) -> QueryResult<Vec<AuditEntry>> {
    let rows: Vec<Row> = dsl::pool_audit
        .filter(dsl::user_id.eq(user_id))
        .order((dsl::happened.desc(), dsl::id.desc()))
        .limit(limit)
        .select(COLUMNS)
        .load(connection)?;
    Ok(rows.into_iter().map(entry).collect())
}

/// What happened stays, and from where does not.
pub fn anonymise(connection: &mut AnyConnection, user_id: i64) -> QueryResult<()> {
    diesel::update(dsl::pool_audit.filter(dsl::user_id.eq(user_id)))
        .set((dsl::ip.eq(""), dsl::detail.eq("")))
        .execute(connection)
        .map(drop)
}

/// From where something was done after one moment and up to another.
pub fn forget_addresses(
    connection: &mut AnyConnection,
    after: i64,
    up_to: i64,
) -> QueryResult<usize> {
    let old = dsl::pool_audit
        .filter(dsl::happened.gt(after))
        .filter(dsl::happened.le(up_to));
    diesel::update(old).set(dsl::ip.eq("")).execute(connection)
}

/// What a filter lets through; with `$query` as what is read of it.
macro_rules! filtered {
    ($query:expr, $filter:expr) => {{
        let filter: &AuditFilter = $filter;
        let mut query = $query.into_boxed();
        match (filter.user_id, &filter.by) {
            (Some(user), Some(by)) => {
                let of_user = dsl::user_id.eq(user.0).or(dsl::detail.eq(by.clone()));
                query = query.filter(of_user);
            }
            (Some(user), None) => query = query.filter(dsl::user_id.eq(user.0)),
            (None, Some(by)) => query = query.filter(dsl::detail.eq(by.clone())),
            (None, None) => {}
        }
        if !filter.event.is_empty() {
            query = query.filter(dsl::event.eq(filter.event.clone()));
        }
        query
    }};
}

/// Newest first, with the users' addresses. What is skipped is skipped within an index.
pub fn page(
    connection: &mut AnyConnection,
    filter: &AuditFilter,
    offset: i64,
    limit: i64,
) -> QueryResult<Vec<AuditLine>> {
    let ids: Vec<i64> = filtered!(dsl::pool_audit.select(dsl::id), filter)
        .order((dsl::happened.desc(), dsl::id.desc()))
        .limit(limit)
        .offset(offset)
        .load(connection)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(Row, Option<String>)> = dsl::pool_audit
        .left_join(users::table.on(dsl::user_id.eq(users::user_id.nullable())))
        .filter(dsl::id.eq_any(ids))
        .order((dsl::happened.desc(), dsl::id.desc()))
        .select((COLUMNS, users::email.nullable()))
        .load(connection)?;
    let line = |(row, email): (Row, Option<String>)| AuditLine {
        entry: entry(row),
        email: email.unwrap_or_default(),
    };
    Ok(rows.into_iter().map(line).collect())
}

/// How much it lets through; of more than `most` only so much is read, and it is `most` and one.
pub fn count(connection: &mut AnyConnection, filter: &AuditFilter, most: i64) -> QueryResult<i64> {
    let beyond: Option<i64> = filtered!(dsl::pool_audit.select(dsl::id), filter)
        .order((dsl::happened.desc(), dsl::id.desc()))
        .limit(1)
        .offset(most)
        .first(connection)
        .optional()?;
    match beyond {
        Some(_) => Ok(most.saturating_add(1)),
        None => filtered!(dsl::pool_audit.select(count_star()), filter).first(connection),
    }
}

fn entry((at, event, user_id, ip, detail): Row) -> AuditEntry {
    AuditEntry {
        at,
        event,
        user_id: user_id.map(UserId),
        ip,
        detail,
    }
}
