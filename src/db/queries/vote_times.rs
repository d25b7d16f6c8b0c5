//! `pool_vote_times`.

use diesel::prelude::*;

use super::{narrow, unreadable};
use crate::db::VoteTime;
use crate::db::connection::AnyConnection;
use crate::db::schema::pool_vote_times::{self, dsl};
use crate::decred::TicketHash;

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = pool_vote_times)]
struct Row {
    ticket: String,
    voter: String,
    signed_us: i64,
    answered_us: i64,
    outcome: String,
    noted: i64,
}

impl Row {
    fn of(time: &VoteTime, now: i64) -> Self {
        let number = |micros: u64| i64::try_from(micros).unwrap_or(i64::MAX);
        Self {
            ticket: time.ticket.to_string(),
            voter: super::clip(&time.voter, 200),
            signed_us: number(time.signed_us),
            answered_us: number(time.answered_us),
            outcome: time.outcome.clone(),
            noted: now,
        }
    }

    fn read(self) -> QueryResult<VoteTime> {
        let ticket = self.ticket.parse();
        Ok(VoteTime {
            ticket: ticket.map_err(|_| unreadable("pool_vote_times.ticket", &self.ticket))?,
            voter: self.voter,
            signed_us: narrow("pool_vote_times.signed", self.signed_us)?,
            answered_us: narrow("pool_vote_times.answered", self.answered_us)?,
            outcome: self.outcome,
        })
    }
}

/// In the place of what that voter did before.
pub fn set(connection: &mut AnyConnection, time: &VoteTime, now: i64) -> QueryResult<()> {
    let row = Row::of(time, now);
    let place = dsl::pool_vote_times.find((&row.ticket, &row.voter));
    let rows = diesel::update(place).set(&row).execute(connection)?;
    if rows == 0 {
        diesel::insert_into(dsl::pool_vote_times)
            .values(&row)
            .execute(connection)?;
    }
    Ok(())
}

pub fn of_ticket(connection: &mut AnyConnection, ticket: TicketHash) -> QueryResult<Vec<VoteTime>> {
    let rows: Vec<Row> = dsl::pool_vote_times
        .filter(dsl::ticket.eq(ticket.to_string()))
        .order((dsl::answered_us, dsl::voter))
        .load(connection)?;
    rows.into_iter().map(Row::read).collect()
}

pub fn delete_older(connection: &mut AnyConnection, than: i64) -> QueryResult<usize> {
    diesel::delete(dsl::pool_vote_times.filter(dsl::noted.lt(than))).execute(connection)
}
