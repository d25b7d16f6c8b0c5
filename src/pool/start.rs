//! The voters at start, and the tasks behind the pages.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use super::{Peer, Pool};
use crate::rpc::wire::ConfigDigests;

/// How often what is over (sign-ups, sessions) is forgotten, and what is old thinned.
const TIDY: Duration = Duration::from_mins(10);

/// A voter that is not there, or not the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub voter: String,
    pub reason: String,
    /// Wrong certificate, token, network or pool: time does not heal it.
    pub wrong: bool,
}

/// Which voters are there when web starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VotersAtStart {
    pub good: usize,
    pub needed: usize,
    pub faults: Vec<Fault>,
}

impl VotersAtStart {
    pub fn enough(&self) -> bool {
        self.good >= self.needed
    }

    /// Too few, but there would be enough if those that are wrong were right.
    pub fn wrong(&self) -> bool {
        let wrong = self.faults.iter().filter(|fault| fault.wrong).count();
        !self.enough() && self.good.saturating_add(wrong) >= self.needed
    }
}

/// Names each voter that is missing, and why.
impl fmt::Display for VotersAtStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of at least {} voters are there",
            self.good, self.needed
        )?;
        self.faults
            .iter()
            .try_for_each(|fault| write!(f, "\n  {}: {}", fault.voter, fault.reason))
    }
}

/// What keeps a voter that was looked at from counting.
pub(super) fn fault(peer: &Peer) -> Option<Fault> {
    let view = peer.view();
    let fault = |reason: String, wrong: bool| Fault {
        voter: peer.name().to_owned(),
        reason,
        wrong,
    };
    if let Some(problem) = &view.problem {
        return Some(fault(problem.text.clone(), problem.wrong));
    }
    // Other keys that differ close enrolment until they agree; this one makes it another pool's voter.
    let other = |key: &String| key == ConfigDigests::VOTING_KEY;
    let key = view.differing_keys.iter().find(|key| other(key))?;
    Some(fault(format!("its {key} is not ours"), true))
}

impl Pool {
    /// Asks every voter once, so that there are numbers before the first page is served.
    pub async fn check_voters(&self) -> VotersAtStart {
        join_all(self.peers.iter().map(|peer| self.look(peer))).await;
        // Before anyone signs up or enrols: the database may be older than what the voters know.
        for peer in &self.peers {
            self.count_above(peer).await;
        }
        self.agree_on_version().await;
        self.renew_numbers().await;
        self.note_reasons();
        let faults: Vec<_> = self.peers.iter().filter_map(|peer| fault(peer)).collect();
        VotersAtStart {
            good: self.peers.len().saturating_sub(faults.len()),
            needed: self.settings.min_voters,
            faults,
        }
    }

    /// Starts the tasks that watch the voters and refresh the numbers; they end with the role.
    pub fn start(self: &Arc<Self>) {
        for peer in &self.peers {
            let (pool, peer) = (Arc::clone(self), Arc::clone(peer));
            let task = async move { pool.watch(&peer).await };
            self.tasks.spawn("watch_voter", task);
        }
        for peer in &self.peers {
            let (pool, peer) = (Arc::clone(self), Arc::clone(peer));
            let task = async move { pool.attend(&peer).await };
            self.tasks.spawn("attend_voter", task);
        }
        let pool = Arc::clone(self);
        self.tasks
            .spawn("numbers", async move { pool.keep_numbers().await });
        let pool = Arc::clone(self);
        self.tasks
            .spawn("low_fee", async move { pool.keep_low_fee().await });
        let pool = Arc::clone(self);
        self.tasks
            .spawn("lease", async move { pool.keep_lead().await });
        let pool = Arc::clone(self);
        self.tasks
            .spawn("upkeep", async move { pool.keep_up().await });
        self.start_senders();
        let pool = Arc::clone(self);
        self.tasks
            .spawn("news", async move { pool.keep_telling().await });
        if !self.alerting.is_silent() {
            let pool = Arc::clone(self);
            self.tasks
                .spawn("alerts", async move { pool.keep_alerting().await });
        }
        let pool = Arc::clone(self);
        self.tasks
            .spawn("door_sign", async move { pool.keep_sign().await });
        let pool = Arc::clone(self);
        self.tasks.spawn("tidy", async move { pool.tidy().await });
    }

    /// Rechecks a halt that was found at start once its voters are back.
    pub fn recheck_later(self: &Arc<Self>) {
        let pool = Arc::clone(self);
        let task = async move { pool.keep_rechecking().await };
        self.tasks.spawn("recheck_halt", task);
    }

    async fn tidy(&self) {
        loop {
            if self.leads() {
                self.forget_and_thin().await;
            }
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = sleep(TIDY) => {}
            }
        }
    }

    async fn forget_and_thin(&self) {
        match self.store.forget_expired(self.clock.unix_seconds()).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::debug!(forgotten, "expired sign-ups and sessions"),
            Err(error) => tracing::debug!(%error, "nothing forgotten"),
        }
        if let Err(error) = self.thin_samples().await {
            tracing::debug!(%error, "samples not thinned");
        }
    }
}
