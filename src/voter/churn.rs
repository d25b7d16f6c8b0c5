//! How many users' bits changed lately: when they are too many at once, something other than the users may
//! have changed them; pure.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::domain::UserId;

/// Changes count for so long.
const WINDOW: Duration = Duration::from_hours(1);
/// Fewer users are never too many.
const LEAST: usize = 3;
/// More than one in so many is too many.
const ONE_IN: usize = 20;

/// Who changed, and when last. Counted on a clock that does not jump.
#[derive(Debug, Default)]
pub struct Churn(HashMap<UserId, Instant>);

impl Churn {
    pub fn note(&mut self, users: &[UserId], now: Instant) {
        self.0.extend(users.iter().map(|user| (*user, now)));
    }

    /// How many of `known` users changed within the last hour, if they are too many.
    pub fn too_many(&mut self, known: usize, now: Instant) -> Option<usize> {
        self.0
            .retain(|_, at| now.saturating_duration_since(*at) < WINDOW);
        let changed = self.0.len();
        (changed >= LEAST && changed.saturating_mul(ONE_IN) > known).then_some(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(range: std::ops::Range<i64>) -> Vec<UserId> {
        range.map(UserId).collect()
    }

    #[test]
    fn more_than_five_percent_and_at_least_three_are_too_many() {
        let now = Instant::now();
        let mut churn = Churn::default();
        churn.note(&users(0..2), now);
        assert_eq!(churn.too_many(10, now), None, "two are few");
        churn.note(&users(0..3), now);
        assert_eq!(churn.too_many(60, now), None, "five percent");
        assert_eq!(churn.too_many(59, now), Some(3));
        churn.note(&users(0..3), now);
        assert_eq!(churn.too_many(60, now), None, "the same users again");
    }

    #[test]
    fn an_hour_later_they_are_forgotten() {
        let now = Instant::now();
        let mut churn = Churn::default();
        churn.note(&users(0..2), now);
        churn.note(&users(2..4), now + Duration::from_mins(30));
        let last = now + Duration::from_mins(59);
        assert_eq!(churn.too_many(10, last), Some(4));
        assert_eq!(churn.too_many(10, now + WINDOW), None);
    }
}
