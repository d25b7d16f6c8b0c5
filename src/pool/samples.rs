//! A row for each block, from which pictures over time are drawn: written when the numbers are refreshed,
//! thinned as it grows old.

mod history;
mod thin;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Error, Pool, Stats};
use crate::db::{self, Sample, VoteLatency};
use crate::decred::{BlockHash, Height};
use crate::rpc::wire::{BlockVotes, Tip, VoteOutcome};

pub use history::{Day, History, LATENCY_CLASSES, Latencies, Point};

/// Rows that one round of thinning looks at: all of sixty days by the hour, and years by the day.
const THINNED_AT_ONCE: u32 = 10_000;
/// Rows from which pictures are drawn: more than ninety days have, where blocks take minutes.
const DRAWN: u32 = 6_000;
/// Pictures are at most so many seconds behind the numbers.
const REDRAWN: i64 = 60;

impl Pool {
    /// Writes down how things stand, if that is news.
    pub(super) async fn take_sample(&self, stats: &Stats) -> Result<(), Error> {
        let Some(sample) = self.sample(stats) else {
            return Ok(());
        };
        if self.shown().sampled.as_ref() == Some(&sample) {
            return Ok(());
        }
        match self.store.store_sample(sample.clone()).await {
            Ok(()) => {
                self.shown().sampled = Some(sample);
                Ok(())
            }
            // Another web process was first; the next refresh finds its row.
            Err(db::Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The past for pictures, as of the last minute or block; `None` while there is none.
    pub fn history(&self) -> Option<Arc<History>> {
        self.shown()
            .history
            .as_ref()
            .map(|(history, _)| history.clone())
    }

    /// Prepares the past for pictures anew, if it is due.
    pub(super) async fn renew_history(&self) -> Result<(), Error> {
        let now = self.clock.unix_seconds();
        let due = {
            let shown = self.shown();
            let height = shown.sampled.as_ref().map(|sample| sample.height);
            shown.history.as_ref().is_none_or(|(history, at)| {
                let fresh = (0..REDRAWN).contains(&now.saturating_sub(*at));
                !fresh && Some(history.height) != height
            })
        };
        if due {
            let samples = self.store.samples(DRAWN).await?;
            let history = History::of(samples).map(|history| (Arc::new(history), now));
            self.shown().history = history;
        }
        Ok(())
    }

    /// `None` while numbers and tickets may not be of one block: no voter is believed, its tickets are
    /// still being read, or a block came between its answers.
    fn sample(&self, stats: &Stats) -> Option<Sample> {
        let tip = self.tip_with_tickets_read()?;
        if tip.height != stats.height {
            return None;
        }
        let (votes, latency) = self.votes_on(tip.hash, tip.height);
        Some(Sample {
            height: tip.height,
            block_time: tip.time,
            ticket_price: stats.ticket_price,
            pool_size: stats.pool_size,
            live: stats.own.live,
            immature: stats.own.immature,
            voted: stats.own.voted,
            missed: stats.own.missed,
            expired: stats.own.expired,
            votes,
            latency,
        })
    }

    /// The believed voter's best block, if all its tickets are read.
    fn tip_with_tickets_read(&self) -> Option<Tip> {
        let leader = self.elect()?;
        let peer = self.peers.iter().find(|peer| peer.name() == leader)?;
        let view = peer.view();
        let told = view.status.as_ref()?;
        let read = told.tickets_loaded && !view.reading.all && !view.reading.again;
        told.best.clone().filter(|_| read)
    }

    /// What all voters say of the votes on one block.
    fn votes_on(&self, block: BlockHash, height: Height) -> (u64, Option<VoteLatency>) {
        let reports = self.peers.iter().filter_map(|peer| {
            let told = peer.view().status.clone()?;
            let mut blocks = told.blocks.iter().rev();
            let found = blocks.find(|it| it.height == height && it.hash == block);
            found.cloned()
        });
        votes_of(&reports.collect::<Vec<_>>())
    }

    /// Puts one row in the place of those of an old hour or day.
    pub(super) async fn thin_samples(&self) -> Result<(), Error> {
        let Some(newest) = self.store.samples(1).await?.pop() else {
            return Ok(());
        };
        // By the newest row's time: a clock that jumps ahead must not cost the last days.
        let old = thin::whole_until(newest.block_time);
        let samples = self.store.samples_up_to(old, THINNED_AT_ONCE).await?;
        for merged in thin::thin(samples, newest.block_time) {
            self.store
                .merge_samples(merged.kept, merged.dropped)
                .await?;
        }
        Ok(())
    }
}

/// Own votes that the network has, and how long the voters took.
fn votes_of(reports: &[BlockVotes]) -> (u64, Option<VoteLatency>) {
    let cast = reports.iter().flat_map(|report| &report.votes);
    let cast = cast.filter(|vote| {
        matches!(
            vote.outcome,
            VoteOutcome::Accepted | VoteOutcome::AlreadyKnown | VoteOutcome::AlreadyVoted
        )
    });
    let tickets: BTreeSet<_> = cast.map(|vote| vote.ticket).collect();
    let votes = u64::try_from(tickets.len()).unwrap_or(u64::MAX);
    let times = reports.iter().filter_map(|report| report.last_accepted_us);
    let latency = median(times.clone().map(|time| (time, 1)).collect())
        .zip(times.max())
        .filter(|_| votes > 0)
        .map(|(median_us, slowest_us)| VoteLatency {
            median_us,
            slowest_us,
        });
    (votes, latency)
}

/// Of values and how often each counts, the lowest that is not below half of them.
fn median(mut values: Vec<(u64, u64)>) -> Option<u64> {
    values.sort_unstable();
    let weights = values.iter().map(|(_, weight)| *weight);
    let half = weights.fold(0, u64::saturating_add).div_ceil(2).max(1);
    let mut passed: u64 = 0;
    let reached = values.into_iter().find(|(_, weight)| {
        passed = passed.saturating_add(*weight);
        passed >= half
    });
    reached.map(|(value, _)| value)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::decred::{Atoms, Hash, VoteBits, VoteVersion};
    use crate::rpc::wire::VoteReport;

    pub fn sample(height: u32, block_time: i64) -> Sample {
        Sample {
            height: Height(height),
            block_time,
            ticket_price: Atoms(20_000_000_000),
            pool_size: 41_000,
            live: 400,
            immature: 20,
            voted: u64::from(height),
            missed: 0,
            expired: 0,
            votes: 1,
            latency: None,
        }
    }

    fn report(votes: &[(u8, VoteOutcome)], last_accepted_us: Option<u64>) -> BlockVotes {
        let votes = votes.iter().map(|(ticket, outcome)| VoteReport {
            ticket: Hash([*ticket; 32]),
            bits: VoteBits(1),
            version: VoteVersion(12),
            outcome: *outcome,
            reason: String::new(),
            looked_up_us: 1,
            signed_us: 2,
            sent_us: 3,
            answered_us: 4,
        });
        BlockVotes {
            hash: Hash([7; 32]),
            height: Height(100),
            own_winners: 2,
            votes: votes.collect(),
            unvoted: Vec::new(),
            last_accepted_us,
        }
    }

    #[test]
    fn a_ticket_that_several_voters_voted_counts_once() {
        let first = report(
            &[(1, VoteOutcome::Accepted), (2, VoteOutcome::AlreadyKnown)],
            Some(900),
        );
        let second = report(
            &[(1, VoteOutcome::AlreadyKnown), (3, VoteOutcome::Failed)],
            Some(700),
        );
        let third = report(&[(2, VoteOutcome::Accepted)], Some(5_000));
        assert_eq!(
            votes_of(&[first.clone(), second, third]),
            (
                2,
                Some(VoteLatency {
                    median_us: 900,
                    slowest_us: 5_000
                })
            )
        );
        assert_eq!(votes_of(&[first]).1.unwrap().median_us, 900);
    }

    #[test]
    fn without_votes_there_is_no_latency() {
        assert_eq!(votes_of(&[]), (0, None));
        assert_eq!(votes_of(&[report(&[], None)]), (0, None));
        let failed = report(&[(1, VoteOutcome::Failed)], Some(1));
        assert_eq!(votes_of(&[failed]), (0, None));
    }

    #[test]
    fn half_of_the_weight_is_up_to_the_median() {
        assert_eq!(median(Vec::new()), None);
        assert_eq!(median(vec![(5, 0)]), None);
        assert_eq!(median(vec![(9, 1), (1, 1), (5, 1)]), Some(5));
        assert_eq!(median(vec![(9, 1), (1, 1)]), Some(1));
        assert_eq!(median(vec![(9, 10), (1, 1), (5, 1)]), Some(9));
        assert_eq!(median(vec![(1, u64::MAX), (2, u64::MAX)]), Some(1));
    }
}
