//! `pool_sign_ups`: people who are not users yet.

use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::pool_sign_ups::{self, dsl};

#[derive(Queryable, Insertable)]
#[diesel(table_name = pool_sign_ups)]
pub(in crate::db) struct Row {
    pub token_hash: String,
    pub email_hash: String,
    pub email: String,
    pub password_hash: String,
    pub created: i64,
    pub expires: i64,
    /// Who it became.
    pub user_id: Option<i64>,
}

pub fn insert(connection: &mut AnyConnection, row: &Row) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_sign_ups)
        .values(row)
        .execute(connection)
        .map(drop)
}

pub fn find(connection: &mut AnyConnection, token_hash: &str) -> QueryResult<Option<Row>> {
    dsl::pool_sign_ups
        .find(token_hash)
        .first(connection)
        .optional()
}

/// The newest that still waits for this address.
pub fn newest(
    connection: &mut AnyConnection,
    email_hash: &str,
    now: i64,
) -> QueryResult<Option<Row>> {
    dsl::pool_sign_ups
        .filter(dsl::email_hash.eq(email_hash))
        .filter(dsl::user_id.is_null())
        .filter(dsl::expires.gt(now))
        .order((dsl::created.desc(), dsl::token_hash))
        .first(connection)
        .optional()
}

pub fn delete(connection: &mut AnyConnection, token_hash: &str) -> QueryResult<()> {
    diesel::delete(dsl::pool_sign_ups.find(token_hash))
        .execute(connection)
        .map(drop)
}

/// Keeps the row for a second click on its link, without the password.
pub fn mark_used(
    connection: &mut AnyConnection,
    token_hash: &str,
    user_id: i64,
) -> QueryResult<()> {
    diesel::update(dsl::pool_sign_ups.find(token_hash))
        .set((
            dsl::user_id.eq(Some(user_id)),
            dsl::password_hash.eq(String::new()),
        ))
        .execute(connection)
        .map(drop)
}

/// The sign-up that the user came from, while it is remembered.
pub fn delete_of_user(connection: &mut AnyConnection, user_id: i64) -> QueryResult<()> {
    diesel::delete(dsl::pool_sign_ups.filter(dsl::user_id.eq(user_id)))
        .execute(connection)
        .map(drop)
}

pub fn delete_expired(connection: &mut AnyConnection, now: i64) -> QueryResult<usize> {
    diesel::delete(dsl::pool_sign_ups.filter(dsl::expires.le(now))).execute(connection)
}
