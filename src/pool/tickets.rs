//! A user's tickets, from the database.

use super::{Error, Pool, TICKETS_PER_PAGE, TicketPage};
use crate::domain::{TicketRecord, UserId};

/// Tickets per query of an export.
const BATCH: u32 = 1000;

impl Pool {
    /// The user's tickets, newest first; pages count from 0.
    pub async fn tickets(&self, user: UserId, page: u32) -> Result<TicketPage, Error> {
        let total = self.store.ticket_count_of(user).await?;
        let offset = u64::from(page).saturating_mul(u64::from(TICKETS_PER_PAGE));
        let tickets = self
            .store
            .tickets_of(user, offset, TICKETS_PER_PAGE)
            .await?;
        Ok(TicketPage {
            tickets,
            page,
            total,
        })
    }

    /// All tickets of the user, for exports.
    pub async fn all_tickets(&self, user: UserId) -> Result<Vec<TicketRecord>, Error> {
        let mut all = Vec::new();
        loop {
            let offset = u64::try_from(all.len()).unwrap_or(u64::MAX);
            let batch = self.store.tickets_of(user, offset, BATCH).await?;
            let last = batch.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
            all.extend(batch);
            if last {
                return Ok(all);
            }
        }
    }
}
