//! What is neither a voter's nor a user's: the age of the last backup, the database's clock, how fast it answers this
//! process, the site's certificate. Looked at every minute, for alarms.

use std::collections::VecDeque;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use super::alarms::{Reason, id};
use super::{Pool, clocks};
use crate::db::Pace;
use crate::tls;

const LOOK: Duration = Duration::from_mins(1);
/// One night's backup may fail without an alarm.
pub const BACKUP_HOURS: i64 = 48;
const BACKUP_SECS: i64 = BACKUP_HOURS * 3600;
/// The database is judged by its last so many minutes.
const MINUTES: usize = 5;
/// Of so many calls one may be slow.
const SLOW_SHARE: u64 = 20;
/// A few calls say nothing.
const SLOW_LEAST: u64 = 3;
/// A backup, or another machine's work, may take a while.
const SLOW_SECS: i64 = 5 * 60;
/// Time services mend what a restart left.
pub(super) const CLOCK_SECS: i64 = 60;

/// What the last looks found.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    /// When the last backup was begun; `None`: there never was one, and nobody is to hear of that each day.
    backed_up: Option<i64>,
    /// By how many seconds the database's clock is ahead; `None`: it is this machine's.
    pub database_ahead: Option<i64>,
    /// Until when the site's certificate is good, unix seconds; `None`: it is not seen from here.
    site_certificate: Option<i64>,
    /// All calls so far, at each look.
    paces: VecDeque<Pace>,
}

impl Upkeep {
    pub fn note_pace(&mut self, pace: Pace) {
        self.paces.push_back(pace);
        while self.paces.len() > MINUTES.saturating_add(1) {
            self.paces.pop_front();
        }
    }

    pub fn reasons(&self, now: i64) -> Vec<Reason> {
        let mut reasons = Vec::new();
        reasons.extend(self.old_backup(now));
        let ahead = self.database_ahead;
        if let Some(message) = ahead.and_then(|ahead| clocks::wrong("the database", ahead)) {
            reasons.push(Reason::new(id::CLOCK_WRONG, "", message).patience(CLOCK_SECS));
        }
        reasons.extend(self.slow_database());
        let ending = self
            .site_certificate
            .and_then(|end| tls::ending("the site", end, now));
        reasons.extend(ending.map(|message| Reason::new(id::CERTIFICATE_EXPIRES, "", message)));
        reasons
    }

    fn old_backup(&self, now: i64) -> Option<Reason> {
        let late = self.backed_up?.saturating_add(BACKUP_SECS);
        let hours = now.saturating_sub(self.backed_up?) / 3600;
        let message = format!("the last backup of the database is {hours} hours old");
        (now >= late).then(|| Reason::new(id::BACKUP_OLD, "", message).since(late))
    }

    fn slow_database(&self) -> Option<Reason> {
        let (first, last) = (self.paces.front()?, self.paces.back()?);
        let calls = last.calls.saturating_sub(first.calls);
        let slow = last.slow.saturating_sub(first.slow);
        let many = slow >= SLOW_LEAST && slow.saturating_mul(SLOW_SHARE) > calls;
        let message =
            format!("{slow} of {calls} calls of the database took more than half a second");
        many.then(|| Reason::new(id::DATABASE_SLOW, "", message).patience(SLOW_SECS))
    }
}

impl Pool {
    pub(super) fn upkeep(&self) -> MutexGuard<'_, Upkeep> {
        self.upkeep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when the site's certificate is good, unix seconds; `None`: that is not known now.
    pub fn note_site_certificate(&self, end: Option<i64>) {
        self.upkeep().site_certificate = end;
        self.note_reasons();
    }

    /// Looks until the role stops.
    pub(super) async fn keep_up(&self) {
        loop {
            self.look_at_upkeep().await;
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = sleep(LOOK) => {}
            }
        }
    }

    pub(super) async fn look_at_upkeep(&self) {
        self.upkeep().note_pace(self.store.pace());
        if self.database_away_since().is_some() {
            return;
        }
        match self.store.backed_up_at().await {
            Ok(at) => self.upkeep().backed_up = at,
            Err(error) => tracing::debug!(%error, "the last backup is not known"),
        }
        let ahead = self.database_ahead().await;
        self.upkeep().database_ahead = ahead;
        self.note_reasons();
    }

    /// By how many seconds the clock of the database's machine is ahead, if it is another one.
    pub async fn database_ahead(&self) -> Option<i64> {
        let before = self.clock.unix_seconds();
        match self.store.server_clock().await {
            Ok(theirs) => Some(clocks::ahead(theirs?, before, self.clock.unix_seconds())),
            Err(error) => {
                tracing::debug!(%error, "the database's clock is not known");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn messages(upkeep: &Upkeep) -> Vec<String> {
        let reasons = upkeep.reasons(NOW).into_iter();
        reasons.map(|reason| reason.message).collect()
    }

    #[test]
    fn a_backup_is_old_after_two_days_and_none_is_not() {
        let old = |hours: i64| Upkeep {
            backed_up: Some(NOW - hours * 3600),
            ..Upkeep::default()
        };
        assert!(messages(&Upkeep::default()).is_empty());
        assert!(messages(&old(47)).is_empty());
        let expected = "the last backup of the database is 60 hours old";
        assert_eq!(messages(&old(60)), [expected]);
    }

    #[test]
    fn the_databases_clock_may_be_wrong() {
        let upkeep = Upkeep {
            database_ahead: Some(-60),
            ..Upkeep::default()
        };
        let expected = "the clock of the database is 60 s behind this machine's";
        assert_eq!(messages(&upkeep), [expected]);
    }

    #[test]
    fn the_database_is_slow_by_its_last_five_minutes() {
        let mut upkeep = Upkeep::default();
        let mut note = |calls, slow| {
            upkeep.note_pace(Pace { calls, slow });
            !messages(&upkeep).is_empty()
        };
        // What was before the first look is not counted.
        assert!(!note(1_000, 1_000));
        assert!(!note(1_002, 1_002));
        assert!(note(1_010, 1_003));
        assert!(!note(1_060, 1_003), "one of twenty");
        assert!(note(1_061, 1_004));
        for _ in 0..MINUTES - 1 {
            note(1_061, 1_004);
        }
        assert!(!note(1_061, 1_004), "it was long ago");
    }
}
