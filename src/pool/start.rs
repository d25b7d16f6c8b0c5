//! The voters at start, and the tasks behind the pages.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;

use super::Pool;

/// How often what is over (sign-ups, sessions) is forgotten.
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

impl Pool {
    /// Asks every voter once, so that there are numbers before the first page is served.
    pub async fn check_voters(&self) -> VotersAtStart {
        let looked = join_all(self.peers.iter().map(|peer| self.look(peer))).await;
        self.agree_on_version().await;
        if let Err(error) = self.refresh_numbers().await {
            tracing::warn!(%error, "numbers not refreshed");
        }
        let faults = self.peers.iter().filter_map(|peer| {
            let problem = peer.view().problem.clone()?;
            Some(Fault {
                voter: peer.name().to_owned(),
                reason: problem.text,
                wrong: problem.wrong,
            })
        });
        VotersAtStart {
            good: looked.into_iter().filter(|good| *good).count(),
            needed: self.settings.min_voters,
            faults: faults.collect(),
        }
    }

    /// Starts the tasks that watch the voters and refresh the numbers; they end with the role.
    pub fn start(self: &Arc<Self>) {
        for peer in &self.peers {
            let (pool, peer) = (Arc::clone(self), Arc::clone(peer));
            let task = async move { pool.watch(&peer).await };
            self.tasks.spawn("watch_voter", task);
        }
        let pool = Arc::clone(self);
        self.tasks
            .spawn("numbers", async move { pool.keep_numbers().await });
        let pool = Arc::clone(self);
        self.tasks.spawn("tidy", async move { pool.tidy().await });
    }

    async fn tidy(&self) {
        loop {
            match self.store.forget_expired(self.clock.unix_seconds()).await {
                Ok(0) => {}
                Ok(forgotten) => tracing::debug!(forgotten, "expired sign-ups and sessions"),
                Err(error) => tracing::debug!(%error, "nothing forgotten"),
            }
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = sleep(TIDY) => {}
            }
        }
    }
}
