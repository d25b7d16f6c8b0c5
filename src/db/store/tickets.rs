//! Tickets that the voters reported.

use diesel::QueryResult;

use super::Store;
use crate::db::changes::Touches;
use crate::db::connection::AnyConnection;
use crate::db::merge::{merge, prevails};
use crate::db::news::{Horizon, news};
use crate::db::queries::{clip, cursors, narrow, news as noted, prospects, saved_scripts, tickets};
use crate::db::{
    Error, Result, TicketCursor, TicketFilter, TicketPage, TicketPlace, TicketSums, TicketTotals,
};
use crate::decred::{Height, TicketHash};
use crate::domain::{InstanceId, TicketRecord, UserId};

impl Store {
    /// Where reading goes on; the beginning for an unknown voter.
    pub async fn ticket_cursor(&self, voter: &str) -> Result<TicketCursor> {
        let voter = clip(voter, 200);
        self.read(move |connection| cursors::find(connection, &voter))
            .await
    }

    /// Stores a page and where the next one starts, in one transaction; and what of it users are to be told.
    pub async fn store_tickets(&self, page: TicketPage) -> Result<()> {
        let voter = clip(&page.voter, 200);
        let source = source(&voter, page.instance);
        let sequence = i64::try_from(page.sequence)
            .map_err(|_| Error::Query(format!("ticket sequence {}", page.sequence)))?;
        // Apart: within the transaction it would be the first look, and what others write after it a conflict.
        let horizon = self.news_horizon(page.tip).await?;
        let touches = if page.tickets.is_empty() && page.gone.is_empty() {
            Touches::Nothing
        } else {
            Touches::Tickets
        };
        self.write_on(touches, move |connection| {
            for ticket in &page.tickets {
                let told = Told {
                    source: &source,
                    overrules: page.overrules,
                };
                store(connection, ticket, told, horizon)?;
            }
            for hash in &page.gone {
                tickets::delete_unmined(connection, *hash)?;
            }
            cursors::set(connection, &voter, page.instance, sequence)
        })
        .await
    }

    /// A voter has told all that it knows: what only others ever saw, in the mempool, has vanished since
    /// without a word.
    pub async fn forget_unmined_of_others(&self, voter: &str, instance: InstanceId) -> Result<()> {
        let source = source(&clip(voter, 200), instance);
        self.write_on(Touches::Tickets, move |connection| {
            tickets::delete_unmined_of_others(connection, &source)
        })
        .await
    }

    /// What all of a user's tickets come to; rewards of votes in blocks from `since` on, summed over so many
    /// blocks each time. Costs as much as there are tickets.
    pub async fn ticket_sums(
        &self,
        user_id: UserId,
        since: Height,
        stretch: u32,
    ) -> Result<TicketSums> {
        let (id, since, stretch) = (user_id.0, i64::from(since.0), i64::from(stretch));
        self.read(move |connection| {
            let total = tickets::count_of_user(connection, id, &TicketFilter::default())?;
            Ok(TicketSums {
                total: narrow("count of Tickets", total)?,
                waiting: prospects::waiting(connection, id)?,
                earned: prospects::earned(connection, id, since, stretch)?,
                script_saved: saved_scripts::is_there(connection, id)?,
            })
        })
        .await
    }

    /// A user's tickets, newest first.
    pub async fn tickets_of(
        &self,
        user_id: UserId,
        filter: TicketFilter,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<TicketRecord>> {
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        self.read(move |connection| {
            tickets::of_user(connection, user_id.0, &filter, offset, i64::from(limit))
        })
        .await
    }

    /// As `tickets_of`, those that follow a place in the list.
    pub async fn tickets_after(
        &self,
        user_id: UserId,
        filter: TicketFilter,
        place: Option<TicketPlace>,
        limit: u32,
    ) -> Result<Vec<TicketRecord>> {
        self.read(move |connection| {
            let limit = i64::from(limit);
            tickets::of_user_after(connection, user_id.0, &filter, place.as_ref(), limit)
        })
        .await
    }

    pub async fn ticket_count_of(&self, user_id: UserId, filter: TicketFilter) -> Result<u64> {
        self.read(move |connection| {
            let count = tickets::count_of_user(connection, user_id.0, &filter)?;
            narrow("count of Tickets", count)
        })
        .await
    }

    pub async fn ticket(&self, hash: TicketHash) -> Result<Option<TicketRecord>> {
        self.read(move |connection| tickets::find(connection, hash))
            .await
            .map(|found| found.map(|(ticket, _)| ticket))
    }

    /// Of all users: takes the longer the more tickets there are.
    pub async fn ticket_totals(&self) -> Result<TicketTotals> {
        self.read(tickets::totals).await
    }
}

/// Who told a ticket's status: a voter in one of its lives.
fn source(voter: &str, instance: InstanceId) -> String {
    format!("{voter} {instance}")
}

/// Who says so.
#[derive(Clone, Copy)]
struct Told<'a> {
    source: &'a str,
    overrules: bool,
}

fn store(
    connection: &mut AnyConnection,
    new: &TicketRecord,
    told: Told<'_>,
    horizon: Option<Horizon>,
) -> QueryResult<()> {
    let Told { source, overrules } = told;
    let Some((old, told_by)) = tickets::find(connection, new.hash)? else {
        tickets::insert(connection, new, source)?;
        return note(connection, None, new, horizon);
    };
    let same_source = overrules || told_by == source;
    let merged = merge(&old, new, same_source);
    let teller = if prevails(&old, new, same_source) {
        source
    } else {
        &told_by
    };
    if merged == old && teller == told_by {
        return Ok(());
    }
    tickets::update(connection, &merged, teller)?;
    note(connection, Some(&old), &merged, horizon)
}

/// Notes what the owner is to be told.
fn note(
    connection: &mut AnyConnection,
    old: Option<&TicketRecord>,
    new: &TicketRecord,
    horizon: Option<Horizon>,
) -> QueryResult<()> {
    let Some(horizon) = horizon else {
        return Ok(());
    };
    let subject = new.hash.to_string();
    news(old, new, horizon)
        .into_iter()
        .try_for_each(|(kind, height)| noted::note(connection, new.user_id, kind, &subject, height))
}
