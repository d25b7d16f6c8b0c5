//! `pool_keys`: which child of the extended keys is whose. Each index has one owner, for ever.

use diesel::prelude::*;

use super::narrow;
use crate::db::connection::AnyConnection;
use crate::db::schema::pool_keys::dsl;
use crate::domain::KeyIndex;

/// The only key set there is until keys are rotated.
const KEY_SET: i64 = 0;

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
