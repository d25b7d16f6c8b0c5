//! `pool_sign`: at most one row.

use diesel::prelude::*;

use super::clip;
use crate::db::StoredSign;
use crate::db::connection::AnyConnection;
use crate::db::schema::pool_sign::dsl;
use crate::domain::UserId;

const ROW: i64 = 1;

type Row = (String, i64, String, i64, i64);

pub fn find(connection: &mut AnyConnection) -> QueryResult<Option<StoredSign>> {
    let row: Option<Row> = dsl::pool_sign
        .find(ROW)
        .select((
            dsl::notice,
            dsl::closed,
            dsl::closed_message,
            dsl::set_at,
            dsl::set_by,
        ))
        .first(connection)
        .optional()?;
    let read = |(notice, closed, closed_message, set_at, set_by)| StoredSign {
        notice,
        closed: closed != 0,
        closed_message,
        set_at,
        set_by: UserId(set_by),
    };
    Ok(row.map(read))
}

pub fn insert(connection: &mut AnyConnection, sign: &StoredSign) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_sign)
        .values((
            dsl::id.eq(ROW),
            dsl::notice.eq(clip(&sign.notice, 2000)),
            dsl::closed.eq(i64::from(sign.closed)),
            dsl::closed_message.eq(clip(&sign.closed_message, 2000)),
            dsl::set_at.eq(sign.set_at),
            dsl::set_by.eq(sign.set_by.0),
        ))
        .execute(connection)
        .map(drop)
}

pub fn delete(connection: &mut AnyConnection) -> QueryResult<bool> {
    diesel::delete(dsl::pool_sign.find(ROW))
        .execute(connection)
        .map(|rows| rows == 1)
}
