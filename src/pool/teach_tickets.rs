//! Voters teach each other tickets, through web: what one has seen mined and another lacks is sent to
//! it. The voter checks script and chain itself, and gives the ticket to its wallet.
//!
//! Needs no database: tickets are passed on while it is away.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use super::Pool;
use super::follow::{PAGE, PAGES_AT_ONCE};
use super::known_tickets::{Circumstances, KnownTickets};
use super::voters::{Peer, QUICK};
use crate::rpc::Error as RpcError;
use crate::rpc::wire::{
    ADD_TICKETS_MOST, AddTickets, AddedTickets, Status, TicketOutcome, TicketsSince,
};

/// A voter that is away for longer is no source: what it takes for live may have voted since.
const SOURCE_AGE: i64 = 600;
/// For a full request: each ticket may cost the voter some calls to dcrd.
const SLOW: Duration = Duration::from_mins(1);

impl Pool {
    pub(super) fn known_tickets(&self) -> MutexGuard<'_, KnownTickets> {
        self.known_tickets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns which tickets the voter knows. Returns whether there are more than could be read now.
    pub(super) async fn learn_tickets(&self, peer: &Peer) -> bool {
        for _ in 0..PAGES_AT_ONCE {
            let (instance, sequence) = self.known_tickets().cursor(peer.place());
            let request = TicketsSince {
                instance,
                sequence,
                limit: PAGE,
            };
            let page = peer.within(QUICK, peer.voter().tickets_since(request));
            let page = match page.await {
                Ok(page) => page,
                Err(error) => {
                    tracing::debug!(voter = peer.name(), %error, "its tickets are not known yet");
                    return false;
                }
            };
            self.known_tickets().take(peer.place(), &page);
            let moved = instance != Some(page.instance) || sequence != page.sequence;
            // A voter that says "more" but does not move would keep us here for ever.
            if !page.more || !moved {
                return false;
            }
        }
        true
    }

    /// Sends a voter the tickets that it lacks.
    pub(super) async fn teach_tickets(&self, peer: &Peer) {
        let Some(status) = peer.view().status.clone() else {
            return;
        };
        let Some(circumstances) = self.can_learn(peer, &status) else {
            return;
        };
        let sources = self.sources();
        let now = self.clock.unix_seconds();
        let hashes =
            self.known_tickets()
                .due(peer.place(), &sources, circumstances, now, ADD_TICKETS_MOST);
        if hashes.is_empty() {
            return;
        }
        let request = AddTickets {
            hashes: hashes.clone(),
        };
        let answer = peer.within(SLOW, peer.voter().add_tickets(request)).await;
        match answer {
            Ok(added) => log_outcomes(peer, &added),
            // Asked again at the next look.
            Err(error @ (RpcError::Unavailable { .. } | RpcError::Garbled { .. })) => {
                return tracing::warn!(voter = peer.name(), %error, "tickets not sent");
            }
            Err(error) => tracing::warn!(voter = peer.name(), %error, "tickets refused"),
        }
        self.known_tickets()
            .sent(peer.place(), &hashes, circumstances, now);
    }

    /// How the voter is, if what it lacks is not just late.
    fn can_learn(&self, peer: &Peer, status: &Status) -> Option<Circumstances> {
        let tip = status.best.as_ref()?;
        let best = self.best_height()?;
        let ready = peer.view().connected && status.tickets_loaded && status.dcrd.connected;
        let lags = self.lags(tip.height, best, self.clock.unix_seconds());
        (ready && !lags).then_some(Circumstances {
            block: tip.hash,
            scripts: status.scripts.count,
        })
    }

    /// The voters whose tickets are news.
    fn sources(&self) -> Vec<usize> {
        let now = self.clock.unix_seconds();
        let fresh = |at: i64| now.saturating_sub(at) <= SOURCE_AGE;
        let fresh = self
            .peers
            .iter()
            .filter(|peer| peer.view().seen_at.is_some_and(fresh));
        fresh.map(|peer| peer.place()).collect()
    }
}

fn log_outcomes(peer: &Peer, added: &AddedTickets) {
    let count = |outcome| {
        let tickets = added.tickets.iter();
        tickets.filter(|ticket| ticket.outcome == outcome).count()
    };
    tracing::info!(
        voter = peer.name(),
        added = count(TicketOutcome::Added),
        known = count(TicketOutcome::Known),
        not_found = count(TicketOutcome::NotFound),
        not_ours = count(TicketOutcome::NotOurs),
        spent = count(TicketOutcome::Spent),
        "sent tickets that another voter knows"
    );
    for ticket in &added.tickets {
        tracing::debug!(voter = peer.name(), ticket.hash = %ticket.ticket_hash,
            outcome = ?ticket.outcome, "ticket sent");
    }
}
