//! What was read from the database a moment ago, so that many requests of one person cost one read.
//!
//! Two rules keep it honest. What this process changes shows at once: the store counts its changes, and what was read
//! before one is not used after it. What others change (another web process, an operator's command) shows after
//! `FRESH`: long enough that a burst costs one read, and well within the second that a revocation may take.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::Clock;

/// For how long rights are good that were read.
pub(super) const FRESH: Duration = Duration::from_millis(250);

/// Entries at most; beyond that everybody reads. With what one holds this is a few megabytes.
const MOST: usize = 2_000;

/// How up to date an answer has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// Asks the database, and remembers nothing: for whoever is about to change something, perhaps here and perhaps
    /// in another web process.
    Now,
    /// What was read a moment ago will do.
    Lately,
}

/// When something is read: taken before, so that nothing is taken for newer than it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    at: Instant,
    /// The wall clock, which tests move.
    seconds: i64,
    /// How often this process had changed what is read.
    changes: u64,
}

impl Moment {
    pub fn new(clock: &Clock, changes: u64) -> Self {
        Self {
            at: Instant::now(),
            seconds: clock.unix_seconds(),
            changes,
        }
    }

    /// Whether what was read then is good now.
    fn is_fresh(self, now: Moment, fresh: Duration) -> bool {
        let age = now.at.saturating_duration_since(self.at);
        let ticked = now.seconds.abs_diff(self.seconds);
        self.changes == now.changes && age < fresh && ticked <= fresh.as_secs().saturating_add(1)
    }
}

#[derive(Debug)]
struct Kept<K, V> {
    entries: HashMap<K, (V, Moment)>,
    /// When the old ones were last thrown away.
    swept: Option<Moment>,
}

/// Values by key, each for a moment.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    fresh: Duration,
    kept: Mutex<Kept<K, V>>,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    pub fn new(fresh: Duration) -> Self {
        Self {
            fresh,
            kept: Mutex::new(Kept {
                entries: HashMap::new(),
                swept: None,
            }),
        }
    }

    pub fn get<Q>(&self, key: &Q, now: Moment) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let kept = self.lock();
        let (value, read) = kept.entries.get(key)?;
        read.is_fresh(now, self.fresh).then(|| value.clone())
    }

    /// `read`: from before the value was asked for.
    pub fn keep(&self, key: K, value: V, read: Moment) {
        let mut kept = self.lock();
        if kept
            .swept
            .is_none_or(|swept| !swept.is_fresh(read, self.fresh))
        {
            let fresh = self.fresh;
            kept.entries
                .retain(|_, (_, moment)| moment.is_fresh(read, fresh));
            kept.swept = Some(read);
        }
        if kept.entries.len() < MOST || kept.entries.contains_key(&key) {
            kept.entries.insert(key, (value, read));
        }
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Kept<K, V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(changes: u64) -> Moment {
        Moment::new(&Clock::fixed(100), changes)
    }

    fn later(moment: Moment, by: Duration) -> Moment {
        Moment {
            at: moment.at + by,
            ..moment
        }
    }

    #[test]
    fn what_was_read_is_good_for_its_moment_and_no_longer() {
        let recent = Recent::new(FRESH);
        let read = moment(0);
        recent.keep("a", 1, read);
        assert_eq!(recent.get("a", read), Some(1));
        let almost = later(read, FRESH.saturating_sub(Duration::from_millis(1)));
        assert_eq!(recent.get("a", almost), Some(1));
        assert_eq!(recent.get("a", later(read, FRESH)), None);
        assert_eq!(recent.get("b", read), None);
    }

    #[test]
    fn nothing_outlives_a_change_even_if_it_was_read_while_that_was_under_way() {
        let recent = Recent::new(FRESH);
        let before = moment(7);
        recent.keep("a", 1, before);
        let after = moment(8);
        assert_eq!(recent.get("a", after), None);
        // A slow reader, who began before the change.
        recent.keep("a", 1, before);
        assert_eq!(recent.get("a", after), None);
        recent.keep("a", 2, after);
        assert_eq!(recent.get("a", after), Some(2));
    }

    #[test]
    fn a_wall_clock_that_jumps_makes_everything_old() {
        let clock = Clock::fixed(100);
        let recent = Recent::new(FRESH);
        let read = Moment::new(&clock, 0);
        recent.keep("a", 1, read);
        clock.advance(2);
        assert_eq!(recent.get("a", Moment::new(&clock, 0)), None);
    }

    #[test]
    fn many_keys_do_not_fill_the_memory_and_old_ones_go() {
        let recent = Recent::new(FRESH);
        let read = moment(0);
        for key in 0..MOST + 10 {
            recent.keep(key, (), read);
        }
        assert_eq!(recent.lock().entries.len(), MOST);
        assert_eq!(recent.get(&(MOST + 5), read), None);
        recent.keep(0, (), read);
        recent.keep(MOST + 5, (), later(read, FRESH));
        assert_eq!(recent.lock().entries.len(), 1);
    }
}
