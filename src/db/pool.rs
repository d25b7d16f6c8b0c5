//! r2d2's connections, lent to blocking threads for one call each.
//!
//! The MySQL client library has no time-outs: a call on a silent connection never comes back, and r2d2
//! waits for every connection that it lent. So this is the watchdog: the permit that limits calls is
//! held by the waiting side, not by the thread. When a call's time is up, its thread is given up (it
//! ends whenever the system gives up the socket, and drops the connection then), the permit is free
//! again, and a fresh r2d2 pool takes over from the one that waits.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::connection::Location;
use super::error::{Failure, Kind};
use super::lender::{Borrowed, Lender, Lent};
use super::types::Pace;

/// Threads that may hang at a time; beyond this no more are risked until one comes back.
const MAX_STUCK: usize = 64;

/// What takes longer is slow.
const SLOW: Duration = Duration::from_millis(500);

#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    location: Location,
    permits: Arc<Semaphore>,
    max: u32,
    lender: Mutex<Arc<Lender>>,
    stuck: AtomicUsize,
    calls: AtomicU64,
    slow: AtomicU64,
}

/// What the waiting side and the working thread of a call know of each other.
pub(super) struct Watch {
    state: Mutex<State>,
    committing: AtomicBool,
}

enum State {
    /// The permit goes back when the work is done, or given up.
    Working {
        _permit: OwnedSemaphorePermit,
    },
    GivenUp,
    Done,
}

impl Watch {
    fn new(permit: OwnedSemaphorePermit) -> Self {
        Watch {
            state: Mutex::new(State::Working { _permit: permit }),
            committing: AtomicBool::new(false),
        }
    }

    /// Asked before a commit: what the caller was told has failed must not be stored later.
    pub fn may_commit(&self) -> bool {
        let state = lock(&self.state);
        let may = !matches!(*state, State::GivenUp);
        self.committing.store(may, Ordering::Relaxed);
        may
    }
}

impl Pool {
    pub fn new(location: Location, max: u32) -> Self {
        Pool(Arc::new(Shared {
            lender: Mutex::new(Arc::new(Lender::new(location.clone(), max))),
            location,
            permits: Arc::new(Semaphore::new(max as usize)),
            max,
            stuck: AtomicUsize::new(0),
            calls: AtomicU64::new(0),
            slow: AtomicU64::new(0),
        }))
    }

    /// Runs `job` on a blocking thread with a connection of its own, until `deadline` at most.
    /// Dropping the future gives the job up.
    pub async fn run<T, F>(&self, deadline: Instant, job: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&mut Lent, &Watch) -> Result<T, Failure> + Send + 'static,
    {
        let shared = &self.0;
        let waiting = timeout_at(deadline, Arc::clone(&shared.permits).acquire_owned());
        let Ok(Ok(permit)) = waiting.await else {
            let max = shared.max;
            return Err(Failure::unavailable(format!(
                "all {max} connections are busy"
            )));
        };
        if shared.stuck.load(Ordering::Relaxed) >= MAX_STUCK {
            return Err(Failure::unavailable("too many calls got no answer"));
        }
        let watch = Arc::new(Watch::new(permit));
        let give_up = GiveUpOnDrop(Arc::clone(&watch), Arc::clone(shared));
        let started = Instant::now();
        let thread = Thread(Arc::clone(&watch), Arc::clone(shared));
        let working = tokio::task::spawn_blocking(move || thread.work(deadline, job));
        match timeout_at(deadline, working).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Err(Failure {
                kind: Kind::Query,
                text: error.to_string(),
            }),
            Err(_) => {
                drop(give_up);
                self.forget_idle();
                Err(no_answer(started.elapsed(), &watch))
            }
        }
    }

    /// A call took so long, by whatever way it went.
    pub fn note(&self, took: Duration) {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        if took > SLOW {
            self.0.slow.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn pace(&self) -> Pace {
        Pace {
            calls: self.0.calls.load(Ordering::Relaxed),
            slow: self.0.slow.load(Ordering::Relaxed),
        }
    }

    /// Begins anew with fresh connections: when one hangs or is lost, the others are no better. Those
    /// still lent end with their calls.
    pub fn forget_idle(&self) {
        let fresh = Arc::new(Lender::new(self.0.location.clone(), self.0.max));
        let old = std::mem::replace(&mut *lock(&self.0.lender), fresh);
        // Closing says good-bye to the server: blocking work. Nobody waits for it.
        drop(tokio::task::spawn_blocking(move || drop(old)));
    }
}

fn no_answer(waited: Duration, watch: &Watch) -> Failure {
    let kind = if watch.committing.load(Ordering::Relaxed) {
        Kind::Unknown
    } else {
        Kind::Unavailable
    };
    let text = format!("no answer within {:.1} s", waited.as_secs_f64());
    Failure { kind, text }
}

/// The thread's side of a call.
struct Thread(Arc<Watch>, Arc<Shared>);

impl Thread {
    fn work<T, F>(self, deadline: Instant, job: F) -> Result<T, Failure>
    where
        F: FnOnce(&mut Lent, &Watch) -> Result<T, Failure>,
    {
        let Thread(watch, shared) = &self;
        let lender = Arc::clone(&lock(&shared.lender));
        let mut lent = lender.lend(deadline)?;
        let result = job(&mut lent, watch);
        let sound = match &result {
            Ok(_) => true,
            Err(failure) => failure.spares_connection(),
        };
        self.give_back(lent, sound);
        result
    }

    /// The connection goes back before the permit: who holds a permit waits for none, unless a call
    /// that was given up still runs.
    fn give_back(&self, mut lent: Borrowed, sound: bool) {
        let mut state = lock(&self.0.state);
        lent.sound &= sound && matches!(*state, State::Working { .. });
        drop(lent);
        if matches!(*state, State::Working { .. }) {
            *state = State::Done;
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        if matches!(*state, State::GivenUp) {
            self.1.stuck.fetch_sub(1, Ordering::Relaxed);
        }
        *state = State::Done;
    }
}

/// The caller's side of a call.
struct GiveUpOnDrop(Arc<Watch>, Arc<Shared>);

impl Drop for GiveUpOnDrop {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        if matches!(*state, State::Working { .. }) {
            *state = State::GivenUp;
            self.1.stuck.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// No code panics while it holds one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({})", self.0.location.name())
    }
}
