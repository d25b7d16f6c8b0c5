//! Time as a parameter.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Wall-clock time in whole seconds since 1970, from the system or from a test.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until `advance`.
    pub fn fixed(unix_seconds: i64) -> Self {
        Self(Source::Fixed(Arc::new(AtomicI64::new(unix_seconds))))
    }

    pub fn advance(&self, seconds: i64) {
        if let Source::Fixed(now) = &self.0 {
            now.fetch_add(seconds, Ordering::SeqCst);
        }
    }

    pub fn unix_seconds(&self) -> i64 {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "this is the clock")]
            Source::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|since| i64::try_from(since.as_secs()).ok())
                .unwrap_or(0),
            Source::Fixed(now) => now.load(Ordering::SeqCst),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.unix_seconds())
    }
}
