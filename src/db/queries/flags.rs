//! `pool_flags`: what we know of users beyond the Go program's table.

use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::pool_flags::dsl;

pub fn insert(connection: &mut AnyConnection, user_id: i64, now: i64) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_flags)
        .values((
            dsl::user_id.eq(user_id),
            dsl::disabled.eq(0),
            dsl::created.eq(now),
        ))
        .execute(connection)
        .map(drop)
}

/// False: the user has no row yet.
pub fn set_disabled(
    connection: &mut AnyConnection,
    user_id: i64,
    disabled: bool,
) -> QueryResult<bool> {
    diesel::update(dsl::pool_flags.find(user_id))
        .set(dsl::disabled.eq(i64::from(disabled)))
        .execute(connection)
        .map(|rows| rows == 1)
}
