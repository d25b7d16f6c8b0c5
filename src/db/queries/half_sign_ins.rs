//! `pool_half_sign_ins`: browsers that gave the right password and still owe a code.

use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::pool_half_sign_ins::dsl;

pub fn insert(
    connection: &mut AnyConnection,
    token_hash: &str,
    user_id: i64,
    expires: i64,
) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_half_sign_ins)
        .values((
            dsl::token_hash.eq(token_hash),
            dsl::user_id.eq(user_id),
            dsl::expires.eq(expires),
        ))
        .execute(connection)
        .map(drop)
}

/// Whose it is, if it is not over.
pub fn user(
    connection: &mut AnyConnection,
    token_hash: &str,
    now: i64,
) -> QueryResult<Option<i64>> {
    dsl::pool_half_sign_ins
        .filter(dsl::token_hash.eq(token_hash))
        .filter(dsl::expires.gt(now))
        .select(dsl::user_id)
        .first(connection)
        .optional()
}

/// Ends that user's, of those who try at once for one only.
pub fn spend(
    connection: &mut AnyConnection,
    token_hash: &str,
    user_id: i64,
    now: i64,
) -> QueryResult<bool> {
    diesel::delete(
        dsl::pool_half_sign_ins
            .filter(dsl::token_hash.eq(token_hash))
            .filter(dsl::user_id.eq(user_id))
            .filter(dsl::expires.gt(now)),
    )
    .execute(connection)
    .map(|rows| rows == 1)
}

pub fn delete_of_user(connection: &mut AnyConnection, user_id: i64) -> QueryResult<()> {
    diesel::delete(dsl::pool_half_sign_ins.filter(dsl::user_id.eq(user_id)))
        .execute(connection)
        .map(drop)
}

pub fn delete_expired(connection: &mut AnyConnection, now: i64) -> QueryResult<usize> {
    diesel::delete(dsl::pool_half_sign_ins.filter(dsl::expires.le(now))).execute(connection)
}
