//! Every call's way through: a deadline, a blocking thread, whole transactions repeated when the
//! database says so.

use std::sync::Arc;
use std::time::Duration;

use diesel::QueryResult;
use diesel::result::Error as Diesel;
use rand::RngExt as _;
use tokio::time::Instant;

use super::connection::AnyConnection;
use super::dialect;
use super::error::{Failure, Kind};
use super::lender::Lent;
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
const CONFLICTS: u32 = 3;
const RECONNECTS: u32 = 3;
/// How often another node of a cluster is looked for, and how long before each look: a balancer in front
/// of it takes a moment to see which of them serve.
const ELSEWHERE: u32 = 5;
const ELSEWHERE_PAUSE: Duration = Duration::from_millis(200);

/// Reads, outside a transaction.
pub(super) async fn read<T, F>(pool: &Pool, limit: Duration, query: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: Fn(&mut AnyConnection) -> QueryResult<T> + Send + Sync + 'static,
{
    let reading = repeat(pool, limit, move |lent, _, _| {
        query(&mut lent.connection).map_err(|error| Failure::of_statement(&error))
    });
    measured(pool, "read", reading).await
}

/// Changes something, in one transaction that is safe to repeat: `change` may run several times.
/// It is told (`true`) when an earlier run of this call may have been committed after all.
pub(super) async fn write<T, F>(pool: &Pool, limit: Duration, change: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: Fn(&mut AnyConnection, bool) -> QueryResult<Decision<T>> + Send + Sync + 'static,
{
    let writing = repeat(pool, limit, move |lent, watch, doubtful| {
        transact(lent, watch, |connection| change(connection, doubtful))
    });
    measured(pool, "write", writing).await
}

/// Changes tables, in steps that are safe to repeat. Not a transaction: MySQL commits each by itself, and in
/// a cluster another node's change of a table may abort one.
pub(super) async fn alter<F>(pool: &Pool, limit: Duration, change: F) -> Result<(), Failure>
where
    F: Fn(&mut AnyConnection) -> QueryResult<()> + Send + Sync + 'static,
{
    let altering = repeat(pool, limit, move |lent, _, _| {
        change(&mut lent.connection).map_err(|error| Failure::of_statement(&error))
    });
    measured(pool, "write", altering).await
}

async fn measured<T>(
    pool: &Pool,
    kind: &'static str,
    call: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let started = Instant::now();
    let outcome = call.await;
    let took = started.elapsed();
    pool.note(took);
    catalogue::DATABASE_SECONDS.record([kind], took);
    if outcome.is_err() {
        catalogue::DATABASE_ERRORS.increment([kind]);
    }
    outcome
}

fn transact<T>(
    lent: &mut Lent,
    watch: &Watch,
    change: impl FnOnce(&mut AnyConnection) -> QueryResult<Decision<T>>,
) -> Result<T, Failure> {
    if let Err(error) = dialect::begin_write(&mut lent.connection, lent.in_cluster) {
        // It may be within something by now.
        lent.sound &= !lent.in_cluster;
        return Err(Failure::of_statement(&error));
    }
    match change(&mut lent.connection) {
        Ok(Decision::Commit(_)) if !watch.may_commit() => {
            roll_back(lent)?;
            Err(Failure::unavailable("given up"))
        }
        Ok(Decision::Commit(value)) => {
            if lent.in_cluster
                && let Err(error) = dialect::is_still_there(&mut lent.connection)
            {
                return Err(not_stored(lent, &error));
            }
            // One that fails is rolled back at once.
            let committed = dialect::commit(&mut lent.connection);
            if matches!(committed, Err(Diesel::RollbackErrorOnCommit { .. })) {
                lent.sound = false;
            } else {
                end(lent);
            }
            committed.map_err(|error| Failure::of_commit(&error))?;
            Ok(value)
        }
        Ok(Decision::Rollback(value)) => {
            roll_back(lent)?;
            Ok(value)
        }
        Err(error) => Err(not_stored(lent, &error)),
    }
}

/// After a statement that failed.
fn not_stored(lent: &mut Lent, error: &Diesel) -> Failure {
    let failure = Failure::of_statement(error);
    if failure.spares_connection()
        && let Err(lost) = roll_back(lent)
    {
        return lost;
    }
    failure
}

/// A connection that cannot even roll back is lost; the server rolls back by itself.
fn roll_back(lent: &mut Lent) -> Result<(), Failure> {
    dialect::rollback(&mut lent.connection).map_err(|error| Failure {
        kind: Kind::Lost,
        text: error.to_string(),
    })?;
    end(lent);
    Ok(())
}

/// What is stored is stored: a connection on which this fails serves no other call.
fn end(lent: &mut Lent) {
    if lent.in_cluster && dialect::end_write(&mut lent.connection).is_err() {
        lent.sound = false;
    }
}

async fn repeat<T, F>(pool: &Pool, limit: Duration, job: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: Fn(&mut Lent, &Watch, bool) -> Result<T, Failure> + Send + Sync + 'static,
{
    let job = Arc::new(job);
    let deadline = Instant::now() + limit;
    let mut doubt: Option<Failure> = None;
    let mut tries = Tries::default();
    loop {
        let (job, doubtful) = (Arc::clone(&job), doubt.is_some());
        let failure = match pool
            .run(deadline, move |lent, watch| job(lent, watch, doubtful))
            .await
        {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        tracing::debug!(kind = ?failure.kind, error = %failure.text, "database call failed");
        if matches!(failure.kind, Kind::Lost | Kind::Unknown | Kind::NotPrimary) {
            pool.forget_idle();
        }
        if failure.kind == Kind::Unknown {
            doubt = Some(failure.clone());
        }
        let wait = tries.after(failure.kind, doubt.is_some());
        match wait.filter(|wait| Instant::now() + *wait < deadline) {
            Some(wait) => tokio::time::sleep(wait).await,
            // What an earlier run stored cannot be read back now.
            None => return Err(doubt.unwrap_or(failure)),
        }
    }
}

/// What was tried in vain.
#[derive(Debug, Default)]
struct Tries {
    retries: u32,
    reconnects: u32,
    elsewhere: u32,
}

impl Tries {
    /// How long to wait before the next try; `None`: none is of use. `doubt`: it must be found out what
    /// is stored, as long as there is time.
    fn after(&mut self, kind: Kind, doubt: bool) -> Option<Duration> {
        match kind {
            Kind::Retry | Kind::Conflict => self.retries += 1,
            Kind::Lost | Kind::Unknown => self.reconnects += 1,
            Kind::NotPrimary => self.elsewhere += 1,
            Kind::Unavailable if doubt => return Some(ELSEWHERE_PAUSE),
            _ => return None,
        }
        let in_vain = self.retries > RETRIES
            || kind == Kind::Conflict && self.retries > CONFLICTS
            || !doubt && (self.reconnects > RECONNECTS || self.elsewhere > ELSEWHERE);
        if in_vain {
            return None;
        }
        Some(match kind {
            Kind::NotPrimary => ELSEWHERE_PAUSE,
            _ if self.reconnects > RECONNECTS => ELSEWHERE_PAUSE,
            _ => pause(self.retries.max(self.reconnects)),
        })
    }
}

/// A random wait, longer with each attempt, so that those who collided do not meet again.
fn pause(attempt: u32) -> Duration {
    Duration::from_millis(rand::rng().random_range(1..=10 * u64::from(attempt.clamp(1, 10))))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use diesel::connection::SimpleConnection as _;
    use diesel::result::DatabaseErrorKind;

    use super::*;
    use crate::db::connection::Location;
    use crate::secret::Secret;

    /// How often a call that always fails like this is tried again.
    fn tries(kind: Kind, doubt: bool) -> u32 {
        let mut tries = Tries::default();
        (0..1000)
            .find(|_| tries.after(kind, doubt).is_none())
            .unwrap_or(1000)
    }

    #[test]
    fn each_reason_has_its_patience() {
        assert_eq!(tries(Kind::Retry, false), RETRIES);
        assert_eq!(tries(Kind::Conflict, false), CONFLICTS);
        assert_eq!(tries(Kind::Lost, false), RECONNECTS);
        assert_eq!(tries(Kind::NotPrimary, false), ELSEWHERE);
        for kind in [Kind::Unavailable, Kind::Denied, Kind::Schema, Kind::Query] {
            assert_eq!(tries(kind, false), 0, "{kind:?}");
        }
    }

    /// What a node of a cluster says that has rolled back without a word.
    #[tokio::test]
    async fn a_change_whose_transaction_has_gone_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("pool.db").display());
        let pool = Pool::new(Location::parse(&Secret::new(url)).unwrap(), 1);
        let limit = Duration::from_secs(30);
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let changed = write(&pool, limit, move |connection, doubtful| {
            assert!(!doubtful, "nothing of it is stored");
            if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                connection.batch_execute("CREATE TABLE made (id INTEGER)")?;
                let gone = "SAVEPOINT still_there does not exist".to_owned();
                let unknown = DatabaseErrorKind::Unknown;
                return Err(Diesel::DatabaseError(unknown, Box::new(gone)));
            }
            // It would be there.
            connection.batch_execute("CREATE TABLE made (id INTEGER)")?;
            Ok(Decision::Commit("stored"))
        });
        assert_eq!(changed.await, Ok("stored"));
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn what_may_be_stored_is_read_back_as_long_as_there_is_time() {
        for kind in [
            Kind::Unknown,
            Kind::Lost,
            Kind::NotPrimary,
            Kind::Unavailable,
        ] {
            assert_eq!(tries(kind, true), 1000, "{kind:?}");
        }
    }
}
