//! Sign-ups and users.

use super::{Store, later};
use crate::db::{Result, SignUp, SignUpOutcome, User, UserCounts, Verification};
use crate::domain::{KeyIndex, UserId};
use crate::secret::Secret;

#[expect(clippy::unused_async, reason = "placeholder")]
impl Store {
    /// Keeps a sign-up for a day.
    pub async fn record_sign_up(&self, _sign_up: SignUp) -> Result<SignUpOutcome> {
        later()
    }

    /// Gives the newest waiting sign-up of `email` another token and another day. False: none waits.
    pub async fn renew_sign_up(&self, _email: &str, _token_hash: &str, _now: i64) -> Result<bool> {
        later()
    }

    /// Makes the user of a waiting sign-up: id, key index, row and unique e-mail in one transaction.
    pub async fn verify_sign_up(
        &self,
        _token_hash: &str,
        _max_users: u32,
        _now: i64,
    ) -> Result<Verification> {
        later()
    }

    /// Marks the user of an older program verified whose `EmailToken` this is.
    pub async fn verify_former_email_token(&self, _token: &str) -> Result<Option<UserId>> {
        later()
    }

    /// Forgets sign-ups and sessions that are over. Returns how many.
    pub async fn forget_expired(&self, _now: i64) -> Result<u64> {
        later()
    }

    pub async fn user(&self, _id: UserId) -> Result<Option<User>> {
        later()
    }

    /// Whatever the case of the letters.
    pub async fn user_by_email(&self, _email: &str) -> Result<Option<User>> {
        later()
    }

    /// The child index of the user's keys; `None` for an unknown user.
    pub async fn key_index(&self, _id: UserId) -> Result<Option<KeyIndex>> {
        later()
    }

    /// False when there is no such user (likewise below).
    pub async fn set_password_hash(&self, _id: UserId, _hash: &Secret) -> Result<bool> {
        later()
    }

    /// Stores another API token if `former` is still the one in force; else false.
    pub async fn set_api_token(
        &self,
        _id: UserId,
        _former: Option<&Secret>,
        _token: &Secret,
    ) -> Result<bool> {
        later()
    }

    pub async fn set_disabled(&self, _id: UserId, _disabled: bool) -> Result<bool> {
        later()
    }

    pub async fn user_counts(&self) -> Result<UserCounts> {
        later()
    }
}
