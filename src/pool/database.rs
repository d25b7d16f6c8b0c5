//! Whether the database answers, as far as it was last asked. While it does not, pages do not wait for
//! it and background work does not crowd it: `keep_numbers` alone tries, until it answers.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::{Error, Halt, Pool};
use crate::db;
use crate::domain::UserId;

/// How long the status, and pages for guests, wait for the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was last known of the database.
#[derive(Debug, Default)]
pub struct DatabaseState {
    /// Unix seconds.
    away_since: Option<i64>,
    /// The last one read.
    halt: Option<Halt>,
    /// Since when it could not be read, unix seconds.
    halt_unknown_since: Option<i64>,
}

impl Pool {
    fn database(&self) -> MutexGuard<'_, DatabaseState> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when the database does not answer, unix seconds.
    pub(super) fn database_away_since(&self) -> Option<i64> {
        self.database().away_since
    }

    pub(super) fn database_answered(&self) {
        if let Some(since) = self.database().away_since.take() {
            let seconds = self.clock.unix_seconds().saturating_sub(since);
            tracing::info!(seconds, "the database answers again");
        }
    }

    /// Background work could not be done. Told once while the database is away.
    pub(super) fn database_failed(&self, consequence: &str, error: &Error) {
        if !is_away(error) {
            return tracing::warn!(%error, "{consequence}");
        }
        self.database_is_away(&error.to_string());
        tracing::debug!(%error, "{consequence}");
    }

    fn database_is_away(&self, reason: &str) {
        let now = self.clock.unix_seconds();
        let mut database = self.database();
        if database.away_since.is_none() {
            tracing::error!(
                reason,
                "the database does not answer; it is tried until it does"
            );
            database.away_since = Some(now);
            self.numbers_due.notify_one();
        }
    }

    /// The last id that a user was given, unless the database does not say soon.
    pub(super) async fn last_user_id_soon(&self) -> Option<UserId> {
        if self.database_away_since().is_some() {
            return None;
        }
        match timeout(PATIENCE, self.store.last_user_id()).await {
            Ok(Ok(last)) => return Some(last),
            Ok(Err(error)) => self.database_failed("the last user is not known", &error.into()),
            Err(_) => self.database_is_away("no answer"),
        }
        None
    }

    /// The halt, or the last one known and since when the database has not told it.
    pub(super) async fn halt_or_last_known(&self) -> (Option<Halt>, Option<i64>) {
        let away = self.database_away_since();
        if away.is_some() {
            return (self.database().halt.clone(), away);
        }
        match timeout(PATIENCE, self.store.halt()).await {
            Ok(Ok(halt)) => {
                let mut database = self.database();
                database.halt.clone_from(&halt);
                database.halt_unknown_since = None;
                return (halt, None);
            }
            Ok(Err(error)) => self.database_failed("halt not read", &error.into()),
            Err(_) => self.database_is_away("no answer"),
        }
        let now = self.clock.unix_seconds();
        let mut database = self.database();
        let since = *database.halt_unknown_since.get_or_insert(now);
        (database.halt.clone(), Some(since))
    }
}

fn is_away(error: &Error) -> bool {
    matches!(
        error,
        Error::Database(db::Error::Unavailable(_) | db::Error::OutcomeUnknown(_))
    )
}
