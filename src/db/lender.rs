//! Connections kept by r2d2.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::r2d2::{self, HandleError, ManageConnection, PooledConnection};
use tokio::time::Instant;

use super::connection::{AnyConnection, Location};
use super::dialect;
use super::error::Failure;

/// How long r2d2 pauses, at most twice, between attempts at a server that is away.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often who waits for a connection looks whether connecting has failed.
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(super) type Borrowed = PooledConnection<Manager>;

/// One r2d2 pool, and why its last attempt to connect failed.
pub(super) struct Lender {
    pool: r2d2::Pool<Manager>,
    failed: LastFailure,
}

/// A connection, and whether it may be lent again.
pub(super) struct Lent {
    pub connection: AnyConnection,
    /// It leads to a node of a cluster.
    pub in_cluster: bool,
    pub sound: bool,
}

#[derive(Debug)]
pub(super) struct Manager(Location);

impl ManageConnection for Manager {
    type Connection = Lent;
    type Error = Failure;

    fn connect(&self) -> Result<Lent, Failure> {
        let (connection, in_cluster) = self.0.connect()?;
        Ok(Lent {
            connection,
            in_cluster,
            sound: true,
        })
    }

    fn is_valid(&self, lent: &mut Lent) -> Result<(), Failure> {
        dialect::ping(&mut lent.connection).map_err(|error| Failure::of_statement(&error))
    }

    fn has_broken(&self, lent: &mut Lent) -> bool {
        !lent.sound
    }
}

/// The latest failure to connect, and when: r2d2 would tell it only when the time is up, and as text.
#[derive(Debug, Clone, Default)]
struct LastFailure(Arc<Mutex<Option<(Instant, Failure)>>>);

impl HandleError<Failure> for LastFailure {
    fn handle_error(&self, failure: Failure) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((Instant::now(), failure));
    }
}

impl LastFailure {
    fn since(&self, start: Instant) -> Option<Failure> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, failure) = last.as_ref().filter(|(at, _)| *at >= start)?;
        Some(failure.clone())
    }
}

impl Lender {
    pub fn new(location: Location, max: u32) -> Self {
        let failed = LastFailure::default();
        // Connections that the server or a firewall has closed show at the call, which is repeated
        // on another one: asking each of them first would cost every call a round trip.
        let pool = r2d2::Pool::builder()
            .max_size(max)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(PATIENCE)
            .error_handler(Box::new(failed.clone()))
            .build_unchecked(Manager(location));
        Self { pool, failed }
    }

    /// Blocks until there is a connection, connecting has failed, or `deadline` has come.
    pub fn lend(&self, deadline: Instant) -> Result<Borrowed, Failure> {
        let start = Instant::now();
        loop {
            let error = match self.pool.get_timeout(LOOK_EVERY) {
                Ok(lent) => return Ok(lent),
                Err(error) => error,
            };
            if let Some(failure) = self.failed.since(start) {
                return Err(failure);
            }
            if Instant::now() >= deadline {
                return Err(Failure::unavailable(error.to_string()));
            }
        }
    }
}
