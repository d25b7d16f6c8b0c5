//! Which voting nodes had a ticket's vote ready, and when: written down from what voters say of their last blocks.

use super::{Error, Pool, TicketStory};
use crate::db::{self, VoteTime};
use crate::decred::{Height, TicketHash};
use crate::domain::UserId;
use crate::rpc::wire::{BlockVotes, VoteOutcome};

/// Blocks whose votes may still come.
const UNSETTLED: u32 = 2;

impl Pool {
    /// Writes down what is new in the voters' reports: at first all that they remember, then of the last blocks.
    pub(super) async fn note_vote_times(&self, tip: Height) -> Result<(), Error> {
        let noted = self.shown().noted_votes.clone();
        let from = noted.as_ref().map_or(Height(0), |(height, _)| {
            Height(height.0.saturating_sub(UNSETTLED))
        });
        let mut times = Vec::new();
        for peer in &self.peers {
            let told = peer.view().status.clone();
            let blocks = told.iter().flat_map(|status| &status.blocks);
            let blocks = blocks.filter(|block| block.height >= from);
            times.extend(blocks.flat_map(|block| times_of(peer.name(), block)));
        }
        if times.is_empty() || noted.is_some_and(|(_, before)| before == times) {
            return Ok(());
        }
        let now = self.clock.unix_seconds();
        match self.store.note_vote_times(times.clone(), now).await {
            Ok(()) => {
                self.shown().noted_votes = Some((tip, times));
                Ok(())
            }
            // Another web process was first; the next refresh finds its rows.
            Err(db::Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// All that is known of one of the user's tickets; `None`: it is not the user's.
    pub async fn ticket_story(
        &self,
        user: UserId,
        hash: TicketHash,
    ) -> Result<Option<TicketStory>, Error> {
        let found = self.store.ticket(hash).await?;
        let Some(ticket) = found.filter(|ticket| ticket.user_id == user) else {
            return Ok(None);
        };
        let mut votes = Vec::new();
        for time in self.store.vote_times_of(hash).await? {
            // Users need not know how the pool's own machines are called.
            let mut peers = self.peers.iter();
            let number = peers.position(|peer| peer.name() == time.voter);
            votes.push((number.and_then(|index| index.checked_add(1)), time));
        }
        Ok(Some(TicketStory { ticket, votes }))
    }
}

/// What one voter did on one block.
fn times_of(name: &str, block: &BlockVotes) -> Vec<VoteTime> {
    let known = |outcome| match outcome {
        VoteOutcome::Accepted => Some("first"),
        VoteOutcome::AlreadyKnown => Some("ready"),
        VoteOutcome::AlreadyVoted => Some("other"),
        VoteOutcome::Useless | VoteOutcome::Failed => None,
    };
    let times = block.votes.iter().filter_map(|vote| {
        Some(VoteTime {
            ticket: vote.ticket,
            voter: name.to_owned(),
            signed_us: vote.signed_us,
            answered_us: vote.answered_us,
            outcome: known(vote.outcome)?.to_owned(),
        })
    });
    times.collect()
}
