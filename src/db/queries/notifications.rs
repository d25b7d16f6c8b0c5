//! `pool_notifications`: of what users want to be told; no row: the defaults.

use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::pool_notifications::{self, dsl};
use crate::domain::{NewsKind, Wishes};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = pool_notifications)]
struct Row {
    user_id: i64,
    missed: i64,
    low_fee: i64,
    voted: i64,
    expired: i64,
    vote_version: i64,
}

impl Row {
    fn wishes(&self) -> Wishes {
        let wanted = |kind: &NewsKind| {
            let column = match kind {
                NewsKind::Missed => self.missed,
                NewsKind::LowFee => self.low_fee,
                NewsKind::Voted => self.voted,
                NewsKind::Expired => self.expired,
                NewsKind::VoteVersion => self.vote_version,
            };
            column != 0
        };
        NewsKind::ALL.into_iter().filter(wanted).collect()
    }

    fn of(user_id: i64, wishes: &Wishes) -> Self {
        let column = |kind| i64::from(wishes.include(kind));
        Self {
            user_id,
            missed: column(NewsKind::Missed),
            low_fee: column(NewsKind::LowFee),
            voted: column(NewsKind::Voted),
            expired: column(NewsKind::Expired),
            vote_version: column(NewsKind::VoteVersion),
        }
    }
}

pub fn find(connection: &mut AnyConnection, user_id: i64) -> QueryResult<Option<Wishes>> {
    let row: Option<Row> = dsl::pool_notifications
        .find(user_id)
        .first(connection)
        .optional()?;
    Ok(row.map(|row| row.wishes()))
}

pub fn insert(connection: &mut AnyConnection, user_id: i64, wishes: &Wishes) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_notifications)
        .values(Row::of(user_id, wishes))
        .execute(connection)
        .map(drop)
}

pub fn delete(connection: &mut AnyConnection, user_id: i64) -> QueryResult<()> {
    diesel::delete(dsl::pool_notifications.find(user_id))
        .execute(connection)
        .map(drop)
}
