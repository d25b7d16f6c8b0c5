//! `pool_halt`: at most one row.

use diesel::prelude::*;

use super::clip;
use crate::db::Halt;
use crate::db::connection::AnyConnection;
use crate::db::schema::pool_halt::dsl;

const ROW: i64 = 1;

pub fn find(connection: &mut AnyConnection) -> QueryResult<Option<Halt>> {
    let row: Option<(i64, String, String)> = dsl::pool_halt
        .find(ROW)
        .select((dsl::since, dsl::voter, dsl::reason))
        .first(connection)
        .optional()?;
    Ok(row.map(|(since, voter, reason)| Halt {
        since,
        voter,
        reason,
    }))
}

pub fn insert(connection: &mut AnyConnection, halt: &Halt) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_halt)
        .values((
            dsl::id.eq(ROW),
            dsl::since.eq(halt.since),
            dsl::voter.eq(clip(&halt.voter, 255)),
            dsl::reason.eq(clip(&halt.reason, 2000)),
        ))
        .execute(connection)
        .map(drop)
}

pub fn delete(connection: &mut AnyConnection) -> QueryResult<bool> {
    diesel::delete(dsl::pool_halt.find(ROW))
        .execute(connection)
        .map(|rows| rows == 1)
}
