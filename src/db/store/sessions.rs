//! Signed-in browsers.

use super::Store;
use crate::db::queries::{clip, sessions};
use crate::db::{NewSession, Result, Session};
use crate::domain::UserId;

/// A session's last use is written at most this often.
const TOUCH_SECS: i64 = 60;

impl Store {
    pub async fn create_session(&self, session: NewSession) -> Result<()> {
        self.write(move |connection| {
            let row = sessions::Row {
                id_hash: session.id_hash.clone(),
                user_id: session.user_id.0,
                created: session.now,
                last_seen: session.now,
                ip: clip(&session.ip, 64),
                agent: clip(&session.agent, 255),
            };
            // There already if this is repeated after a commit of unknown outcome.
            match sessions::find(connection, &row.id_hash, session.now)? {
                Some(_) => Ok(()),
                None => sessions::insert(connection, &row),
            }
        })
        .await
    }

    /// The session if it is not over, and keeps it alive (written at most once a minute).
    pub async fn session(&self, id_hash: &str, now: i64) -> Result<Option<Session>> {
        let id_hash = id_hash.to_owned();
        let id = id_hash.clone();
        let found = self
            .read(move |connection| sessions::find(connection, &id, now))
            .await?;
        if found
            .as_ref()
            .is_some_and(|session| session.last_seen + TOUCH_SECS <= now)
        {
            self.write(move |connection| sessions::touch(connection, &id_hash, now))
                .await?;
        }
        Ok(found)
    }

    /// Those of a user that are not over, last used first.
    pub async fn sessions_of(&self, user_id: UserId, now: i64) -> Result<Vec<Session>> {
        self.read(move |connection| sessions::of_user(connection, user_id.0, now))
            .await
    }

    pub async fn end_session(&self, id_hash: &str) -> Result<()> {
        let id_hash = id_hash.to_owned();
        self.write(move |connection| sessions::delete(connection, &id_hash))
            .await
    }

    /// Ends a session if it is that user's.
    pub async fn end_session_of(&self, user_id: UserId, id_hash: &str) -> Result<()> {
        let id_hash = id_hash.to_owned();
        self.write(move |connection| sessions::delete_one_of_user(connection, user_id.0, &id_hash))
            .await
    }

    /// Ends all sessions of a user but `keep`. Returns how many.
    pub async fn end_sessions_except(&self, user_id: UserId, keep: Option<&str>) -> Result<u64> {
        let keep = keep.unwrap_or_default().to_owned();
        self.write(move |connection| {
            sessions::delete_of_user(connection, user_id.0, &keep).map(|rows| rows as u64)
        })
        .await
    }
}
