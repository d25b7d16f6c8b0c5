//! A user's tickets, from the database.

use super::{Error, Pool, TICKETS_PER_PAGE, TicketPage};
use crate::db::{TicketFilter, TicketPlace};
use crate::domain::{TicketRecord, UserId};

/// Tickets per query of an export.
const BATCH: u32 = 500;

impl Pool {
    /// The user's tickets that the filter lets through, newest first; pages count from 0.
    pub async fn tickets(
        &self,
        user: UserId,
        filter: TicketFilter,
        page: u32,
    ) -> Result<TicketPage, Error> {
        let total = if filter == TicketFilter::default() {
            self.ticket_overview(user).await?.total
        } else {
            self.store.ticket_count_of(user, filter.clone()).await?
        };
        let offset = u64::from(page).saturating_mul(u64::from(TICKETS_PER_PAGE));
        let tickets = self
            .store
            .tickets_of(user, filter, offset, TICKETS_PER_PAGE)
            .await?;
        // The newest may have been stored by another process since they were counted.
        let here = offset.saturating_add(u64::try_from(tickets.len()).unwrap_or(u64::MAX));
        let total = if tickets.is_empty() {
            total
        } else {
            total.max(here)
        };
        Ok(TicketPage {
            tickets,
            page,
            total,
        })
    }

    /// The next of the user's tickets, for exports, which so hold only some at a time; none: that was
    /// all. What is mined between two calls moves in the list, and may be met twice.
    pub async fn next_tickets(
        &self,
        user: UserId,
        filter: TicketFilter,
        last: Option<TicketPlace>,
    ) -> Result<Vec<TicketRecord>, Error> {
        let batch = self.store.tickets_after(user, filter, last, BATCH).await?;
        Ok(batch)
    }
}
