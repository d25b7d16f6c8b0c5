//! `pool_links`: what was mailed to users and may be used once.

use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::pool_links::{self, dsl};

#[derive(Queryable, Insertable)]
#[diesel(table_name = pool_links)]
pub(in crate::db) struct Row {
    pub token_hash: String,
    pub purpose: String,
    pub user_id: i64,
    pub email: String,
    pub expires: i64,
    pub spent: i64,
}

pub fn insert(connection: &mut AnyConnection, row: &Row) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_links)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// Used or not.
pub fn find(connection: &mut AnyConnection, token_hash: &str) -> QueryResult<Option<Row>> {
    dsl::pool_links
        .find(token_hash)
        .first(connection)
        .optional()
}

/// Marks a link used, of those who try at once for one only.
pub fn spend(connection: &mut AnyConnection, token_hash: &str, now: i64) -> QueryResult<bool> {
    diesel::update(
        dsl::pool_links
            .filter(dsl::token_hash.eq(token_hash))
            .filter(dsl::spent.eq(0))
            .filter(dsl::expires.gt(now)),
    )
    .set(dsl::spent.eq(1))
    .execute(connection)
    .map(|rows| rows == 1)
}

pub fn delete(connection: &mut AnyConnection, token_hash: &str) -> QueryResult<()> {
    diesel::delete(dsl::pool_links.find(token_hash))
        .execute(connection)
        .map(drop)
}

/// Voids all of a user's but `keep`.
pub fn delete_of_user(connection: &mut AnyConnection, user_id: i64, keep: &str) -> QueryResult<()> {
    diesel::delete(
        dsl::pool_links
            .filter(dsl::user_id.eq(user_id))
            .filter(dsl::token_hash.ne(keep)),
    )
    .execute(connection)
    .map(drop)
}

pub fn delete_expired(connection: &mut AnyConnection, now: i64) -> QueryResult<usize> {
    diesel::delete(dsl::pool_links.filter(dsl::expires.le(now))).execute(connection)
}
