//! `pool_news`: what happened to users' tickets, told and to be told.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::tickets::Row as TicketRow;
use super::unreadable;
use crate::db::connection::AnyConnection;
use crate::db::schema::{pool_news::dsl, tickets};
use crate::db::{News, NewsTopic};
use crate::decred::{Height, VoteVersion};
use crate::domain::{NewsKind, UserId};

const UNTOLD: i64 = 0;

fn kind_of(text: &str) -> QueryResult<NewsKind> {
    NewsKind::parse(text).ok_or_else(|| unreadable("pool_news.kind", text))
}

/// Notes what is to be told. What waits to be told already waits anew, and what was told stays told: a
/// reorganisation may bring everything twice.
pub fn note(
    connection: &mut AnyConnection,
    user: UserId,
    kind: NewsKind,
    subject: &str,
    height: Height,
) -> QueryResult<()> {
    let height = i64::from(height.0);
    let key = (user.0, kind.name(), subject);
    let told: Option<i64> = dsl::pool_news
        .find(key)
        .select(dsl::told)
        .first(connection)
        .optional()?;
    match told {
        None => diesel::insert_into(dsl::pool_news)
            .values((
                dsl::user_id.eq(user.0),
                dsl::kind.eq(kind.name()),
                dsl::subject.eq(subject),
                dsl::height.eq(height),
                dsl::told.eq(UNTOLD),
            ))
            .execute(connection)
            .map(drop),
        Some(UNTOLD) => diesel::update(dsl::pool_news.find(key))
            .set(dsl::height.eq(height))
            .execute(connection)
            .map(drop),
        Some(_) => Ok(()),
    }
}

/// Notes for everybody who has tickets that may still vote that this version began. Nothing has to pass
/// before it is told.
pub fn note_version(connection: &mut AnyConnection, version: VoteVersion) -> QueryResult<()> {
    diesel::sql_query(
        "INSERT INTO pool_news (user_id, kind, subject, height, told) \
         SELECT DISTINCT user_id, ?, ?, 0, ? FROM Tickets \
         WHERE status IN ('mempool', 'immature', 'live') AND verdict <> 'low' AND user_id NOT IN \
         (SELECT user_id FROM pool_news WHERE kind = ? AND subject = ?)",
    )
    .bind::<Text, _>(NewsKind::VoteVersion.name())
    .bind::<Text, _>(version.to_string())
    .bind::<BigInt, _>(UNTOLD)
    .bind::<Text, _>(NewsKind::VoteVersion.name())
    .bind::<Text, _>(version.to_string())
    .execute(connection)
    .map(drop)
}

/// Who has news of heights up to this one, by user.
pub fn waiting(connection: &mut AnyConnection, up_to: i64) -> QueryResult<Vec<(i64, NewsTopic)>> {
    let found: Vec<(i64, String)> = dsl::pool_news
        .filter(dsl::told.eq(UNTOLD))
        .filter(dsl::height.le(up_to))
        .select((dsl::user_id, dsl::kind))
        .distinct()
        .load(connection)?;
    let topics = found
        .into_iter()
        .map(|(user, kind)| Ok((user, NewsTopic::of(kind_of(&kind)?))));
    let mut topics = topics.collect::<QueryResult<Vec<_>>>()?;
    topics.sort_unstable();
    topics.dedup();
    Ok(topics)
}

/// Who was told of tickets after this moment, some of them several times: to have each once SQLite would
/// read all of the table.
pub fn told_since(connection: &mut AnyConnection, moment: i64) -> QueryResult<Vec<i64>> {
    dsl::pool_news
        .filter(dsl::told.gt(moment.max(UNTOLD)))
        .filter(dsl::kind.ne(NewsKind::VoteVersion.name()))
        .select(dsl::user_id)
        .load(connection)
}

/// What waits for one user, with the tickets as they are now.
pub fn of_user(
    connection: &mut AnyConnection,
    user_id: i64,
    topic: NewsTopic,
    up_to: i64,
) -> QueryResult<Vec<News>> {
    let mut query = dsl::pool_news
        .left_join(tickets::table.on(tickets::hash.eq(dsl::subject)))
        .filter(dsl::user_id.eq(user_id))
        .filter(dsl::told.eq(UNTOLD))
        .filter(dsl::height.le(up_to))
        .order((dsl::kind, dsl::height.desc(), dsl::subject))
        .select((dsl::kind, dsl::subject, Option::<TicketRow>::as_select()))
        .into_boxed();
    let version = NewsKind::VoteVersion.name();
    query = match topic {
        NewsTopic::Tickets => query.filter(dsl::kind.ne(version)),
        NewsTopic::VoteVersion => query.filter(dsl::kind.eq(version)),
    };
    let rows: Vec<(String, String, Option<TicketRow>)> = query.load(connection)?;
    let read = rows.into_iter().map(|(kind, subject, ticket)| {
        Ok(News {
            kind: kind_of(&kind)?,
            subject,
            ticket: ticket.map(TicketRow::read).transpose()?,
        })
    });
    read.collect()
}

/// False: somebody else told it meanwhile.
pub fn mark_told(
    connection: &mut AnyConnection,
    user_id: i64,
    news: &News,
    now: i64,
) -> QueryResult<bool> {
    let untold = dsl::pool_news
        .find((user_id, news.kind.name(), &news.subject))
        .filter(dsl::told.eq(UNTOLD));
    diesel::update(untold)
        .set(dsl::told.eq(now.max(1)))
        .execute(connection)
        .map(|rows| rows == 1)
}

/// Forgets what is not told: it may become news again. False: somebody else told or forgot it.
pub fn drop_untold(connection: &mut AnyConnection, user_id: i64, news: &News) -> QueryResult<bool> {
    let untold = dsl::pool_news
        .find((user_id, news.kind.name(), &news.subject))
        .filter(dsl::told.eq(UNTOLD));
    diesel::delete(untold)
        .execute(connection)
        .map(|rows| rows == 1)
}

/// What was told before this moment.
pub fn delete_told(connection: &mut AnyConnection, before: i64) -> QueryResult<usize> {
    let told = dsl::pool_news
        .filter(dsl::told.gt(UNTOLD))
        .filter(dsl::told.le(before));
    diesel::delete(told).execute(connection)
}
