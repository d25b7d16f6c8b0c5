//! Which of several web processes on one database does the background work that writes: tickets, samples and
//! vote times, news, tidying. It holds a lease, a row by the database's own clock, and renews it; when it
//! dies another one takes the lease within about ten seconds, when it is stopped at once.
//!
//! What two would do at the worst, in the moment of a change, is written so that twice is as good as once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::Pool;

const NAME: &str = "background";
/// For how long it is taken, seconds of the database's clock.
const LIFE: i64 = 7;
/// The holder trusts its lease for less, from before it was asked for.
const TRUST: Duration = Duration::from_secs(6);
/// How often it is renewed, or looked whether it is free.
const RENEW: Duration = Duration::from_secs(1);
/// What giving it back may take when the role ends.
const LAST_WORDS: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Lease {
    holder: String,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// No other process could: the database serves one. Or this is a command of the operator's, which does
    /// none of this work by itself.
    Alone,
    Held(Instant),
    Elsewhere,
}

impl Lease {
    pub fn new() -> Self {
        Self {
            holder: Uuid::new_v4().to_string(),
            state: Mutex::new(State::Alone),
        }
    }

    /// What is held stays held as long as it is trusted.
    fn doubt(&self) {
        let mut state = self.state();
        if matches!(*state, State::Alone) {
            *state = State::Elsewhere;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    /// Whether this process does the background work now.
    pub(super) fn leads(&self) -> bool {
        match *self.lease.state() {
            State::Alone => true,
            State::Held(since) => since.elapsed() < TRUST,
            State::Elsewhere => false,
        }
    }

    /// Takes or renews the lease, if it is free.
    pub async fn try_to_lead(&self) {
        if !self.store.is_shared() {
            return;
        }
        let asked = Instant::now();
        let held = match self.store.hold_lease(NAME, &self.lease.holder, LIFE).await {
            Ok(held) => held,
            Err(error) => {
                self.lease.doubt();
                return self.database_failed("the lease is not renewed", &error.into());
            }
        };
        let before = std::mem::replace(
            &mut *self.lease.state(),
            if held {
                State::Held(asked)
            } else {
                State::Elsewhere
            },
        );
        match (before, held) {
            (State::Held(_), true) | (State::Elsewhere, false) => {}
            (_, true) => tracing::info!("this process does the background work"),
            (_, false) => tracing::info!("another process does the background work"),
        }
    }

    /// Renews the lease, or waits for it, until the role stops; then gives it back.
    pub(super) async fn keep_lead(&self) {
        loop {
            tokio::select! {
                () = self.tasks.stopping() => break,
                () = sleep(RENEW) => {}
            }
            if self.database_away_since().is_some() {
                continue;
            }
            tokio::select! {
                () = self.tasks.stopping() => break,
                () = self.try_to_lead() => {}
            }
        }
        let held = matches!(
            std::mem::replace(&mut *self.lease.state(), State::Elsewhere),
            State::Held(_)
        );
        if held {
            let giving = self.store.give_back_lease(NAME, &self.lease.holder);
            if !matches!(timeout(LAST_WORDS, giving).await, Ok(Ok(()))) {
                tracing::debug!("the lease is not given back: it runs out");
            }
        }
    }
}
