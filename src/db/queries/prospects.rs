//! `Tickets` of a user, summed up: those that wait, and what votes earned. Each is read from an index of its own.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::narrow;
use super::tickets::{status_of, verdict_of, word_of};
use crate::db::connection::AnyConnection;
use crate::db::schema::tickets::dsl;
use crate::db::{Earned, WaitingTickets};
use crate::decred::{Atoms, Height};
use crate::domain::TicketStatus;

/// By the block that they were mined in, the lowest first.
pub fn waiting(connection: &mut AnyConnection, user_id: i64) -> QueryResult<Vec<WaitingTickets>> {
    let [immature, live] = [TicketStatus::Immature, TicketStatus::Live].map(word_of);
    let groups: Vec<(Option<i64>, String, String, i64)> = dsl::tickets
        .filter(dsl::user_id.eq(user_id))
        .filter(dsl::status.eq(immature).or(dsl::status.eq(live)))
        .filter(dsl::mined_height.is_not_null())
        .group_by((dsl::mined_height, dsl::status, dsl::verdict))
        .order(dsl::mined_height)
        .select((
            dsl::mined_height,
            dsl::status,
            dsl::verdict,
            diesel::dsl::count_star(),
        ))
        .load(connection)?;
    let read = |(mined, status, verdict, count): (Option<i64>, String, String, i64)| {
        Ok(WaitingTickets {
            mined: Height(narrow("Tickets.mined_height", mined.unwrap_or(-1))?),
            status: status_of(&status)?,
            verdict: verdict_of(&verdict)?,
            count: narrow("count of Tickets", count)?,
        })
    };
    groups.into_iter().map(read).collect()
}

#[derive(QueryableByName)]
struct Stretch {
    #[diesel(sql_type = BigInt)]
    height: i64,
    #[diesel(sql_type = BigInt)]
    votes: i64,
    #[diesel(sql_type = BigInt)]
    reward: i64,
}

/// Of votes in blocks from this height on, for each `stretch` of blocks that has some. Cast because a sum of
/// integers is a decimal in MySQL.
pub fn earned(
    connection: &mut AnyConnection,
    user_id: i64,
    since: i64,
    stretch: i64,
) -> QueryResult<Vec<Earned>> {
    let stretches: Vec<Stretch> = diesel::sql_query(
        "SELECT vote_height - vote_height % ? AS height, COUNT(*) AS votes, \
         CAST(SUM(vote_reward) AS SIGNED) AS reward \
         FROM Tickets WHERE user_id = ? AND vote_height >= ? GROUP BY 1 ORDER BY 1",
    )
    .bind::<BigInt, _>(stretch.max(1))
    .bind::<BigInt, _>(user_id)
    .bind::<BigInt, _>(since)
    .load(connection)?;
    let read = |found: Stretch| {
        Ok(Earned {
            height: Height(narrow("Tickets.vote_height", found.height)?),
            votes: narrow("count of Tickets", found.votes)?,
            reward: Atoms(found.reward),
        })
    };
    stretches.into_iter().map(read).collect()
}
