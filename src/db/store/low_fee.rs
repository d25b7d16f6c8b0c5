//! Low-fee tickets, and which of them an admin added.
//!
//! `LowFeeTicket` says what is added; `Tickets.verdict` follows it in the same transaction, so that pages
//! are right before any voter was told.

use std::collections::HashMap;

use diesel::QueryResult;

use super::{Decision, Store};
use crate::db::connection::AnyConnection;
use crate::db::queries::low_fee::{self, Listed};
use crate::db::queries::{audit, counters, narrow, tickets};
use crate::db::{
    AuditEntry, LowFeeAddition, LowFeeChange, LowFeeEntry, LowFeeLife, LowFeeOwner, LowFeeRemoval,
    LowFeeTicket, Result,
};
use crate::decred::{Height, TicketHash};
use crate::domain::{FeeVerdict, TicketRecord};

/// A vote this many blocks deep is there to stay.
const DEEP: i64 = 6;

impl Store {
    /// Adds tickets, each once; one that is out of force, or has another address now, is added anew. The
    /// answers are in the order of the tickets.
    pub async fn add_low_fee(
        &self,
        tickets: Vec<LowFeeTicket>,
        change: LowFeeChange,
    ) -> Result<Vec<LowFeeAddition>> {
        self.decide(move |connection, doubtful| {
            counters::lock(connection, counters::LOW_FEE)?;
            let mut known = by_hash(low_fee::all(connection)?);
            let mut answers = Vec::with_capacity(tickets.len());
            for ticket in &tickets {
                let former = known.get(&ticket.ticket_hash);
                // Ours already, if an earlier try was committed after all.
                let ours = doubtful && former.is_some_and(|former| former.ticket == *ticket);
                let answer = match former {
                    _ if ours => LowFeeAddition::Added,
                    Some(former) if former.voted => LowFeeAddition::Voted,
                    Some(former) if is_same(former, ticket, change.now) => LowFeeAddition::Already,
                    _ => {
                        put(connection, ticket, &change)?;
                        LowFeeAddition::Added
                    }
                };
                if answer != LowFeeAddition::Voted {
                    let (low, added) = (FeeVerdict::Low, FeeVerdict::Added);
                    tickets::change_verdict(connection, ticket.ticket_hash, low, added)?;
                    known.insert(ticket.ticket_hash, Listed::fresh(ticket));
                }
                answers.push(answer);
            }
            Ok(Decision::Commit(answers))
        })
        .await
    }

    /// Takes tickets back: they are ignored again. The answers are in the order of the tickets.
    pub async fn remove_low_fee(
        &self,
        tickets: Vec<TicketHash>,
        change: LowFeeChange,
    ) -> Result<Vec<LowFeeRemoval>> {
        self.decide(move |connection, doubtful| {
            counters::lock(connection, counters::LOW_FEE)?;
            let mut known = by_hash(low_fee::all(connection)?);
            let mut answers = Vec::with_capacity(tickets.len());
            for ticket in &tickets {
                let answer = match known.remove(ticket) {
                    Some(former) if former.voted => LowFeeRemoval::Voted,
                    Some(former) => {
                        take_away(connection, &former.ticket, &change)?;
                        LowFeeRemoval::Removed
                    }
                    None if doubtful => LowFeeRemoval::Removed,
                    None => LowFeeRemoval::NotListed,
                };
                answers.push(answer);
            }
            Ok(Decision::Commit(answers))
        })
        .await
    }

    /// What voters must vote although its fee is too low: each ticket once, by hash.
    pub async fn low_fee_in_force(&self, now: i64) -> Result<Vec<LowFeeTicket>> {
        self.read(move |connection| {
            let mut tickets = low_fee::in_force(connection, now)?;
            // The latest row of a ticket counts, as in `by_hash`.
            tickets.reverse();
            tickets.sort_by_key(|ticket| ticket.ticket_hash);
            tickets.dedup_by_key(|ticket| ticket.ticket_hash);
            Ok(tickets)
        })
        .await
    }

    /// Low-fee tickets of all users, added or not, newest first; and how many there are in all.
    pub async fn low_fee_tickets(
        &self,
        life: LowFeeLife,
        offset: u64,
        limit: u32,
    ) -> Result<(Vec<LowFeeEntry>, u64)> {
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        self.read(move |connection| {
            let total = tickets::count_low_fee(connection, life)?;
            let page = tickets::low_fee(connection, life, offset, i64::from(limit))?;
            let mut known = by_hash(low_fee::all(connection)?);
            let entries = page.into_iter().map(|(ticket, email)| LowFeeEntry {
                added: known.remove(&ticket.hash).map(|listed| listed.ticket),
                ticket,
                email,
            });
            Ok((entries.collect(), narrow("count of Tickets", total)?))
        })
        .await
    }

