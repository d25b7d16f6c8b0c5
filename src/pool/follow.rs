//! Tickets from the voters into the database.
//!
//! One voter is believed at a time: the one with the most chain work when the former one went away
//! or lagged. Its tickets are then read from the start, so that what is stored is one voter's view
//! and never a mixture of two.

use super::chain::weight;
use super::voters::{Peer, QUICK};
use super::{Error, Pool};
use crate::db::{TicketCursor, TicketPage};
use crate::decred::Height;
use crate::rpc;
use crate::rpc::wire::{Status, TicketsSince};

/// Tickets in one answer.
const PAGE: u32 = 500;

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Voter(#[from] rpc::Error),
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<crate::db::Error> for Trouble {
    fn from(error: crate::db::Error) -> Self {
        Trouble::Store(error.into())
    }
}

impl Pool {
    /// Stores what this voter learned about tickets, if it is the one that is believed.
    pub(super) async fn follow(&self, peer: &Peer) {
        if self.elect().as_deref() != Some(peer.name()) {
            return;
        }
        if let Err(error) = self.read_tickets(peer).await {
            tracing::warn!(voter = peer.name(), %error, "tickets not read");
        }
    }

    async fn read_tickets(&self, peer: &Peer) -> Result<(), Trouble> {
        while !self.tasks.is_stopping() {
            let cursor = if peer.view().read_again {
                TicketCursor::default()
            } else {
                self.store.ticket_cursor(peer.name()).await?
            };
            let request = TicketsSince {
                instance: cursor.instance,
                sequence: cursor.sequence,
                limit: PAGE,
            };
            let page = peer
                .within(QUICK, peer.voter().tickets_since(request))
                .await?;
            let moved = cursor.instance != Some(page.instance) || cursor.sequence != page.sequence;
            if moved || !page.tickets.is_empty() || !page.gone.is_empty() {
                self.store
                    .store_tickets(TicketPage {
                        voter: peer.name().to_owned(),
                        instance: page.instance,
                        sequence: page.sequence,
                        tickets: page.tickets,
                        gone: page.gone,
                    })
                    .await?;
            }
            peer.view().read_again = false;
            // A voter that says "more" but does not move would keep us here for ever.
            if !page.more || !moved {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The voter whose tickets and numbers count: the former one as long as it is there and does not
    /// lag, else the one with the most work.
    pub(super) fn elect(&self) -> Option<String> {
        let best = self.best_height();
        let now = self.clock.unix_seconds();
        let candidates = self.peers.iter().filter_map(|peer| {
            let view = peer.view();
            let status = view.status.clone().filter(|_| view.connected)?;
            let tip = status.best.as_ref()?;
            let lags = best.is_some_and(|best| self.lags(tip.height, best, now));
            (status.dcrd.connected && !lags).then(|| (peer, status.clone()))
        });
        let candidates: Vec<_> = candidates.collect();
        let mut shown = self.shown();
        let stays = candidates
            .iter()
            .any(|(peer, _)| Some(peer.name()) == shown.leader.as_deref());
        if stays {
            return shown.leader.clone();
        }
        let (peer, _) = candidates
            .iter()
            .max_by(|(_, a), (_, b)| work(a).cmp(&work(b)))?;
        // The first one of this process goes on where its cursor stands.
        if let Some(former) = &shown.leader {
            tracing::info!(
                from = former,
                to = peer.name(),
                "another voter's tickets are followed"
            );
            peer.view().read_again = true;
        }
        shown.leader = Some(peer.name().to_owned());
        shown.leader.clone()
    }
}

fn work(status: &Status) -> (usize, &str, Height) {
    status.best.as_ref().map(weight).unwrap_or_default()
}
