//! The end of an account, and what the pool knows of a user. Tickets are voted on when it is closed: what that
//! needs is kept, and nothing of the person.

use std::net::IpAddr;

use super::passwords::{Busy, Verdict};
use super::{CloseAccountError, Error, Pool};
use crate::db::AuditEntry;
use crate::domain::UserId;
use crate::mail::texts;
use crate::secret::Secret;

impl Pool {
    /// Closes the account for good.
    pub async fn close_account(
        &self,
        user: UserId,
        current: &Secret,
        client: Option<IpAddr>,
    ) -> Result<(), CloseAccountError> {
        let stored = self.store.user(user).await.map_err(Error::from)?;
        let stored = stored.ok_or(CloseAccountError::WrongCurrent)?;
        let password = &stored.password_hash;
        match self.hasher.verify(current, Some(password)).await? {
            Ok(Verdict::Right | Verdict::RightButWeak) => {}
            Ok(Verdict::Wrong) => return Err(CloseAccountError::WrongCurrent),
            Err(Busy) => return Err(CloseAccountError::Busy),
        }
        let now = self.clock.unix_seconds();
        let closed = self.store.close_account(user, password, now).await;
        if !closed.map_err(Error::from)? {
            // Changed by somebody else since it was checked.
            return Err(CloseAccountError::WrongCurrent);
        }
        self.audit("account_closed", Some(user), None, "").await;
        let cause = self.cause(client);
        let mail = texts::account_closed(&self.settings.name, &stored.email, cause);
        self.send_notice(mail).await;
        self.numbers_due.notify_one();
        Ok(())
    }

    /// What happened to the account, newest first.
    pub async fn account_log(&self, user: UserId, limit: u32) -> Result<Vec<AuditEntry>, Error> {
        Ok(self.store.audit_of(user, limit).await?)
    }
}
