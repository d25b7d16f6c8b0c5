//! `pool_counters`. The first statement of every transaction that needs a new number: the row's
//! lock puts those transactions in order, so that a higher number is never visible before a lower.

use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::pool_counters::dsl;

/// The last user id given away.
pub const USER_ID: &str = "user_id";
/// The last preference revision.
pub const REVISION: &str = "revision";
/// The vote version of the last reset: new users start with it.
pub const VOTE_VERSION: &str = "vote_version";
/// Scripts that voters hold and this database has not, as an operator confirmed; no row: none.
pub const SCRIPTS_LACKED: &str = "scripts_lacked";

/// Up to which moment (unix seconds) the audit log has lost the addresses of clients; no row: none.
pub const ADDRESSES_FORGOTTEN: &str = "addresses_forgotten";

/// The height above which what happens to tickets is news; no row: nobody is told anything yet.
pub const NEWS_FROM: &str = "news_from";

/// When the last backup was begun that came to its end (unix seconds); no row: none did.
pub const BACKED_UP: &str = "backed_up";

/// Changes of the list of added low-fee tickets. Older databases do not have this counter.
pub const LOW_FEE: &str = "low_fee";

/// Takes the lock of a counter that may not be there yet. Of two that make it at once one is repeated.
pub fn lock(connection: &mut AnyConnection, name: &str) -> QueryResult<()> {
    let rows = diesel::update(dsl::pool_counters.find(name))
        .set(dsl::value.eq(dsl::value + 1))
        .execute(connection)?;
    if rows == 0 {
        diesel::insert_into(dsl::pool_counters)
            .values((dsl::name.eq(name), dsl::value.eq(1)))
            .execute(connection)?;
    }
    Ok(())
}

/// The next number.
pub fn next(connection: &mut AnyConnection, name: &str) -> QueryResult<i64> {
    diesel::update(dsl::pool_counters.find(name))
        .set(dsl::value.eq(dsl::value + 1))
        .execute(connection)?;
    get(connection, name)
}

pub fn get(connection: &mut AnyConnection, name: &str) -> QueryResult<i64> {
    dsl::pool_counters
        .find(name)
        .select(dsl::value)
        .first(connection)
}

pub fn find(connection: &mut AnyConnection, name: &str) -> QueryResult<Option<i64>> {
    get(connection, name).optional()
}

pub fn insert(connection: &mut AnyConnection, name: &str, value: i64) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_counters)
        .values((dsl::name.eq(name), dsl::value.eq(value)))
        .execute(connection)
        .map(drop)
}

/// Sets it, whether it was there or not.
pub fn put(connection: &mut AnyConnection, name: &str, value: i64) -> QueryResult<()> {
    if find(connection, name)?.is_some() {
        set(connection, name, value)
    } else {
        insert(connection, name, value)
    }
}

/// Makes it at least `value`.
pub fn raise(connection: &mut AnyConnection, name: &str, value: i64) -> QueryResult<()> {
    diesel::update(dsl::pool_counters.find(name))
        .filter(dsl::value.lt(value))
        .set(dsl::value.eq(value))
        .execute(connection)
        .map(drop)
}

pub fn set(connection: &mut AnyConnection, name: &str, value: i64) -> QueryResult<()> {
    diesel::update(dsl::pool_counters.find(name))
        .set(dsl::value.eq(value))
        .execute(connection)
        .map(drop)
}
