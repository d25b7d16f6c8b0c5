//! A user's tickets over time: when those that wait may be called, and what votes earned month by month.
//!
//! What depends on all tickets of a user is read once, and again when this process has stored a ticket, when the
//! numbers of the network are others, or after `FRESH`, as another web process may have stored one: a page costs its own
//! rows, however many tickets there are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use time::{OffsetDateTime, Time};
use tokio::sync::OnceCell;

use super::recent::Moment;
use super::{Error, Pool, Stats};
use crate::db::{Earned, WaitingTickets};
use crate::decred::lottery::Lottery;
use crate::decred::params::Params;
use crate::decred::{Atoms, Height};
use crate::domain::{TicketStatus, UserId};

/// For how long the sums of a user's tickets are good if this process stores none.
pub(super) const FRESH: Duration = Duration::from_secs(5);

/// Groups of waiting tickets at most.
const GROUPS: u32 = 8;
/// Months at most.
const MONTHS: usize = 12;
const YEAR_SECS: u32 = 366 * DAY_SECS;
const DAY_SECS: u32 = 86_400;

/// What all of a user's tickets come to.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketOverview {
    pub total: u64,
    /// The user said that the redeem script is saved.
    pub script_saved: bool,
    /// `None` while the network's numbers are not known.
    pub prospects: Option<Prospects>,
}

/// An overview that is read once, by the first of those who ask, with the numbers that it is made of.
#[derive(Debug)]
pub(super) struct Reading {
    stats: Option<Arc<Stats>>,
    overview: OnceCell<Arc<TicketOverview>>,
}

impl Reading {
    fn is_with(&self, stats: Option<&Arc<Stats>>) -> bool {
        match (&self.stats, stats) {
            (Some(ours), Some(stats)) => Arc::ptr_eq(ours, stats),
            (None, None) => true,
            _ => false,
        }
    }
}

/// How a user's tickets stand. Times of blocks are those that the network aims at.
#[derive(Debug, Clone, PartialEq)]
pub struct Prospects {
    /// The best block, at the present time.
    pub height: Height,
    pub now: i64,
    /// Seconds from block to block.
    pub block_secs: u32,
    /// Tickets that each block calls, and those of the network that may be called.
    pub called: u16,
    pub pool_size: u64,
    /// The chance of each live ticket.
    pub lottery: Option<Lottery>,
    /// Those that may be called now.
    pub live: u64,
    /// Waiting tickets, immature or live, by when they were bought; the oldest first.
    pub groups: Vec<Group>,
    /// The last twelve at most, from the first with a reward; oldest first.
    pub months: Vec<Month>,
}

/// Tickets that were bought at about the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub tickets: u64,
    /// Where the first and the last of them were mined.
    pub first: Height,
    pub last: Height,
    /// From here all of them can be called, and here the last of them expires.
    pub matures: Height,
    pub expires: Height,
}

/// A month's rewards (UTC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// Its first midnight, unix seconds.
    pub start: i64,
    pub votes: u64,
    pub reward: Atoms,
}

impl Pool {
    /// How the user's tickets stand.
    pub async fn ticket_overview(&self, user: UserId) -> Result<Arc<TicketOverview>, Error> {
        let now = Moment::new(&self.clock, self.store.changes_of_tickets());
        let stats = self.stats();
        let recent = self.recent_overviews.get(&user, now);
        let reading = if let Some(reading) = recent.filter(|it| it.is_with(stats.as_ref())) {
            reading
        } else {
            let reading = Arc::new(Reading {
                stats,
                overview: OnceCell::new(),
            });
            self.recent_overviews.keep(user, reading.clone(), now);
            reading
        };
        let read = || self.read_overview(user, reading.stats.as_deref());
        reading.overview.get_or_try_init(read).await.cloned()
    }

