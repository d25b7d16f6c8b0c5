//! What the product does, without HTML and without SQL: accounts, enrolment, preferences, the
//! watching of voters, and the numbers that pages show.
//!
//! Invariant: what was accepted is in the database before a method returns; no method that a page
//! calls waits for a wallet, but `enrol`, which must.

mod error;
mod settings;
mod types;

pub mod keys;

use std::net::IpAddr;
use std::sync::Arc;

use crate::decred::VoteBits;
use crate::domain::UserId;
use crate::rpc::wire::Agendas;
use crate::secret::Secret;

pub use error::{
    ChangePasswordError, EnrolError, Error, NotNow, PasswordProblem, PurchaseInfoError,
    SignInError, SignUpError, TokenError, VotingError,
};
pub use settings::Settings;
pub use types::{
    Enrolled, Halt, Health, PurchaseInfo, Stats, StatusReport, TicketPage, User, VoterReport,
};

/// Tickets on one page.
pub const TICKETS_PER_PAGE: u32 = 100;

/// The pool. Shared by all request handlers and background tasks.
#[derive(Debug)]
pub struct Pool {
    settings: Settings,
}

/// Accounts.
impl Pool {
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes a sign-up and mails the verification link. A known address mails its owner instead; the
    /// answer and its time class are the same.
    pub async fn sign_up(
        &self,
        email: &str,
        password: &Secret,
        client: Option<IpAddr>,
    ) -> Result<(), SignUpError> {
        let _ = (email, password, client);
        Err(Error::not_yet().into())
    }

    /// Mails the verification link again, if a sign-up waits under this address.
    pub async fn resend_verification(
        &self,
        email: &str,
        client: Option<IpAddr>,
    ) -> Result<(), Error> {
        let _ = (email, client);
        Err(Error::not_yet())
    }

    /// Spends the token of a verification link (call it on POST only).
    pub async fn verify_email(
        &self,
        token: &str,
        client: Option<IpAddr>,
    ) -> Result<UserId, TokenError> {
        let _ = (token, client);
        Err(Error::not_yet().into())
    }

    /// Whose password this is. Takes the same time for unknown addresses.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &Secret,
        client: Option<IpAddr>,
    ) -> Result<UserId, SignInError> {
        let _ = (email, password, client);
        Err(Error::not_yet().into())
    }

    /// A new session; the result is the cookie's value.
    pub async fn start_session(
        &self,
        user: UserId,
        client: Option<IpAddr>,
    ) -> Result<Secret, Error> {
        let _ = (user, client);
        Err(Error::not_yet())
    }

    /// Who a session cookie stands for: `None` when it is unknown, idle too long, or its user is
    /// disabled. Keeps the session alive.
    pub async fn session(&self, cookie: &str) -> Result<Option<User>, Error> {
        let _ = cookie;
        Err(Error::not_yet())
    }

    pub async fn end_session(&self, cookie: &str) -> Result<(), Error> {
        let _ = cookie;
        Err(Error::not_yet())
    }

    /// Ends all sessions of the user but the one with this cookie.
    pub async fn end_other_sessions(&self, user: UserId, cookie: &str) -> Result<(), Error> {
        let _ = (user, cookie);
        Err(Error::not_yet())
    }

    /// Sets a new password and ends all other sessions.
    pub async fn change_password(
        &self,
        user: UserId,
        current: &Secret,
        new: &Secret,
        cookie: &str,
        client: Option<IpAddr>,
    ) -> Result<(), ChangePasswordError> {
        let _ = (user, current, new, cookie, client);
        Err(Error::not_yet().into())
    }

    pub async fn user(&self, user: UserId) -> Result<Option<User>, Error> {
        let _ = user;
        Err(Error::not_yet())
    }

    /// The user's API token, made when there is none.
    pub async fn api_token(&self, user: UserId) -> Result<Secret, Error> {
        let _ = user;
        Err(Error::not_yet())
    }

    /// Replaces the API token, so that the old one is void.
    pub async fn renew_api_token(
        &self,
        user: UserId,
        client: Option<IpAddr>,
    ) -> Result<Secret, Error> {
        let _ = (user, client);
        Err(Error::not_yet())
    }

    /// The user that an API token speaks for; `None` for every kind of bad token.
    pub async fn user_by_api_token(&self, token: &str) -> Result<Option<User>, Error> {
        let _ = token;
        Err(Error::not_yet())
    }
}

/// Enrolment, preferences and what is shown.
impl Pool {
    /// Flow 1: from a public-key address to a ticket address that every wallet knows.
    pub async fn enrol(
        &self,
        user: UserId,
        pubkey_address: &str,
        client: Option<IpAddr>,
    ) -> Result<Enrolled, EnrolError> {
        let _ = (user, pubkey_address, client);
        Err(Error::not_yet().into())
    }

    pub async fn purchase_info(&self, user: UserId) -> Result<PurchaseInfo, PurchaseInfoError> {
        let _ = user;
        Err(Error::not_yet().into())
    }

    /// Stores a preference; the voters learn it in the background.
    pub async fn set_vote_bits(&self, user: UserId, bits: VoteBits) -> Result<(), VotingError> {
        let _ = (user, bits);
        Err(Error::not_yet().into())
    }

    /// Agendas of the current vote version; `None` while no voter ever told them.
    pub fn agendas(&self) -> Option<Arc<Agendas>> {
        None
    }

    /// The last numbers; `None` while none ever came.
    pub fn stats(&self) -> Option<Arc<Stats>> {
        None
    }

    /// How the voters are, from the cache.
    pub async fn status(&self) -> Result<StatusReport, Error> {
        Err(Error::not_yet())
    }

    /// The user's tickets, newest first; pages count from 0.
    pub async fn tickets(&self, user: UserId, page: u32) -> Result<TicketPage, Error> {
        let _ = (user, page);
        Err(Error::not_yet())
    }

    /// All tickets of the user, for exports.
    pub async fn all_tickets(
        &self,
        user: UserId,
    ) -> Result<Vec<crate::domain::TicketRecord>, Error> {
        let _ = user;
        Err(Error::not_yet())
    }

    /// Whether sign-up is possible; else the reason to show.
    pub async fn open(&self) -> Result<(), String> {
        Err("not there yet".into())
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> bool {
        false
    }

    /// A key of its own for one purpose, derived from `web.api_secret`.
    pub fn derived_key(&self, purpose: keys::Purpose) -> [u8; 32] {
        keys::derive(&self.settings.api_secret, purpose)
    }
}
