//! The numbers that pages show, and how the voters are: all from caches.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::alarms::{alarm, id};
use super::chain::Heights;
use super::sync::in_sync;
use super::totals::Totals;
use super::voters::Peer;
use super::{Error, Halt, Health, Pool, Stats, StatusReport, VoterReport};
use crate::decred::Height;
use crate::rpc::wire::StakeInfo;

/// The numbers are refreshed this often when nothing happens.
const REFRESH: Duration = Duration::from_secs(10);
/// A database that is away is tried this often, and nothing is counted more often unless something happens.
const RETRY: Duration = Duration::from_secs(1);

impl Pool {
    /// The last numbers; `None` while none ever came.
    pub fn stats(&self) -> Option<Arc<Stats>> {
        self.stats.borrow().clone()
    }

    /// Tells of each refresh of the numbers.
    pub fn watch_stats(&self) -> watch::Receiver<Option<Arc<Stats>>> {
        self.stats.subscribe()
    }

    /// Refreshes the numbers until the role stops.
    pub(super) async fn keep_numbers(&self) {
        // Something happened that the last numbers may not have.
        let mut owed = false;
        loop {
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = self.renew_numbers() => {}
            }
            let away = self.database_away_since().is_some();
            let recount = self.recount_in().filter(|_| owed);
            owed = recount.is_some();
            let pause = match recount {
                _ if away => RETRY,
                Some(pause) => pause.clamp(RETRY, REFRESH),
                None => REFRESH,
            };
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = self.numbers_due.notified(), if !away => owed = true,
                () = sleep(pause) => {}
            }
        }
    }

    /// Refreshes the numbers; the former ones stay if that fails.
    pub(super) async fn renew_numbers(&self) {
        match self.refresh_numbers().await {
            Ok(()) => self.database_answered(),
            Err(error) => self.database_failed("numbers are not refreshed", &error),
        }
    }

    async fn refresh_numbers(&self) -> Result<(), Error> {
        let full = self.is_full(self.store.last_user_id().await?);
        self.shown().full = full;
        let began = Instant::now();
        let totals = self.totals().await?;
        let Totals { users, tickets, .. } = totals;
        let Some((stake, at)) = self.best_numbers() else {
            return Ok(());
        };
        let stats = Stats {
            refreshed_at: at,
            height: stake.height,
            ticket_price: stake.ticket_price,
            pool_size: stake.pool_size,
            mempool_tickets: stake.mempool_tickets,
            own: tickets.counts,
            total_subsidy: tickets.reward,
            users: users.total,
            active_users: users.active,
            fee_percent: self.settings.fee_percent(stake.height),
            open: !self.sign().closed && !full,
        };
        let stats = Arc::new(stats);
        self.stats.send_replace(Some(Arc::clone(&stats)));
        if self.leads() {
            // Else the tickets may be those of the block before: the next count brings it.
            if totals.counted >= began || self.recount_in().is_none() {
                self.take_sample(&stats).await?;
            }
            self.note_vote_times(stats.height).await?;
        }
        self.renew_history().await
    }

    /// The believed voter's numbers; without one the newest there are.
    fn best_numbers(&self) -> Option<(StakeInfo, i64)> {
        let leader = self.elect();
        let of = |peer: &Arc<Peer>| peer.view().stake.clone();
        let led = self
            .peers
            .iter()
            .filter(|peer| Some(peer.name()) == leader.as_deref())
            .find_map(of);
        led.or_else(|| {
            let all = self.peers.iter().filter_map(of);
            all.max_by_key(|(stake, at)| (*at, stake.height))
        })
    }

    /// How the voters are, from the cache; without the database all but a halt is known.
    pub async fn status(&self) -> StatusReport {
        let (halt, away_since) = self.halt_or_last_known().await;
        let voters: Vec<VoterReport> = self.peers.iter().map(|peer| self.report(peer)).collect();
        let mut health = self.health(halt.as_ref(), self.able());
        let mut alarms = self.alarms(halt.as_ref());
        if let Some(since) = away_since {
            health = health.max(Health::Degraded);
            let message = "the database does not answer".to_owned();
            alarms.insert(0, alarm(id::DATABASE_AWAY, message, since));
        }
        StatusReport {
            health,
            halt,
            database_away: away_since.is_some(),
            voters,
            alarms,
            mails: self.post.counts(),
            leads: self.leads(),
        }
    }

    fn health(&self, halt: Option<&Halt>, able: usize) -> Health {
        if halt.is_some() || able == 0 {
            Health::Emergency
        } else if able < self.settings.min_voters {
            Health::Critical
        } else if able < self.peers.len()
            || self
                .peers
                .iter()
                .any(|peer| !peer.view().differing_keys.is_empty())
        {
            Health::Degraded
        } else {
            Health::Ok
        }
    }

    fn report(&self, peer: &Peer) -> VoterReport {
        let view = peer.view().clone();
        let digests = view.status.as_ref().map(|status| {
            (
                status.scripts.digest.clone(),
                status.preferences.digest.clone(),
            )
        });
        let (scripts, preferences) = digests.unwrap_or_default();
        // Only a glance: a page does not wait for the tables to be read.
        let tables = self
            .tables
            .try_lock()
            .ok()
            .and_then(|keeper| keeper.now.clone());
        let in_sync = tables.map(|tables| {
            let taught = view.scripts_taught.as_ref();
            let held = tables.scripts_digest == scripts
                || taught.is_some_and(|(ours, theirs)| {
                    *ours == tables.scripts_digest && *theirs == scripts
                });
            (held, in_sync(&view, &tables, &preferences))
        });
        let (scripts_in_sync, preferences_in_sync) = in_sync.unwrap_or_default();
        VoterReport {
            name: peer.name().to_owned(),
            connected: view.connected,
            able: view.able(),
            problem: view.problem.map(|problem| problem.text),
            status: view.status.map(|status| (*status).clone()),
            seen_at: view.seen_at,
            differing_keys: view.differing_keys,
            ahead: view.ahead,
            clock_ahead: view.clock_ahead,
            scripts_in_sync,
            preferences_in_sync,
        }
    }

    pub(super) fn heights(&self) -> MutexGuard<'_, Heights> {
        self.heights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The highest block of the voters that are there.
    pub(super) fn best_height(&self) -> Option<Height> {
        self.peers
            .iter()
            .filter_map(|peer| {
                let view = peer.view();
                let status = view.status.as_ref().filter(|_| view.connected)?;
                status.best.as_ref().map(|tip| tip.height)
            })
            .max()
    }

    pub(super) fn lags(&self, height: Height, best: Height, now: i64) -> bool {
        self.heights().lags(height, best, now)
    }
}
