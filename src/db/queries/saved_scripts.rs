//! `pool_saved_scripts`: users who said that their redeem script is saved.

use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::pool_saved_scripts::dsl;

pub fn is_there(connection: &mut AnyConnection, user_id: i64) -> QueryResult<bool> {
    let said: Option<i64> = dsl::pool_saved_scripts
        .find(user_id)
        .select(dsl::said)
        .first(connection)
        .optional()?;
    Ok(said.is_some())
}

pub fn insert(connection: &mut AnyConnection, user_id: i64, now: i64) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_saved_scripts)
        .values((dsl::user_id.eq(user_id), dsl::said.eq(now)))
        .execute(connection)
        .map(drop)
}
