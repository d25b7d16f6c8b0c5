//! `pool_mails`: the queue.

use diesel::dsl::min;
use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::pool_mails::{self, dsl};

pub const WAITING: &str = "waiting";
pub const SENT: &str = "sent";
pub const GIVEN_UP: &str = "given_up";
/// What is wrong with a mail that waits, while somebody sends it.
const BEING_SENT: &str = "being sent";
/// Rather than "not waiting", which no index finds.
const ENDED: [&str; 2] = [SENT, GIVEN_UP];

#[derive(Queryable, Insertable)]
#[diesel(table_name = pool_mails)]
pub(in crate::db) struct Row {
    pub id: String,
    pub recipient: String,
    pub subject: String,
    pub body: String,
    pub html: String,
    pub created: i64,
    pub state: String,
    pub due: i64,
    pub attempts: i64,
    pub problem: String,
}

pub fn insert(connection: &mut AnyConnection, row: &Row) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_mails)
        .values(row)
        .execute(connection)
        .map(drop)
}

pub fn is_there(connection: &mut AnyConnection, id: &str) -> QueryResult<bool> {
    let found: Option<String> = dsl::pool_mails
        .find(id)
        .select(dsl::id)
        .first(connection)
        .optional()?;
    Ok(found.is_some())
}

pub fn delete(connection: &mut AnyConnection, id: &str) -> QueryResult<()> {
    diesel::delete(dsl::pool_mails.find(id))
        .execute(connection)
        .map(drop)
}

/// The mail that has waited longest for its next try.
pub fn next(connection: &mut AnyConnection, now: i64) -> QueryResult<Option<Row>> {
    dsl::pool_mails
        .filter(dsl::state.eq(WAITING))
        .filter(dsl::due.le(now))
        .order((dsl::due, dsl::id))
        .first(connection)
        .optional()
}

/// Moves the next try, if nobody else did since `due` was read.
pub fn claim(
    connection: &mut AnyConnection,
    id: &str,
    due: i64,
    until: i64,
    attempts: i64,
) -> QueryResult<bool> {
    let unclaimed = dsl::pool_mails
        .filter(dsl::id.eq(id))
        .filter(dsl::state.eq(WAITING))
        .filter(dsl::due.eq(due));
    diesel::update(unclaimed)
        .set((
            dsl::due.eq(until),
            dsl::attempts.eq(attempts),
            dsl::problem.eq(BEING_SENT),
        ))
        .execute(connection)
        .map(|rows| rows == 1)
}

/// Who sends it goes on doing so. False: it is not that one's any more. Done twice it is as good as once.
pub fn renew(
    connection: &mut AnyConnection,
    id: &str,
    until: i64,
    longer: i64,
) -> QueryResult<bool> {
    let own = dsl::pool_mails
        .filter(dsl::id.eq(id))
        .filter(dsl::state.eq(WAITING))
        .filter(dsl::due.eq_any([until, longer]));
    diesel::update(own)
        .set(dsl::due.eq(longer))
        .execute(connection)
        .map(|rows| rows == 1)
}

/// Mails that somebody sends, or sent when that one died, and until when they are claimed: after `now`, not after
/// `last`.
pub fn being_sent(
    connection: &mut AnyConnection,
    now: i64,
    last: i64,
) -> QueryResult<Vec<(String, i64)>> {
    dsl::pool_mails
        .filter(dsl::state.eq(WAITING))
        .filter(dsl::due.gt(now))
        .filter(dsl::due.le(last))
        .filter(dsl::problem.eq(BEING_SENT))
        .select((dsl::id, dsl::due))
        .load(connection)
}

/// Makes a mail due that is still claimed until just then.
pub fn free(connection: &mut AnyConnection, id: &str, until: i64, now: i64) -> QueryResult<bool> {
    let claimed = dsl::pool_mails
        .filter(dsl::id.eq(id))
        .filter(dsl::state.eq(WAITING))
        .filter(dsl::due.eq(until))
        .filter(dsl::problem.eq(BEING_SENT));
    diesel::update(claimed)
        .set((dsl::due.eq(now), dsl::problem.eq("")))
        .execute(connection)
        .map(|rows| rows == 1)
}

/// Forgets what it said, and to whom if it was sent.
pub fn finish(
    connection: &mut AnyConnection,
    id: &str,
    state: &str,
    problem: &str,
    now: i64,
) -> QueryResult<()> {
    diesel::update(dsl::pool_mails.find(id))
        .set((
            dsl::state.eq(state),
            dsl::due.eq(now),
            dsl::problem.eq(problem),
            dsl::body.eq(""),
            dsl::html.eq(""),
        ))
        .execute(connection)?;
    if state == SENT {
        diesel::update(dsl::pool_mails.find(id))
            .set(dsl::recipient.eq(""))
            .execute(connection)?;
    }
    Ok(())
}

pub fn postpone(
    connection: &mut AnyConnection,
    id: &str,
    problem: &str,
    until: i64,
) -> QueryResult<()> {
    let waiting = dsl::pool_mails
        .filter(dsl::id.eq(id))
        .filter(dsl::state.eq(WAITING));
    diesel::update(waiting)
        .set((dsl::due.eq(until), dsl::problem.eq(problem)))
        .execute(connection)
        .map(drop)
}

pub fn count(connection: &mut AnyConnection, state: &str) -> QueryResult<i64> {
    dsl::pool_mails
        .filter(dsl::state.eq(state))
        .count()
        .get_result(connection)
}

/// When the oldest that waits was caused, unix seconds.
pub fn oldest(connection: &mut AnyConnection) -> QueryResult<Option<i64>> {
    dsl::pool_mails
        .filter(dsl::state.eq(WAITING))
        .select(min(dsl::created))
        .first(connection)
}

/// Those that ended before.
pub fn delete_finished(connection: &mut AnyConnection, before: i64) -> QueryResult<usize> {
    let finished = dsl::pool_mails
        .filter(dsl::state.eq_any(ENDED))
        .filter(dsl::due.le(before));
    diesel::delete(finished).execute(connection)
}

/// Of mails that ended, nobody needs to know any more to whom they went.
pub fn forget_recipient(connection: &mut AnyConnection, recipient: &str) -> QueryResult<()> {
    let ended = dsl::pool_mails
        .filter(dsl::recipient.eq(recipient))
        .filter(dsl::state.eq_any(ENDED));
    diesel::update(ended)
        .set(dsl::recipient.eq(""))
        .execute(connection)
        .map(drop)
}