    async fn read_overview(
        &self,
        user: UserId,
        stats: Option<&Stats>,
    ) -> Result<Arc<TicketOverview>, Error> {
        let params = self.settings.params();
        let blocks = |secs: u32| secs / params.target_block_secs.max(1);
        let height = stats.map_or(Height(0), |stats| stats.height);
        let since = Height(height.0.saturating_sub(blocks(YEAR_SECS)));
        let sums = self
            .store
            .ticket_sums(user, since, blocks(DAY_SECS))
            .await?;
        let prospects = stats.map(|stats| {
            let at = (stats.height, self.clock.unix_seconds());
            let mut prospects = Prospects::of(&sums.waiting, at, stats.pool_size, params);
            prospects.months = prospects.months(&sums.earned);
            prospects
        });
        Ok(Arc::new(TicketOverview {
            total: sums.total,
            script_saved: sums.script_saved,
            prospects,
        }))
    }
}

impl Prospects {
    /// Without rewards.
    fn of(
        waiting: &[WaitingTickets],
        at: (Height, i64),
        pool_size: u64,
        params: &Params,
    ) -> Prospects {
        // Those with too low a fee are called too, and not voted: there is nothing to look forward to.
        let waiting = waiting.iter().filter(|tickets| tickets.verdict.votes());
        let live = waiting
            .clone()
            .filter(|tickets| tickets.status == TicketStatus::Live)
            .map(|tickets| tickets.count);
        Prospects {
            height: at.0,
            now: at.1,
            block_secs: params.target_block_secs,
            called: params.tickets_per_block,
            pool_size,
            lottery: Lottery::new(params.tickets_per_block, pool_size),
            live: live.fold(0, u64::saturating_add),
            groups: groups(
                waiting
                    .map(|tickets| (tickets.mined, tickets.count))
                    .collect(),
                params,
            ),
            months: Vec::new(),
        }
    }

    /// When a block is to be expected, or was.
    pub fn time_of(&self, height: Height) -> i64 {
        let blocks = i64::from(height.0).saturating_sub(i64::from(self.height.0));
        let seconds = blocks.saturating_mul(i64::from(self.block_secs));
        self.now.saturating_add(seconds)
    }

    fn months(&self, earned: &[Earned]) -> Vec<Month> {
        let mut sums: BTreeMap<i64, (u64, Atoms)> = BTreeMap::new();
        for some in earned {
            let start = month_of(self.time_of(some.height));
            let (votes, reward) = sums.entry(start).or_default();
            *votes = votes.saturating_add(some.votes);
            *reward = Atoms(reward.0.saturating_add(some.reward.0));
        }
        let mut months = Vec::new();
        let mut start = month_of(self.now);
        for _ in 0..MONTHS {
            let (votes, reward) = sums.remove(&start).unwrap_or_default();
            months.push(Month {
                start,
                votes,
                reward,
            });
            start = month_of(start.saturating_sub(1));
        }
        months.reverse();
        let first = months.iter().position(|month| month.votes > 0);
        first.map_or_else(Vec::new, |first| months.split_off(first))
    }
}

/// The start of the month that a time is in.
fn month_of(unix_seconds: i64) -> i64 {
    let moment = OffsetDateTime::from_unix_timestamp(unix_seconds);
    let moment = moment.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    // Every month has a first.
    let first = moment.replace_day(1).unwrap_or(moment);
    first.replace_time(Time::MIDNIGHT).unix_timestamp()
}

