//! `pool_leases`: work that one of several processes does. Times are the database's own.

use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::pool_leases::dsl;

/// Takes or renews a lease that is free, or `holder`'s already. False: it is not, or there is no row yet.
pub fn take(
    connection: &mut AnyConnection,
    name: &str,
    holder: &str,
    now: i64,
    until: i64,
) -> QueryResult<bool> {
    let free = dsl::holder.eq(holder).or(dsl::held_until.lt(now));
    let rows = diesel::update(dsl::pool_leases.filter(dsl::name.eq(name)).filter(free))
        .set((dsl::holder.eq(holder), dsl::held_until.eq(until)))
        .execute(connection)?;
    Ok(rows == 1)
}

pub fn is_there(connection: &mut AnyConnection, name: &str) -> QueryResult<bool> {
    let until: Option<i64> = dsl::pool_leases
        .find(name)
        .select(dsl::held_until)
        .first(connection)
        .optional()?;
    Ok(until.is_some())
}

pub fn insert(
    connection: &mut AnyConnection,
    name: &str,
    holder: &str,
    until: i64,
) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_leases)
        .values((
            dsl::name.eq(name),
            dsl::holder.eq(holder),
            dsl::held_until.eq(until),
        ))
        .execute(connection)
        .map(drop)
}

/// If it is `holder`'s.
pub fn give_back(connection: &mut AnyConnection, name: &str, holder: &str) -> QueryResult<()> {
    let own = dsl::pool_leases
        .filter(dsl::name.eq(name))
        .filter(dsl::holder.eq(holder));
    diesel::update(own)
        .set(dsl::held_until.eq(0))
        .execute(connection)
        .map(drop)
}
