//! `Samples`.

use diesel::prelude::*;

use super::narrow;
use crate::db::connection::AnyConnection;
use crate::db::schema::samples::{self, dsl};
use crate::db::{Sample, VoteLatency};
use crate::decred::{Atoms, Height};

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = samples)]
#[diesel(treat_none_as_null = true)]
struct Row {
    height: i64,
    block_time: i64,
    ticket_price: i64,
    pool_size: i64,
    live: i64,
    immature: i64,
    voted: i64,
    missed: i64,
    expired: i64,
    votes: i64,
    latency_median: Option<i64>,
    latency_slowest: Option<i64>,
}

impl Row {
    fn of(sample: &Sample) -> Row {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        Row {
            height: i64::from(sample.height.0),
            block_time: sample.block_time,
            ticket_price: sample.ticket_price.0,
            pool_size: number(sample.pool_size),
            live: number(sample.live),
            immature: number(sample.immature),
            voted: number(sample.voted),
            missed: number(sample.missed),
            expired: number(sample.expired),
            votes: number(sample.votes),
            latency_median: sample.latency.map(|latency| number(latency.median_us)),
            latency_slowest: sample.latency.map(|latency| number(latency.slowest_us)),
        }
    }

    fn read(self) -> QueryResult<Sample> {
        let count = |value| narrow("Samples", value);
        let latency = match (self.latency_median, self.latency_slowest) {
            (Some(median), Some(slowest)) => Some(VoteLatency {
                median_us: count(median)?,
                slowest_us: count(slowest)?,
            }),
            _ => None,
        };
        Ok(Sample {
            height: Height(narrow("Samples.height", self.height)?),
            block_time: self.block_time,
            ticket_price: Atoms(self.ticket_price),
            pool_size: count(self.pool_size)?,
            live: count(self.live)?,
            immature: count(self.immature)?,
            voted: count(self.voted)?,
            missed: count(self.missed)?,
            expired: count(self.expired)?,
            votes: count(self.votes)?,
            latency,
        })
    }
}

/// Whether a row of this height was there and has the sample's values now.
pub fn update(connection: &mut AnyConnection, sample: &Sample) -> QueryResult<bool> {
    let height = i64::from(sample.height.0);
    let there: Option<i64> = dsl::samples
        .find(height)
        .select(dsl::height)
        .first(connection)
        .optional()?;
    // MySQL counts only rows that change: whether one is there must be asked.
    if there.is_some() {
        diesel::update(dsl::samples.find(height))
            .set(Row::of(sample))
            .execute(connection)?;
    }
    Ok(there.is_some())
}

pub fn insert(connection: &mut AnyConnection, sample: &Sample) -> QueryResult<()> {
    diesel::insert_into(dsl::samples)
        .values(Row::of(sample))
        .execute(connection)
        .map(drop)
}

pub fn delete(connection: &mut AnyConnection, height: Height) -> QueryResult<()> {
    diesel::delete(dsl::samples.find(i64::from(height.0)))
        .execute(connection)
        .map(drop)
}

/// Of blocks up to this time; highest first.
pub fn up_to(connection: &mut AnyConnection, time: i64, limit: i64) -> QueryResult<Vec<Sample>> {
    let rows: Vec<Row> = dsl::samples
        .filter(dsl::block_time.le(time))
        .order(dsl::height.desc())
        .limit(limit)
        .load(connection)?;
    rows.into_iter().map(Row::read).collect()
}