    /// Tickets that may still vote and are ignored for their fee.
    pub async fn ignored_low_fee(&self, owner: LowFeeOwner) -> Result<Vec<TicketRecord>> {
        self.read(move |connection| tickets::ignored(connection, &owner))
            .await
    }

    /// Brings the two tables together at the height `tip`: what has voted for good leaves the list, and
    /// verdicts that a voter told before it knew the list are mended. Returns whether the list is another.
    pub async fn settle_low_fee(&self, tip: Height, now: i64) -> Result<bool> {
        let found = self.read(move |connection| unsettled(connection, tip, now));
        if found.await?.is_empty() {
            return Ok(false);
        }
        self.write(move |connection| {
            counters::lock(connection, counters::LOW_FEE)?;
            let found = unsettled(connection, tip, now)?;
            for ticket in &found.voted {
                low_fee::mark_voted(connection, *ticket)?;
            }
            let (low, added) = (FeeVerdict::Low, FeeVerdict::Added);
            for ticket in &found.added {
                tickets::change_verdict(connection, *ticket, low, added)?;
            }
            for ticket in &found.low {
                tickets::change_verdict(connection, *ticket, added, low)?;
            }
            Ok(!found.voted.is_empty())
        })
        .await
    }
}

/// What `settle_low_fee` has to do.
struct Unsettled {
    /// In the list, but voted.
    voted: Vec<TicketHash>,
    /// In the list, but told as low.
    added: Vec<TicketHash>,
    /// Not in the list, but told as added.
    low: Vec<TicketHash>,
}

impl Unsettled {
    fn is_empty(&self) -> bool {
        self.voted.is_empty() && self.added.is_empty() && self.low.is_empty()
    }
}

fn unsettled(connection: &mut AnyConnection, tip: Height, now: i64) -> QueryResult<Unsettled> {
    let listed = low_fee::in_force(connection, now)?;
    let listed: HashMap<TicketHash, String> = listed
        .into_iter()
        .map(|ticket| (ticket.ticket_hash, ticket.ticket_address))
        .collect();
    let deep = i64::from(tip.0).saturating_sub(DEEP.saturating_sub(1));
    let voted = tickets::voted_low_fee(connection, deep)?;
    let told_low = tickets::open_with(connection, FeeVerdict::Low)?;
    let told_added = tickets::open_with(connection, FeeVerdict::Added)?;
    let hashes = |tickets: Vec<(TicketHash, String)>, wanted: &dyn Fn(&(_, _)) -> bool| {
        let wanted = tickets.into_iter().filter(|ticket| wanted(ticket));
        wanted.map(|(hash, _)| hash).collect()
    };
    Ok(Unsettled {
        voted: voted
            .into_iter()
            .filter(|hash| listed.contains_key(hash))
            .collect(),
        // Under another address than its own a voter does not take it.
        added: hashes(told_low, &|(hash, address)| {
            listed.get(hash) == Some(address)
        }),
        low: hashes(told_added, &|(hash, _)| !listed.contains_key(hash)),
    })
}

impl Listed {
    fn fresh(ticket: &LowFeeTicket) -> Self {
        Self {
            ticket: ticket.clone(),
            voted: false,
        }
    }
}

/// The latest row of each ticket; one that says that it voted goes before.
fn by_hash(rows: Vec<Listed>) -> HashMap<TicketHash, Listed> {
    let mut known: HashMap<TicketHash, Listed> = HashMap::new();
    for row in rows {
        let hash = row.ticket.ticket_hash;
        if !known.get(&hash).is_some_and(|former| former.voted) {
            known.insert(hash, row);
        }
    }
    known
}

fn is_same(former: &Listed, ticket: &LowFeeTicket, now: i64) -> bool {
    former.is_in_force(now) && former.ticket.ticket_address == ticket.ticket_address
}

fn put(
    connection: &mut AnyConnection,
    ticket: &LowFeeTicket,
    change: &LowFeeChange,
) -> QueryResult<()> {
    low_fee::delete(connection, ticket.ticket_hash)?;
    low_fee::insert(connection, ticket)?;
    write_down(connection, "low_fee_added", ticket, change)
}

fn take_away(
    connection: &mut AnyConnection,
    ticket: &LowFeeTicket,
    change: &LowFeeChange,
) -> QueryResult<()> {
    low_fee::delete(connection, ticket.ticket_hash)?;
    let (added, low) = (FeeVerdict::Added, FeeVerdict::Low);
    tickets::change_verdict(connection, ticket.ticket_hash, added, low)?;
    write_down(connection, "low_fee_removed", ticket, change)
}

fn write_down(
    connection: &mut AnyConnection,
    event: &str,
    ticket: &LowFeeTicket,
    change: &LowFeeChange,
) -> QueryResult<()> {
    let entry = AuditEntry {
        at: change.now,
        event: event.to_owned(),
        user_id: change.by,
        ip: change.ip.clone(),
        detail: format!("{} of {}", ticket.ticket_hash, ticket.ticket_address),
    };
    audit::insert(connection, &entry)
}
