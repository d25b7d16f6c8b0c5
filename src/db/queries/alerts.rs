//! `pool_alerts`.

use diesel::prelude::*;

use super::{clip, unreadable};
use crate::db::connection::AnyConnection;
use crate::db::schema::pool_alerts::{self, dsl};
use crate::domain::{Alert, AlertState, AlertWay};

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = pool_alerts)]
struct Row {
    way: String,
    alarm: String,
    about: String,
    message: String,
    since: i64,
    seen: i64,
    state: String,
    due: i64,
    told: i64,
}

impl Row {
    fn of(alert: &Alert) -> Self {
        Self {
            way: alert.way.name().to_owned(),
            alarm: clip(&alert.alarm, 64),
            about: clip(&alert.about, 200),
            message: clip(&alert.message, 1000),
            since: alert.since,
            seen: alert.seen,
            state: alert.state.name().to_owned(),
            due: alert.due,
            told: alert.told,
        }
    }

    fn read(self) -> QueryResult<Alert> {
        let way = AlertWay::parse(&self.way);
        let state = AlertState::parse(&self.state);
        Ok(Alert {
            way: way.ok_or_else(|| unreadable("pool_alerts.way", &self.way))?,
            state: state.ok_or_else(|| unreadable("pool_alerts.state", &self.state))?,
            alarm: self.alarm,
            about: self.about,
            message: self.message,
            since: self.since,
            seen: self.seen,
            due: self.due,
            told: self.told,
        })
    }
}

pub fn all(connection: &mut AnyConnection) -> QueryResult<Vec<Alert>> {
    let rows = dsl::pool_alerts
        .order((dsl::since, dsl::alarm, dsl::about, dsl::way))
        .load::<Row>(connection)?;
    rows.into_iter().map(Row::read).collect()
}

/// The one with the same key, as it is now.
pub fn find(connection: &mut AnyConnection, alert: &Alert) -> QueryResult<Option<Alert>> {
    let key = (alert.way.name(), &alert.alarm, &alert.about);
    let row: Option<Row> = dsl::pool_alerts.find(key).first(connection).optional()?;
    row.map(Row::read).transpose()
}

pub fn insert(connection: &mut AnyConnection, alert: &Alert) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_alerts)
        .values(Row::of(alert))
        .execute(connection)
        .map(drop)
}

/// If its telling is still where `from` says.
pub fn update(connection: &mut AnyConnection, from: &Alert, to: &Alert) -> QueryResult<bool> {
    let key = (from.way.name(), &from.alarm, &from.about);
    let unchanged = dsl::pool_alerts
        .find(key)
        .filter(dsl::state.eq(from.state.name()))
        .filter(dsl::due.eq(from.due))
        .filter(dsl::told.eq(from.told));
    diesel::update(unchanged)
        .set(Row::of(to))
        .execute(connection)
        .map(|rows| rows == 1)
}

/// If its telling is still where `alert` says.
pub fn delete(connection: &mut AnyConnection, alert: &Alert) -> QueryResult<bool> {
    let key = (alert.way.name(), &alert.alarm, &alert.about);
    let unchanged = dsl::pool_alerts
        .find(key)
        .filter(dsl::state.eq(alert.state.name()))
        .filter(dsl::due.eq(alert.due))
        .filter(dsl::told.eq(alert.told));
    diesel::delete(unchanged)
        .execute(connection)
        .map(|rows| rows == 1)
}
