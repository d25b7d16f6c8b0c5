//! `pool_second_factors` and `pool_recovery_codes`. Whatever is used is used once: by a condition on the row that
//! the use changes.

use diesel::prelude::*;

use super::narrow;
use crate::db::SecondFactor;
use crate::db::connection::AnyConnection;
use crate::db::schema::pool_recovery_codes::dsl as codes;
use crate::db::schema::pool_second_factors::{self, dsl};
use crate::secret::Secret;

#[derive(Insertable)]
#[diesel(table_name = pool_second_factors)]
pub(in crate::db) struct Row<'a> {
    pub user_id: i64,
    pub seed: &'a str,
    pub last_step: i64,
    pub last_use: &'a str,
    pub since: i64,
}

pub fn find(connection: &mut AnyConnection, user_id: i64) -> QueryResult<Option<SecondFactor>> {
    let found: Option<(String, i64)> = dsl::pool_second_factors
        .find(user_id)
        .select((dsl::seed, dsl::since))
        .first(connection)
        .optional()?;
    let Some((seed, since)) = found else {
        return Ok(None);
    };
    let left: i64 = codes::pool_recovery_codes
        .filter(codes::user_id.eq(user_id))
        .count()
        .get_result(connection)?;
    Ok(Some(SecondFactor {
        seed: Secret::new(seed),
        since,
        codes_left: narrow("pool_recovery_codes", left)?,
    }))
}

pub fn insert(connection: &mut AnyConnection, row: &Row<'_>) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_second_factors)
        .values(row)
        .execute(connection)
        .map(drop)
}

/// Takes a code of the app, of those who bring it at once from one only. False: it was used, or a later one was.
pub fn take_step(
    connection: &mut AnyConnection,
    user_id: i64,
    step: i64,
    mark: &str,
) -> QueryResult<bool> {
    diesel::update(
        dsl::pool_second_factors
            .filter(dsl::user_id.eq(user_id))
            .filter(dsl::last_step.lt(step)),
    )
    .set((dsl::last_step.eq(step), dsl::last_use.eq(mark)))
    .execute(connection)
    .map(|rows| rows == 1)
}

/// Takes a recovery code, of those who bring it at once from one only.
pub fn take_code(
    connection: &mut AnyConnection,
    user_id: i64,
    code_hash: &str,
    mark: &str,
) -> QueryResult<bool> {
    let there = codes::pool_recovery_codes.find((user_id, code_hash));
    if diesel::delete(there).execute(connection)? != 1 {
        return Ok(false);
    }
    diesel::update(dsl::pool_second_factors.find(user_id))
        .set(dsl::last_use.eq(mark))
        .execute(connection)
        .map(|rows| rows == 1)
}

/// Whether the call with this mark was the last one to use it.
pub fn was_last_used_by(
    connection: &mut AnyConnection,
    user_id: i64,
    mark: &str,
) -> QueryResult<bool> {
    let last: Option<String> = dsl::pool_second_factors
        .find(user_id)
        .select(dsl::last_use)
        .first(connection)
        .optional()?;
    Ok(last.is_some_and(|last| last == mark))
}

pub fn replace_codes(
    connection: &mut AnyConnection,
    user_id: i64,
    code_hashes: &[String],
) -> QueryResult<()> {
    delete_codes(connection, user_id)?;
    for code_hash in code_hashes {
        diesel::insert_into(codes::pool_recovery_codes)
            .values((
                codes::user_id.eq(user_id),
                codes::code_hash.eq(code_hash.as_str()),
            ))
            .execute(connection)?;
    }
    Ok(())
}

fn delete_codes(connection: &mut AnyConnection, user_id: i64) -> QueryResult<()> {
    diesel::delete(codes::pool_recovery_codes.filter(codes::user_id.eq(user_id)))
        .execute(connection)
        .map(drop)
}

/// False: there was none.
pub fn delete_of_user(connection: &mut AnyConnection, user_id: i64) -> QueryResult<bool> {
    delete_codes(connection, user_id)?;
    diesel::delete(dsl::pool_second_factors.find(user_id))
        .execute(connection)
        .map(|rows| rows == 1)
}
