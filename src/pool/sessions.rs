//! Signed-in browsers. The cookie is random; the database holds what cannot be turned back into it.

use std::net::IpAddr;
use std::sync::Arc;

use super::{AsOf, Error, Pool, SessionEntry, User, keys, random};
use crate::db::{NewSession, SESSION_IDLE_SECS};
use crate::domain::UserId;
use crate::secret::Secret;

impl Pool {
    /// A new session; the result is the cookie's value.
    pub async fn start_session(
        &self,
        user: UserId,
        client: Option<IpAddr>,
    ) -> Result<Secret, Error> {
        let cookie = random::hex(32)?;
        self.store
            .create_session(NewSession {
                id_hash: self.session_hash(cookie.expose()),
                user_id: user,
                ip: client.map(|ip| ip.to_string()).unwrap_or_default(),
                agent: String::new(),
                now: self.clock.unix_seconds(),
            })
            .await?;
        Ok(cookie)
    }

    /// Who a session cookie stands for: `None` when it is unknown, idle too long, or its user is
    /// disabled. Keeps the session alive.
    pub async fn session(&self, cookie: &str, as_of: AsOf) -> Result<Option<Arc<User>>, Error> {
        if !is_cookie(cookie) {
            return Ok(None);
        }
        let hash = self.session_hash(cookie);
        let (reading, now) = (self.reading_accounts(), self.clock.unix_seconds());
        if as_of == AsOf::Lately
            && let Some((user, last_seen)) = self.recent_sessions.get(&hash, reading)
            && last_seen.saturating_add(SESSION_IDLE_SECS) > now
        {
            return Ok(Some(user));
        }
        let found = self.store.signed_in(&hash, now).await?;
        let Some((session, user)) = found.filter(|(_, user)| !user.disabled) else {
            return Ok(None);
        };
        let user = Arc::new(User::from(user));
        if as_of == AsOf::Lately {
            let kept = (user.clone(), session.last_seen);
            self.recent_sessions.keep(hash, kept, reading);
        }
        Ok(Some(user))
    }

    pub async fn end_session(&self, cookie: &str) -> Result<(), Error> {
        Ok(self.store.end_session(&self.session_hash(cookie)).await?)
    }

    /// The user's sessions, the last used first; `cookie` is that of the one who asks.
    pub async fn sessions(&self, user: UserId, cookie: &str) -> Result<Vec<SessionEntry>, Error> {
        let here = self.session_hash(cookie);
        let now = self.clock.unix_seconds();
        let sessions = self.store.sessions_of(user, now).await?;
        let entries = sessions.into_iter().map(|session| SessionEntry {
            here: session.id_hash == here,
            id: session.id_hash,
            from: session.ip,
            since: session.created,
            last_seen: session.last_seen,
        });
        Ok(entries.collect())
    }

    /// Ends one of the user's sessions; nobody else's.
    pub async fn end_session_of(&self, user: UserId, id: &str) -> Result<(), Error> {
        Ok(self.store.end_session_of(user, id).await?)
    }

    /// Ends all sessions of the user but the one with this cookie.
    pub async fn end_other_sessions(&self, user: UserId, cookie: &str) -> Result<(), Error> {
        let keep = self.session_hash(cookie);
        self.store.end_sessions_except(user, Some(&keep)).await?;
        Ok(())
    }

    pub(super) fn session_hash(&self, cookie: &str) -> String {
        keys::stored_form(&self.settings.api_secret, keys::Purpose::Session, cookie)
    }
}

/// 32 bytes in hex: anything else is not worth a query.
fn is_cookie(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
