//! `pool_sessions`.

use diesel::prelude::*;

use super::half_sign_ins;
use crate::db::connection::AnyConnection;
use crate::db::schema::pool_sessions::{self, dsl};
use crate::db::{SESSION_IDLE_SECS, Session};
use crate::domain::UserId;

#[derive(Queryable, Insertable)]
#[diesel(table_name = pool_sessions)]
pub(in crate::db) struct Row {
    pub id_hash: String,
    pub user_id: i64,
    pub created: i64,
    pub last_seen: i64,
    pub ip: String,
    pub agent: String,
}

impl From<Row> for Session {
    fn from(row: Row) -> Self {
        Session {
            id_hash: row.id_hash,
            user_id: UserId(row.user_id),
            created: row.created,
            last_seen: row.last_seen,
            ip: row.ip,
            agent: row.agent,
        }
    }
}

pub fn insert(connection: &mut AnyConnection, row: &Row) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_sessions)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// If it is not over.
pub fn find(
    connection: &mut AnyConnection,
    id_hash: &str,
    now: i64,
) -> QueryResult<Option<Session>> {
    let row: Option<Row> = dsl::pool_sessions
        .filter(dsl::id_hash.eq(id_hash))
        .filter(dsl::last_seen.gt(now - SESSION_IDLE_SECS))
        .first(connection)
        .optional()?;
    Ok(row.map(Session::from))
}

pub fn of_user(
    connection: &mut AnyConnection,
    user_id: i64,
    now: i64,
) -> QueryResult<Vec<Session>> {
    let rows: Vec<Row> = dsl::pool_sessions
        .filter(dsl::user_id.eq(user_id))
        .filter(dsl::last_seen.gt(now - SESSION_IDLE_SECS))
        .order((dsl::last_seen.desc(), dsl::id_hash))
        .load(connection)?;
    Ok(rows.into_iter().map(Session::from).collect())
}

pub fn touch(connection: &mut AnyConnection, id_hash: &str, now: i64) -> QueryResult<()> {
    diesel::update(
        dsl::pool_sessions
            .filter(dsl::id_hash.eq(id_hash))
            .filter(dsl::last_seen.lt(now)),
    )
    .set(dsl::last_seen.eq(now))
    .execute(connection)
    .map(drop)
}

pub fn delete(connection: &mut AnyConnection, id_hash: &str) -> QueryResult<()> {
    diesel::delete(dsl::pool_sessions.find(id_hash))
        .execute(connection)
        .map(drop)
}

/// Only if it is that user's.
pub fn delete_one_of_user(
    connection: &mut AnyConnection,
    user_id: i64,
    id_hash: &str,
) -> QueryResult<()> {
    diesel::delete(
        dsl::pool_sessions
            .filter(dsl::id_hash.eq(id_hash))
            .filter(dsl::user_id.eq(user_id)),
    )
    .execute(connection)
    .map(drop)
}

/// Also those that owe a code.
pub fn delete_of_user(
    connection: &mut AnyConnection,
    user_id: i64,
    keep: &str,
) -> QueryResult<usize> {
    half_sign_ins::delete_of_user(connection, user_id)?;
    diesel::delete(
        dsl::pool_sessions
            .filter(dsl::user_id.eq(user_id))
            .filter(dsl::id_hash.ne(keep)),
    )
    .execute(connection)
}

pub fn delete_expired(connection: &mut AnyConnection, now: i64) -> QueryResult<usize> {
    diesel::delete(dsl::pool_sessions.filter(dsl::last_seen.le(now - SESSION_IDLE_SECS)))
        .execute(connection)
}
