//! Tickets that the voters reported.

use super::{Store, later};
use crate::db::{Result, TicketCursor, TicketPage};
use crate::decred::{Atoms, TicketHash};
use crate::domain::{TicketRecord, UserId};
use crate::rpc::wire::TicketCounts;

#[expect(clippy::unused_async, reason = "placeholder")]
impl Store {
    pub async fn ticket_cursor(&self, _voter: &str) -> Result<TicketCursor> {
        later()
    }

    /// Stores a page and where the next one starts, in one transaction.
    pub async fn store_tickets(&self, _page: TicketPage) -> Result<()> {
        later()
    }

    /// A user's tickets, newest first.
    pub async fn tickets_of(
        &self,
        _user_id: UserId,
        _offset: u64,
        _limit: u32,
    ) -> Result<Vec<TicketRecord>> {
        later()
    }

    pub async fn ticket_count_of(&self, _user_id: UserId) -> Result<u64> {
        later()
    }

    pub async fn ticket(&self, _hash: TicketHash) -> Result<Option<TicketRecord>> {
        later()
    }

    /// Of all users. Low-fee tickets are counted as such only.
    pub async fn ticket_counts(&self) -> Result<TicketCounts> {
        later()
    }

    /// What all own votes earned.
    pub async fn total_subsidy(&self) -> Result<Atoms> {
        later()
    }
}
