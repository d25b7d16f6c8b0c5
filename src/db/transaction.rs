//! Every call's way through: a deadline, a blocking thread, whole transactions repeated when the
//! database says so.

use std::sync::Arc;
use std::time::Duration;

use diesel::QueryResult;
use rand::RngExt as _;
use tokio::time::Instant;

use super::connection::AnyConnection;
use super::dialect;
use super::error::{Failure, Kind};
use super::pool::{Pool, Watch};
use crate::metrics::catalogue;

/// What a transaction came to.
pub(super) enum Decision<T> {
    Commit(T),
    /// Nothing is stored, but there is an answer.
    Rollback(T),
}

/// How often a transaction is repeated for each reason. Deadlocks resolve; a key that is taken does
/// so when the repeated transaction reads it; a server that drops every connection does not.
const RETRIES: u32 = 20;
const RECONNECTS: u32 = 3;

/// Reads, outside a transaction.
pub(super) async fn read<T, F>(pool: &Pool, limit: Duration, query: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: Fn(&mut AnyConnection) -> QueryResult<T> + Send + Sync + 'static,
{
    let reading = repeat(pool, limit, move |connection, _, _| {
        query(connection).map_err(|error| Failure::of_statement(&error))
    });
    measured("read", reading).await
}

/// Changes something, in one transaction that is safe to repeat: `change` may run several times.
/// It is told (`true`) when an earlier run of this call may have been committed after all.
pub(super) async fn write<T, F>(pool: &Pool, limit: Duration, change: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: Fn(&mut AnyConnection, bool) -> QueryResult<Decision<T>> + Send + Sync + 'static,
{
    let writing = repeat(pool, limit, move |connection, watch, doubtful| {
        transact(connection, watch, |connection| change(connection, doubtful))
    });
    measured("write", writing).await
}

async fn measured<T>(
    kind: &'static str,
    call: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let started = Instant::now();
    let outcome = call.await;
    catalogue::DATABASE_SECONDS.record([kind], started.elapsed());
    if outcome.is_err() {
        catalogue::DATABASE_ERRORS.increment([kind]);
    }
    outcome
}

fn transact<T>(
    connection: &mut AnyConnection,
    watch: &Watch,
    change: impl FnOnce(&mut AnyConnection) -> QueryResult<Decision<T>>,
) -> Result<T, Failure> {
    dialect::begin_write(connection).map_err(|error| Failure::of_statement(&error))?;
    match change(connection) {
        Ok(Decision::Commit(_)) if !watch.may_commit() => {
            roll_back(connection)?;
            Err(Failure::unavailable("given up"))
        }
        Ok(Decision::Commit(value)) => {
            dialect::commit(connection).map_err(|error| Failure::of_commit(&error))?;
            Ok(value)
        }
        Ok(Decision::Rollback(value)) => {
            roll_back(connection)?;
            Ok(value)
        }
        Err(error) => {
            let failure = Failure::of_statement(&error);
            if failure.spares_connection() {
                roll_back(connection)?;
            }
            Err(failure)
        }
    }
}

/// A connection that cannot even roll back is lost; the server rolls back by itself.
fn roll_back(connection: &mut AnyConnection) -> Result<(), Failure> {
    dialect::rollback(connection).map_err(|error| Failure {
        kind: Kind::Lost,
        text: error.to_string(),
    })
}

async fn repeat<T, F>(pool: &Pool, limit: Duration, job: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: Fn(&mut AnyConnection, &Watch, bool) -> Result<T, Failure> + Send + Sync + 'static,
{
    let job = Arc::new(job);
    let deadline = Instant::now() + limit;
    let mut doubt: Option<Failure> = None;
    let (mut retries, mut reconnects) = (0, 0);
    loop {
        let (job, doubtful) = (Arc::clone(&job), doubt.is_some());
        let failure = match pool
            .run(deadline, move |connection, watch| {
                job(connection, watch, doubtful)
            })
            .await
        {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        tracing::debug!(kind = ?failure.kind, error = %failure.text, "database call failed");
        match failure.kind {
            Kind::Retry | Kind::Conflict => retries += 1,
            Kind::Lost | Kind::Unknown => {
                pool.forget_idle();
                reconnects += 1;
            }
            // What an earlier run stored cannot be read back now.
            _ => return Err(doubt.unwrap_or(failure)),
        }
        if failure.kind == Kind::Unknown {
            doubt = Some(failure.clone());
        }
        let conflicts = failure.kind == Kind::Conflict && retries > 3;
        let wait = pause(retries.max(reconnects));
        if conflicts
            || retries > RETRIES
            || reconnects > RECONNECTS
            || Instant::now() + wait >= deadline
        {
            return Err(doubt.unwrap_or(failure));
        }
        tokio::time::sleep(wait).await;
    }
}

/// A random wait, longer with each attempt, so that those who collided do not meet again.
fn pause(attempt: u32) -> Duration {
    Duration::from_millis(rand::rng().random_range(1..=10 * u64::from(attempt.clamp(1, 10))))
}
