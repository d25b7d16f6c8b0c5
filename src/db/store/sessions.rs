//! Signed-in browsers.

use super::Store;
use crate::db::changes::Touches;
use crate::db::connection::AnyConnection;
use crate::db::queries::{clip, sessions, users};
use crate::db::{NewSession, Result, Session, User};
use crate::domain::UserId;

/// A session's last use is written at most this often.
const TOUCH_SECS: i64 = 60;

impl Store {
    pub async fn create_session(&self, session: NewSession) -> Result<()> {
        self.write_on(Touches::Nothing, move |connection| {
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
        let id = id_hash.to_owned();
        let found = self
            .read(move |connection| sessions::find(connection, &id, now))
            .await?;
        self.keep_alive(found.as_ref(), now).await?;
        Ok(found)
    }

    /// As `session`, with its user, by one call. `None` also when that is gone.
    pub async fn signed_in(&self, id_hash: &str, now: i64) -> Result<Option<(Session, User)>> {
        let id = id_hash.to_owned();
        let found = self
            .read(move |connection: &mut AnyConnection| {
                let Some(session) = sessions::find(connection, &id, now)? else {
                    return Ok(None);
                };
                let user = users::find(connection, session.user_id.0)?;
                Ok(user.map(|user| (session, user)))
            })
            .await?;
        self.keep_alive(found.as_ref().map(|(session, _)| session), now)
            .await?;
        Ok(found)
    }

    async fn keep_alive(&self, session: Option<&Session>, now: i64) -> Result<()> {
        let due = session.filter(|session| session.last_seen + TOUCH_SECS <= now);
        let Some(id_hash) = due.map(|session| session.id_hash.clone()) else {
            return Ok(());
        };
        self.write_on(Touches::Nothing, move |connection| {
            sessions::touch(connection, &id_hash, now)
        })
        .await
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
