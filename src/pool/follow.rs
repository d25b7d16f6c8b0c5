//! Tickets from the voters into the database.
//!
//! One voter is believed at a time: the one with the most chain work when the former one went away,
//! lagged, or turned out to be on a branch with less work. Its tickets are then read from the start,
//! so that what is stored is one voter's view and never a mixture of two.

use std::sync::Arc;

use super::chain::weight;
use super::voters::{Peer, QUICK};
use super::{Error, Pool};
use crate::db::{TicketCursor, TicketPage};
use crate::decred::Height;
use crate::domain::InstanceId;
use crate::rpc;
use crate::rpc::wire::{Status, TicketsSince};

/// Tickets in one answer.
pub(super) const PAGE: u32 = 500;
/// Pages read before anything else gets its turn.
pub(super) const PAGES_AT_ONCE: usize = 20;
/// A leader on a branch with less work may follow the others: it is given so many seconds.
const GIVES_WAY_SECS: i64 = 10;

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

/// A voter that may be followed.
type Candidate<'a> = (&'a Arc<Peer>, Arc<Status>);

impl Pool {
    /// Stores what this voter learned about tickets, if it is the one that is believed, and this the process
    /// that stores. Returns whether there is more than could be stored now.
    pub(super) async fn follow(&self, peer: &Peer) -> bool {
        let led = self.elect().as_deref() == Some(peer.name());
        if !led || self.database_away_since().is_some() {
            return false;
        }
        match self.read_tickets(peer).await {
            Ok(more) => more,
            Err(Trouble::Store(error)) => {
                self.database_failed("tickets are not stored", &error);
                false
            }
            Err(error) => {
                tracing::warn!(voter = peer.name(), %error, "tickets not read");
                false
            }
        }
    }

    async fn read_tickets(&self, peer: &Peer) -> Result<bool, Trouble> {
        // Before the reading: what happened up to here will have been read.
        let tip = peer.tip();
        for _ in 0..PAGES_AT_ONCE {
            if !self.leads() {
                return Ok(false);
            }
            let cursor = if peer.view().reading.again {
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
            if cursor.instance != Some(page.instance) {
                peer.view().reading.all = true;
            }
            if moved || !page.tickets.is_empty() || !page.gone.is_empty() {
                let overrules = peer.view().reading.overrules;
                self.store
                    .store_tickets(TicketPage {
                        voter: peer.name().to_owned(),
                        instance: page.instance,
                        sequence: page.sequence,
                        tickets: page.tickets,
                        gone: page.gone,
                        overrules,
                        tip: peer.tip(),
                    })
                    .await?;
                self.numbers_due.notify_one();
            }
            peer.view().reading.again = false;
            // A voter that says "more" but does not move would keep us here for ever.
            if !page.more || !moved {
                self.read_to_the_end(peer, page.instance, tip).await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn read_to_the_end(
        &self,
        peer: &Peer,
        instance: InstanceId,
        tip: Option<Height>,
    ) -> Result<(), Trouble> {
        let (all, loaded) = {
            let mut view = peer.view();
            view.reading.overrules = false;
            let loaded = view.status.as_ref().is_some_and(|it| it.tickets_loaded);
            (std::mem::take(&mut view.reading.all), loaded)
        };
        if all && loaded {
            let voter = peer.name();
            self.store.forget_unmined_of_others(voter, instance).await?;
        }
        if loaded && let Some(tip) = tip {
            self.tickets_are_read(tip).await?;
        }
        Ok(())
    }

    /// The voter whose tickets and numbers count: the former one as long as it is there, does not lag
    /// and is on the branch with the most work, else the one with the most work.
    pub(super) fn elect(&self) -> Option<String> {
        let candidates = self.candidates();
        let mut shown = self.shown();
        let (best, best_status) = candidates
            .iter()
            .max_by(|(_, a), (_, b)| work(a).cmp(&work(b)))?;
        let former = shown.leader.clone();
        let leads = |(peer, _): &&Candidate<'_>| Some(peer.name()) == former.as_deref();
        if let Some((leader, status)) = candidates.iter().find(leads) {
            let behind = work(status) < work(best_status) && parted(leader, best);
            let now = self.clock.unix_seconds();
            // Never in the future: the clock may have been set back.
            let since = behind.then(|| shown.leader_behind_since.unwrap_or(now).min(now));
            shown.leader_behind_since = since;
            if since.is_none_or(|since| now.saturating_sub(since) < GIVES_WAY_SECS) {
                return former;
            }
        }
        shown.leader_behind_since = None;
        // The first one of this process goes on where its cursor stands.
        if let Some(former) = &former {
            let former_peer = self.peers.iter().find(|peer| peer.name() == former);
            let overrules = former_peer.is_some_and(|former| parted(former, best));
            tracing::info!(
                from = former,
                to = best.name(),
                other_branch = overrules,
                "another voter's tickets are followed"
            );
            let mut view = best.view();
            view.reading.again = true;
            view.reading.overrules = overrules;
        }
        shown.leader = Some(best.name().to_owned());
        shown.leader.clone()
    }

    /// The voters that are there and do not lag; if some have all their tickets, only those.
    fn candidates(&self) -> Vec<Candidate<'_>> {
        let best = self.best_height();
        let now = self.clock.unix_seconds();
        let there = self.peers.iter().filter_map(|peer| {
            let view = peer.view();
            let status = view.status.clone().filter(|_| view.connected)?;
            let tip = status.best.as_ref()?;
            let lags = best.is_some_and(|best| self.lags(tip.height, best, now));
            (status.dcrd.connected && !lags).then(|| (peer, status.clone()))
        });
        let mut there: Vec<_> = there.collect();
        if there.iter().any(|(_, status)| status.tickets_loaded) {
            there.retain(|(_, status)| status.tickets_loaded);
        }
        there
    }
}

/// Whether two voters are, or were last, on different branches.
fn parted(one: &Peer, other: &Peer) -> bool {
    let one = one.view().trail.clone();
    one.parts_from(&other.view().trail).is_some()
}

fn work(status: &Status) -> (usize, &str, Height) {
    status.best.as_ref().map(weight).unwrap_or_default()
}
