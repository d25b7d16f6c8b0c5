//! How long to wait before the next attempt.

use std::time::Duration;

/// Doubling delays up to a cap, each shortened by chance so that many clients of a restarted daemon
/// do not come back in step.
#[derive(Debug, Clone, PartialEq)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
    jitter: f64,
    attempt: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BackoffError {
    #[error("the first delay must be above zero")]
    Zero,
    #[error("the cap must not be below the first delay")]
    CapBelowFirst,
    #[error("jitter must be a fraction between 0 and 1")]
    Jitter,
}

impl Backoff {
    /// `jitter` is the fraction of a delay that chance may take away.
    pub fn new(first: Duration, cap: Duration, jitter: f64) -> Result<Self, BackoffError> {
        if first.is_zero() {
            return Err(BackoffError::Zero);
        }
        if cap < first {
            return Err(BackoffError::CapBelowFirst);
        }
        if !(0.0..=1.0).contains(&jitter) {
            return Err(BackoffError::Jitter);
        }
        Ok(Self {
            first,
            cap,
            jitter,
            attempt: 0,
        })
    }

    /// For a connection to a daemon: soon at first, once a second at worst.
    pub fn reconnect() -> Self {
        Self {
            first: Duration::from_millis(50),
            cap: Duration::from_secs(1),
            jitter: 0.5,
            attempt: 0,
        }
    }

    /// The next delay. `dice` is a random number in 0..1.
    pub fn next_delay(&mut self, dice: f64) -> Duration {
        let full = self
            .first
            .saturating_mul(1_u32.checked_shl(self.attempt).unwrap_or(u32::MAX))
            .min(self.cap);
        self.attempt = self.attempt.saturating_add(1);
        full.mul_f64(1.0 - self.jitter * dice.clamp(0.0, 1.0))
    }

    /// Starts over, after a connection that lasted.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn nonsense_is_rejected() {
        let new = Backoff::new;
        assert_eq!(new(MS(0), MS(10), 0.5), Err(BackoffError::Zero));
        assert_eq!(new(MS(11), MS(10), 0.5), Err(BackoffError::CapBelowFirst));
        for jitter in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(new(MS(1), MS(10), jitter), Err(BackoffError::Jitter));
        }
    }

    #[test]
    fn delays_double_up_to_the_cap_and_start_over() {
        let mut backoff = Backoff::new(MS(50), MS(1000), 0.5).unwrap();
        let delays: Vec<_> = (0..7).map(|_| backoff.next_delay(0.0)).collect();
        assert_eq!(delays, [50, 100, 200, 400, 800, 1000, 1000].map(MS));
        for _ in 0..100 {
            assert!(backoff.next_delay(0.3) <= MS(1000));
        }
        backoff.reset();
        assert_eq!(backoff.next_delay(1.0), MS(25));
    }

    #[test]
    fn chance_only_shortens() {
        for dice in [-1.0, 0.0, 0.5, 1.0, 7.0, f64::INFINITY] {
            let mut backoff = Backoff::new(MS(100), MS(1000), 0.5).unwrap();
            let delay = backoff.next_delay(dice);
            assert!((MS(50)..=MS(100)).contains(&delay), "{delay:?}");
        }
    }
}
