//! How many users and tickets there are. Counting reads all of them: where that takes long it is done seldom.

use std::time::Duration;

use tokio::time::Instant;

use super::{Error, Pool};
use crate::db::{TicketTotals, UserCounts};

/// Counting takes one part of so many of the time at most,
const SHARE: u32 = 50;
/// unless it is as quick as that: then it is done whenever it is asked for.
const QUICK: Duration = Duration::from_millis(250);

/// As they were counted.
#[derive(Debug, Clone)]
pub(super) struct Totals {
    pub users: UserCounts,
    pub tickets: TicketTotals,
    /// How often this process had changed tickets when the count began.
    changes: u64,
    pub counted: Instant,
    cost: Duration,
    /// The shorter of the last two: one may have waited for something else.
    usual_cost: Duration,
}

impl Totals {
    /// Not to be counted again before.
    fn due(&self) -> Instant {
        let pause = pause_after(self.usual_cost);
        self.counted.checked_add(pause).unwrap_or(self.counted)
    }
}

fn pause_after(cost: Duration) -> Duration {
    if cost <= QUICK {
        return Duration::ZERO;
    }
    cost.saturating_mul(SHARE)
}

impl Pool {
    /// The last count while it is too soon for another, else a new one.
    pub(super) async fn totals(&self) -> Result<Totals, Error> {
        let last = self.shown().totals.clone();
        if let Some(last) = &last
            && Instant::now() < last.due()
        {
            return Ok(last.clone());
        }
        let changes = self.store.changes_of_tickets();
        let began = Instant::now();
        let users = self.store.user_counts().await?;
        let tickets = self.store.ticket_totals().await?;
        let cost = began.elapsed();
        let totals = Totals {
            users,
            tickets,
            changes,
            counted: Instant::now(),
            cost,
            usual_cost: last.map_or(Duration::ZERO, |last| last.cost.min(cost)),
        };
        self.shown().totals = Some(totals.clone());
        Ok(totals)
    }

    /// After how long what this process changed meanwhile may be counted; `None`: nothing was changed.
    pub(super) fn recount_in(&self) -> Option<Duration> {
        let changes = self.store.changes_of_tickets();
        let shown = self.shown();
        let totals = shown.totals.as_ref().filter(|it| it.changes != changes)?;
        Some(totals.due().saturating_duration_since(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::testing::TestPool;

    #[tokio::test]
    async fn what_took_long_is_counted_again_in_due_time() {
        let test = TestPool::new().await;
        let pool = &test.pool;
        let count = async || pool.totals().await.unwrap().users.total;
        assert_eq!(count().await, 0);
        let takes = |cost| {
            if let Some(totals) = &mut pool.shown().totals {
                totals.usual_cost = cost;
            }
        };
        takes(Duration::from_mins(1));
        assert_eq!(pool.recount_in(), None);
        test.user("ann@example.com").await;
        assert_eq!(count().await, 0);
        assert!(pool.recount_in().unwrap() > Duration::from_mins(1));
        takes(QUICK);
        assert_eq!(pool.recount_in(), Some(Duration::ZERO));
        assert_eq!(count().await, 1);
        assert_eq!(pool.recount_in(), None);
    }

    #[test]
    fn only_what_takes_long_is_done_seldom() {
        let millis = Duration::from_millis;
        assert_eq!(pause_after(millis(3)), Duration::ZERO);
        assert_eq!(pause_after(QUICK), Duration::ZERO);
        assert_eq!(pause_after(millis(1_500)), Duration::from_secs(75));
    }
}
