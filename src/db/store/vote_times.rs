//! What each voter did when a ticket was called.

use super::Store;
use crate::db::changes::Touches;
use crate::db::queries::vote_times;
use crate::db::{Result, VoteTime};
use crate::decred::TicketHash;

impl Store {
    /// Writes down what voters did, in the place of what they did before for the same ticket. Of two processes
    /// that write the first word at once, one gets `Error::Conflict`.
    pub async fn note_vote_times(&self, times: Vec<VoteTime>, now: i64) -> Result<()> {
        self.write_on(Touches::Nothing, move |connection| {
            times
                .iter()
                .try_for_each(|time| vote_times::set(connection, time, now))
        })
        .await
    }

    /// The fastest first.
    pub async fn vote_times_of(&self, ticket: TicketHash) -> Result<Vec<VoteTime>> {
        self.read(move |connection| vote_times::of_ticket(connection, ticket))
            .await
    }
}
