//! Waiting with an end: nothing here asserts how fast something is, only that it happens.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Long enough for anything on a busy machine; a test that meets it has failed.
pub const PATIENCE: Duration = Duration::from_mins(1);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What a wait unwinds with after `interrupt`: everything ends as after a success.
#[derive(Debug)]
pub struct Interrupted;

/// Makes every wait of this process end: a person asked to stop.
pub fn interrupt() {
    INTERRUPTED.store(true, Ordering::SeqCst);
}

pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a plain thread of a test may sleep"
)]
pub fn pause(duration: Duration) {
    if interrupted() && !std::thread::panicking() {
        std::panic::resume_unwind(Box::new(Interrupted));
    }
    std::thread::sleep(duration);
}

/// Tries until it works; after `limit` it panics with the last reason.
pub fn until_within<T, E: Display>(
    limit: Duration,
    what: &str,
    mut attempt: impl FnMut() -> Result<T, E>,
) -> T {
    let start = Instant::now();
    let mut step = Duration::from_millis(2);
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(reason) if start.elapsed() > limit => {
                panic!("waited {} s for {what}: {reason}", limit.as_secs())
            }
            Err(_) => pause(step),
        }
        step = (step * 2).min(Duration::from_millis(50));
    }
}

/// As `until_within`, with the usual patience.
pub fn until<T, E: Display>(what: &str, attempt: impl FnMut() -> Result<T, E>) -> T {
    until_within(PATIENCE, what, attempt)
}