/// One group for each height while they are few, else for equal stretches of the chain.
fn groups(mut mined: Vec<(Height, u64)>, params: &Params) -> Vec<Group> {
    mined.sort_unstable();
    let mut heights: Vec<Height> = mined.iter().map(|(height, _)| *height).collect();
    heights.dedup();
    let (Some(first), Some(last)) = (heights.first().copied(), heights.last().copied()) else {
        return Vec::new();
    };
    let few = u32::try_from(heights.len()).is_ok_and(|count| count <= GROUPS);
    let stretch = last.0.saturating_sub(first.0) / GROUPS + 1;
    let mut groups: Vec<(u32, Group)> = Vec::new();
    for (height, count) in mined {
        let key = if few {
            height.0
        } else {
            height.0.saturating_sub(first.0) / stretch
        };
        let matures = Height(height.0.saturating_add(params.ticket_maturity));
        let expires = Height(matures.0.saturating_add(params.ticket_expiry));
        match groups.last_mut().filter(|(of, _)| *of == key) {
            Some((_, group)) => {
                group.tickets = group.tickets.saturating_add(count);
                (group.last, group.matures, group.expires) = (height, matures, expires);
            }
            None => groups.push((
                key,
                Group {
                    tickets: count,
                    first: height,
                    last: height,
                    matures,
                    expires,
                },
            )),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::Network;
    use crate::domain::FeeVerdict;

    const TIP: u32 = 900_000;
    /// In the middle of a November.
    const NOW: i64 = 1_795_000_000;

    fn waiting(status: TicketStatus, mined: u32, count: u64) -> WaitingTickets {
        WaitingTickets {
            mined: Height(mined),
            status,
            verdict: FeeVerdict::Good,
            count,
        }
    }

    fn earned(height: u32, reward: i64) -> Earned {
        Earned {
            height: Height(height),
            votes: 1,
            reward: Atoms(reward),
        }
    }

    fn prospects(waiting: &[WaitingTickets]) -> Prospects {
        let at = (Height(TIP), NOW);
        Prospects::of(waiting, at, 41_000, Network::Mainnet.params())
    }

    #[test]
    fn only_what_waits_for_a_vote_is_looked_forward_to() {
        let mut low = waiting(TicketStatus::Live, TIP - 300, 7);
        low.verdict = FeeVerdict::Low;
        let mut added = waiting(TicketStatus::Live, TIP - 300, 1);
        added.verdict = FeeVerdict::Added;
        let found = prospects(&[
            low,
            added,
            waiting(TicketStatus::Live, TIP - 300, 2),
            waiting(TicketStatus::Immature, TIP - 10, 1),
        ]);
        assert_eq!(found.live, 3);
        let tickets: Vec<_> = found.groups.iter().map(|it| it.tickets).collect();
        assert_eq!(tickets, [3, 1]);
        assert_eq!(found.groups[1].matures, Height(TIP + 246));
        assert_eq!(found.groups[1].expires, Height(TIP + 246 + 40_960));
        assert_eq!(prospects(&[]).groups, []);
    }

    #[test]
    fn thousands_of_tickets_are_a_few_groups_from_end_to_end() {
        let blocks = (0..5_000).map(|n| waiting(TicketStatus::Live, TIP - 300 - n * 8, 2));
        let found = prospects(&blocks.collect::<Vec<_>>());
        assert_eq!(found.groups.len(), 8);
        let tickets: u64 = found.groups.iter().map(|group| group.tickets).sum();
        assert_eq!(tickets, 10_000);
        assert_eq!(found.groups[7].last, Height(TIP - 300));
        assert_eq!(found.groups[0].first, Height(TIP - 300 - 4_999 * 8));
        for pair in found.groups.windows(2) {
            assert!(pair[0].last < pair[1].first);
        }
    }

    #[test]
    fn blocks_have_times_by_the_network_s_pace() {
        let found = prospects(&[]);
        assert_eq!(found.time_of(Height(TIP)), NOW);
        assert_eq!(found.time_of(Height(TIP + 288)), NOW + 86_400);
        assert_eq!(found.time_of(Height(TIP - 288)), NOW - 86_400);
        assert_eq!(found.block_secs, 300);
    }

    #[test]
    fn rewards_are_summed_by_month_with_the_empty_ones_between() {
        let day = 288;
        let stretches = [
            earned(TIP - 1, 100),
            earned(TIP - day, 20),
            earned(TIP - 90 * day, 3),
            earned(TIP - 500 * day, 7),
        ];
        let months = prospects(&[]).months(&stretches);
        let rewards: Vec<_> = months.iter().map(|it| (it.votes, it.reward.0)).collect();
        assert_eq!(rewards, [(1, 3), (0, 0), (0, 0), (2, 120)]);
        assert_eq!(months[3].start, 1_793_491_200, "the first of November");
        assert!(prospects(&[]).months(&[]).is_empty());
    }

    #[test]
    fn times_and_heights_at_the_ends_of_numbers_do_no_harm() {
        let last = [waiting(TicketStatus::Live, u32::MAX, u64::MAX)];
        for now in [i64::MIN, 0, i64::MAX] {
            let at = (Height(u32::MAX), now);
            let found = Prospects::of(&last, at, 0, Network::Simnet.params());
            found.months(&[earned(u32::MAX, i64::MAX), earned(0, i64::MAX)]);
        }
    }
}
