//! `LowFeeTicket`, the Go program's table: tickets that an admin added although their fee is too low.
//! A row is in force while `Voted` is 0 and `Expires` in the future. There is no index beyond the key, and
//! nothing keeps the Go program from naming a ticket twice, or by nonsense.

use diesel::prelude::*;

use crate::db::LowFeeTicket;
use crate::db::connection::AnyConnection;
use crate::db::schema::low_fee_ticket::{self, dsl};
use crate::decred::{Height, TicketHash};
use crate::domain::UserId;

#[derive(Queryable, Selectable)]
#[diesel(table_name = low_fee_ticket)]
struct Row {
    added_by_uid: Option<i64>,
    ticket_address: Option<String>,
    ticket_hash: Option<String>,
    ticket_expiry: Option<i64>,
    voted: Option<i64>,
    created: Option<i64>,
    expires: Option<i64>,
}

/// A row that can be read.
pub struct Listed {
    pub ticket: LowFeeTicket,
    pub voted: bool,
}

impl Listed {
    pub fn is_in_force(&self, now: i64) -> bool {
        !self.voted && self.ticket.expires > now
    }
}

impl Row {
    /// `None` for a row that names no ticket.
    fn read(self) -> Option<Listed> {
        let text = self.ticket_hash.unwrap_or_default();
        let Ok(ticket_hash) = text.trim().parse() else {
            tracing::debug!(ticket.hash = text, "a row of LowFeeTicket names no ticket");
            return None;
        };
        let expiry = self.ticket_expiry.unwrap_or(0).max(0);
        Some(Listed {
            ticket: LowFeeTicket {
                ticket_hash,
                ticket_address: self.ticket_address.unwrap_or_default(),
                added_by: UserId(self.added_by_uid.unwrap_or(0)),
                ticket_expiry: Height(u32::try_from(expiry).unwrap_or(u32::MAX)),
                created: self.created.unwrap_or(0),
                expires: self.expires.unwrap_or(0),
            },
            voted: self.voted.unwrap_or(0) != 0,
        })
    }
}

/// In the order they were added.
pub fn all(connection: &mut AnyConnection) -> QueryResult<Vec<Listed>> {
    let rows: Vec<Row> = dsl::low_fee_ticket
        .order(dsl::low_fee_ticket_id)
        .select(Row::as_select())
        .load(connection)?;
    Ok(rows.into_iter().filter_map(Row::read).collect())
}

pub fn in_force(connection: &mut AnyConnection, now: i64) -> QueryResult<Vec<LowFeeTicket>> {
    let rows: Vec<Row> = dsl::low_fee_ticket
        .filter(dsl::voted.eq(0))
        .filter(dsl::expires.gt(now))
        .order(dsl::low_fee_ticket_id)
        .select(Row::as_select())
        .load(connection)?;
    let listed = rows.into_iter().filter_map(Row::read);
    Ok(listed.map(|listed| listed.ticket).collect())
}

pub fn insert(connection: &mut AnyConnection, ticket: &LowFeeTicket) -> QueryResult<()> {
    diesel::insert_into(dsl::low_fee_ticket)
        .values((
            dsl::added_by_uid.eq(ticket.added_by.0),
            dsl::ticket_address.eq(&ticket.ticket_address),
            dsl::ticket_hash.eq(ticket.ticket_hash.to_string()),
            dsl::ticket_expiry.eq(i64::from(ticket.ticket_expiry.0)),
            dsl::voted.eq(0),
            dsl::created.eq(ticket.created),
            dsl::expires.eq(ticket.expires),
        ))
        .execute(connection)
        .map(drop)
}

pub fn mark_voted(connection: &mut AnyConnection, ticket: TicketHash) -> QueryResult<()> {
    let rows = dsl::low_fee_ticket.filter(dsl::ticket_hash.eq(ticket.to_string()));
    diesel::update(rows)
        .set(dsl::voted.eq(1))
        .execute(connection)
        .map(drop)
}

/// Every row that names it.
pub fn delete(connection: &mut AnyConnection, ticket: TicketHash) -> QueryResult<()> {
    let rows = dsl::low_fee_ticket.filter(dsl::ticket_hash.eq(ticket.to_string()));
    diesel::delete(rows).execute(connection).map(drop)
}
