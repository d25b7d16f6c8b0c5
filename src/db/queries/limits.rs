//! `pool_limits`: until when the allowance of each account is used up, unix milliseconds.

use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::pool_limits::dsl;

/// Takes the row's lock, so that of two who ask at once the second sees what the first took.
pub fn find_to_change(connection: &mut AnyConnection, name: &str) -> QueryResult<Option<i64>> {
    diesel::update(dsl::pool_limits.find(name))
        .set(dsl::used_until.eq(dsl::used_until))
        .execute(connection)?;
    dsl::pool_limits
        .find(name)
        .select(dsl::used_until)
        .first(connection)
        .optional()
}

pub fn insert(connection: &mut AnyConnection, name: &str, used_until: i64) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_limits)
        .values((dsl::name.eq(name), dsl::used_until.eq(used_until)))
        .execute(connection)
        .map(drop)
}

pub fn update(connection: &mut AnyConnection, name: &str, used_until: i64) -> QueryResult<()> {
    diesel::update(dsl::pool_limits.find(name))
        .set(dsl::used_until.eq(used_until))
        .execute(connection)
        .map(drop)
}

/// Those that mean nothing any more.
pub fn delete_past(connection: &mut AnyConnection, now: i64) -> QueryResult<usize> {
    diesel::delete(dsl::pool_limits.filter(dsl::used_until.le(now))).execute(connection)
}
