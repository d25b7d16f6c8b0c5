//! The end of an account, and what the pool knows of a user. Tickets are voted on when it is closed: what that
//! needs is kept, and nothing of the person.

use std::net::IpAddr;

use super::{Error, OwnerProof, Pool, ProofError};
use crate::db::AuditEntry;
use crate::domain::UserId;
use crate::mail::texts;

impl Pool {
    /// Closes the account for good.
    pub async fn close_account(
        &self,
        user: UserId,
        proof: &OwnerProof,
        client: Option<IpAddr>,
    ) -> Result<(), ProofError> {
        let stored = self.with_proof(user, proof, client).await?;
        let now = self.clock.unix_seconds();
        let password = &stored.password_hash;
        let closed = self.store.close_account(user, password, now).await;
        if !closed.map_err(Error::from)? {
            // Changed by somebody else since it was checked.
            return Err(ProofError::WrongPassword);
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
