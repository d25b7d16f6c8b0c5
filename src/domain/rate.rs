//! How often something may be done, as arithmetic on one number a user: the time until which what was done
//! uses up the allowance. Pure; times are unix milliseconds.

/// So many in so long, all at once or spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    /// Milliseconds.
    period: i64,
}

/// Too often: worth another try after so many milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub i64);

impl Wait {
    /// For `Retry-After`: whole seconds, at least one.
    pub fn seconds(self) -> u64 {
        let seconds = self.0.max(1).unsigned_abs().div_ceil(1000);
        seconds.max(1)
    }
}

impl Rate {
    /// A count of 0 means without limit.
    pub const fn per_minute(count: u32) -> Self {
        Self {
            count,
            period: 60_000,
        }
    }

    /// A count of 0 means without limit.
    pub const fn per_hour(count: u32) -> Self {
        Self {
            count,
            period: 3_600_000,
        }
    }

    pub fn is_limited(self) -> bool {
        self.count > 0
    }

    /// What one use takes of the allowance.
    fn cost(self) -> i64 {
        (self.period / i64::from(self.count.max(1))).max(1)
    }

    /// One more use at `now`, after those that `used_until` stands for (`None`: none).
    ///
    /// # Errors
    /// How long to wait, when the allowance is used up.
    pub fn take(self, used_until: Option<i64>, now: i64) -> Result<i64, Wait> {
        let used = self.used(used_until, now);
        let after = used.saturating_add(self.cost());
        let most = now.saturating_add(self.period);
        if after > most && self.is_limited() {
            return Err(Wait(after.saturating_sub(most)));
        }
        Ok(after)
    }

    /// As if one use had not been.
    pub fn give_back(self, used_until: i64, now: i64) -> i64 {
        self.used(Some(used_until), now).saturating_sub(self.cost())
    }

    /// Never before now; never beyond the whole allowance, even if the clock was set back.
    fn used(self, used_until: Option<i64>, now: i64) -> i64 {
        used_until
            .unwrap_or(now)
            .clamp(now, now.saturating_add(self.period))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    /// How many uses in a row are let through at `now`.
    fn uses(rate: Rate, used: &mut Option<i64>, now: i64) -> u32 {
        let mut count = 0;
        while count < 1000
            && let Ok(after) = rate.take(*used, now)
        {
            *used = Some(after);
            count += 1;
        }
        count
    }

    #[test]
    fn the_whole_allowance_at_once_then_as_it_comes_back() {
        let rate = Rate::per_minute(10);
        let mut used = None;
        assert_eq!(uses(rate, &mut used, NOW), 10);
        let wait = rate.take(used, NOW).unwrap_err();
        assert_eq!((wait, wait.seconds()), (Wait(6000), 6));
        assert_eq!(rate.take(used, NOW + 1).unwrap_err().seconds(), 6);
        assert_eq!(uses(rate, &mut used, NOW + 5999), 0);
        assert_eq!(uses(rate, &mut used, NOW + 6000), 1);
        assert_eq!(uses(rate, &mut used, NOW + 36_000), 5);
        assert_eq!(uses(rate, &mut used, NOW + 1_000_000), 10);
    }

    #[test]
    fn odd_counts_are_let_through_in_full() {
        for count in [1, 3, 7, 11, 999] {
            assert_eq!(uses(Rate::per_hour(count), &mut None, NOW), count);
        }
    }

    #[test]
    fn what_is_given_back_counts_no_more() {
        let rate = Rate::per_minute(2);
        let mut used = None;
        for _ in 0..100 {
            let after = rate.take(used, NOW).unwrap();
            used = Some(rate.give_back(after, NOW));
        }
        assert_eq!(uses(rate, &mut used, NOW), 2);
        // More than was taken is never given.
        let mut more = Some(rate.give_back(NOW - 5, NOW));
        assert_eq!(uses(rate, &mut more, NOW), 2);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out_for_long() {
        let rate = Rate::per_hour(5);
        let mut used = None;
        assert_eq!(uses(rate, &mut used, NOW), 5);
        let earlier = NOW - 100 * 24 * 3_600_000;
        let wait = rate.take(used, earlier).unwrap_err();
        assert!(wait.seconds() <= 720, "{wait:?}");
    }

    #[test]
    fn nothing_means_without_limit() {
        assert_eq!(uses(Rate::per_hour(0), &mut None, NOW), 1000);
        assert!(!Rate::per_minute(0).is_limited() && Rate::per_minute(1).is_limited());
    }
}
