//! `pool_credentials`: when a user's password or e-mail address was last changed.

use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::pool_credentials::dsl;

/// Unix seconds; `None`: never since the Go program.
pub fn changed(connection: &mut AnyConnection, user_id: i64) -> QueryResult<Option<i64>> {
    dsl::pool_credentials
        .find(user_id)
        .select(dsl::changed)
        .first(connection)
        .optional()
}

pub fn set(connection: &mut AnyConnection, user_id: i64, now: i64) -> QueryResult<()> {
    let rows = diesel::update(dsl::pool_credentials.find(user_id))
        .set(dsl::changed.eq(now))
        .execute(connection)?;
    if rows == 0 {
        insert(connection, user_id, now)?;
    }
    Ok(())
}

/// Sets it if it is older than `than`: of those who try at once for one only.
pub fn set_if_older(
    connection: &mut AnyConnection,
    user_id: i64,
    than: i64,
    now: i64,
) -> QueryResult<bool> {
    let older = dsl::pool_credentials
        .filter(dsl::user_id.eq(user_id))
        .filter(dsl::changed.lt(than));
    let rows = diesel::update(older)
        .set(dsl::changed.eq(now))
        .execute(connection)?;
    if rows == 1 {
        return Ok(true);
    }
    if changed(connection, user_id)?.is_some() {
        return Ok(false);
    }
    // Who is second here conflicts, and finds the row when the transaction is repeated.
    insert(connection, user_id, now)?;
    Ok(true)
}

fn insert(connection: &mut AnyConnection, user_id: i64, now: i64) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_credentials)
        .values((dsl::user_id.eq(user_id), dsl::changed.eq(now)))
        .execute(connection)
        .map(drop)
}
