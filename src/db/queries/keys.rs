//! `pool_keys`: which child of the extended keys is whose. Each index has one owner, for ever.

use diesel::prelude::*;

use super::narrow;
use crate::db::connection::AnyConnection;
use crate::db::schema::pool_keys::dsl;
use crate::db::schema::{pool_keys, users};
use crate::domain::KeyIndex;

/// The only key set there is until keys are rotated.
pub const KEY_SET: i64 = 0;

pub fn find(connection: &mut AnyConnection, user_id: i64) -> QueryResult<Option<KeyIndex>> {
    let index: Option<i64> = dsl::pool_keys
        .find(user_id)
        .select(dsl::key_index)
        .first(connection)
        .optional()?;
    index
        .map(|index| narrow("pool_keys.key_index", index).map(KeyIndex))
        .transpose()
}

pub fn is_taken(connection: &mut AnyConnection, index: i64) -> QueryResult<bool> {
    let owner: Option<i64> = dsl::pool_keys
        .filter(dsl::key_set.eq(KEY_SET))
        .filter(dsl::key_index.eq(index))
        .select(dsl::user_id)
        .first(connection)
        .optional()?;
    Ok(owner.is_some())
}

pub fn insert(connection: &mut AnyConnection, user_id: i64, index: i64) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_keys)
        .values((
            dsl::user_id.eq(user_id),
            dsl::key_set.eq(KEY_SET),
            dsl::key_index.eq(index),
        ))
        .execute(connection)
        .map(drop)
}

pub fn replace(connection: &mut AnyConnection, user_id: i64, index: i64) -> QueryResult<()> {
    diesel::update(dsl::pool_keys.find(user_id))
        .set(dsl::key_index.eq(index))
        .execute(connection)
        .map(drop)
}

/// The lowest index of a user who has no address yet.
pub fn lowest_waiting(connection: &mut AnyConnection) -> QueryResult<Option<KeyIndex>> {
    let lowest: Option<i64> = pool_keys::table
        .inner_join(users::table.on(dsl::user_id.eq(users::user_id)))
        .filter(dsl::key_set.eq(KEY_SET))
        .filter(
            users::multi_sig_address
                .is_null()
                .or(users::multi_sig_address.eq("")),
        )
        .order(dsl::key_index)
        .select(dsl::key_index)
        .first(connection)
        .optional()?;
    lowest
        .map(|index| narrow("pool_keys.key_index", index).map(KeyIndex))
        .transpose()
}

/// Users who have no address yet and an index of at most `index`.
pub fn waiting_up_to(connection: &mut AnyConnection, index: i64) -> QueryResult<Vec<i64>> {
    pool_keys::table
        .inner_join(users::table.on(dsl::user_id.eq(users::user_id)))
        .filter(dsl::key_set.eq(KEY_SET))
        .filter(dsl::key_index.le(index))
        .filter(
            users::multi_sig_address
                .is_null()
                .or(users::multi_sig_address.eq("")),
        )
        .order(dsl::user_id)
        .select(dsl::user_id)
        .load(connection)
}
