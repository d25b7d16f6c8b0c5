//! Signed-in browsers.

use super::{Store, later};
use crate::db::{NewSession, Result, Session};
use crate::domain::UserId;

#[expect(clippy::unused_async, reason = "placeholder")]
impl Store {
    pub async fn create_session(&self, _session: NewSession) -> Result<()> {
        later()
    }

    /// The session if it is not over, and keeps it alive (written at most once a minute).
    pub async fn session(&self, _id_hash: &str, _now: i64) -> Result<Option<Session>> {
        later()
    }

    /// Those of a user that are not over, last used first.
    pub async fn sessions_of(&self, _user_id: UserId, _now: i64) -> Result<Vec<Session>> {
        later()
    }

    pub async fn end_session(&self, _id_hash: &str) -> Result<()> {
        later()
    }

    /// Ends all sessions of a user but `keep`. Returns how many.
    pub async fn end_sessions_except(&self, _user_id: UserId, _keep: Option<&str>) -> Result<u64> {
        later()
    }
}
