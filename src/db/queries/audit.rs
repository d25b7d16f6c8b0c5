//! `pool_audit`.

use diesel::prelude::*;

use super::clip;
use crate::db::AuditEntry;
use crate::db::connection::AnyConnection;
use crate::db::schema::pool_audit::dsl;
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

/// Newest first.
pub fn page(
    connection: &mut AnyConnection,
    offset: i64,
    limit: i64,
) -> QueryResult<Vec<AuditEntry>> {
    let rows: Vec<Row> = dsl::pool_audit
        .order((dsl::happened.desc(), dsl::id.desc()))
        .limit(limit)
        .offset(offset)
        .select(COLUMNS)
        .load(connection)?;
    Ok(rows.into_iter().map(entry).collect())
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
