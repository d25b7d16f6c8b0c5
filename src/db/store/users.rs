//! Users as operators look for them.

use super::Store;
use crate::db::queries::{emails, sign_ups, users};
use crate::db::{Result, User, WaitingSignUp};
use crate::domain::UserId;
use crate::secret::Secret;

impl Store {
    /// Newest first.
    pub async fn users(&self, offset: u64, limit: u32) -> Result<Vec<User>> {
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        self.read(move |connection| users::page(connection, offset, i64::from(limit)))
            .await
    }

    pub async fn user_by_ticket_address(&self, address: &str) -> Result<Option<User>> {
        // Users without an address have an empty one.
        if address.is_empty() {
            return Ok(None);
        }
        let address = address.to_owned();
        self.read(
            move |connection| match users::by_ticket_address(connection, &address)? {
                Some(id) => users::find(connection, id),
                None => Ok(None),
            },
        )
        .await
    }

    /// The newest sign-up of this address that still waits.
    pub async fn waiting_sign_up(&self, email: &str, now: i64) -> Result<Option<WaitingSignUp>> {
        let email_hash = emails::fingerprint(email);
        self.read(move |connection| {
            let row = sign_ups::newest(connection, &email_hash, now)?;
            Ok(row.map(|row| WaitingSignUp {
                email: row.email,
                token_hash: row.token_hash,
                created: row.created,
            }))
        })
        .await
    }

    /// The token of the link that an older program mailed.
    pub async fn former_email_token(&self, id: UserId) -> Result<Option<Secret>> {
        self.read(move |connection| {
            let token = users::email_token(connection, id.0)?;
            Ok(token.map(Secret::new))
        })
        .await
    }

    /// False when the user is verified, or not there.
    pub async fn mark_verified(&self, id: UserId) -> Result<bool> {
        self.write(move |connection| users::mark_verified(connection, id.0))
            .await
    }
}
