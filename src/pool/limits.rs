//! How often clients and accounts may do what costs something or could be guessed at: per client in this
//! process, per account in the database.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::{Error, Pool};
use crate::db::{Account, Allowance};
use crate::domain::{Rate, Wait};
use crate::metrics::catalogue;

/// Clients that are remembered at a time, each for each thing it does. Who has more addresses than this is
/// not held up by counting them.
const MAX_CLIENTS: usize = 100_000;

/// Failed sign-ins by addresses that are nobody's, written to the audit log for one client.
const UNKNOWN_AUDITED: Rate = Rate::per_minute(10);

/// Wrong passwords of one client before it meets a captcha. Accounts are not counted here: whoever signs in
/// rightly from elsewhere never meets one.
const FAILED_SIGN_INS: Rate = Rate::per_hour(5);

/// Of each; it is too old before it could be used again.
const CAPTCHA_USES: Rate = Rate::per_hour(1);

/// Codes of a second factor, wrong ones, for one account: of a million, three are right at a time. Not a matter of
/// taste, so no key of the configuration: who knows the password would need about a month for one chance in a
/// hundred.
const SECOND_FACTOR: Rate = Rate::per_hour(5);

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limited {
    /// A password is checked.
    SignIn,
    SignUp,
    /// Somebody gets a mail.
    Mail,
    /// A public key is submitted.
    Address,
    /// A token of a mailed link is spent, or the API token renewed.
    Token,
    /// How a user's tickets vote.
    Preference,
    /// A code of the second factor is checked.
    SecondFactor,
    /// A row in the audit log about nobody.
    UnknownAudited,
    /// A wrong password, until a captcha is asked for.
    FailedSignIn,
}

impl Limited {
    pub(super) fn name(self) -> &'static str {
        match self {
            Limited::SignIn => "sign_in",
            Limited::SignUp => "sign_up",
            Limited::Mail => "mail",
            Limited::Address => "address",
            Limited::Token => "token",
            Limited::Preference => "preference",
            Limited::SecondFactor => "second_factor",
            Limited::UnknownAudited => "unknown_audited",
            Limited::FailedSignIn => "failed_sign_in",
        }
    }
}

/// `[web.limits]`; 0: without limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    pub sign_in_per_minute: u32,
    pub sign_up_per_hour: u32,
    pub mail_per_hour: u32,
    pub address_per_hour: u32,
    pub preference_per_minute: u32,
}

impl Limits {
    fn rate(&self, what: Limited) -> Rate {
        match what {
            Limited::SignIn | Limited::Token => Rate::per_minute(self.sign_in_per_minute),
            Limited::SignUp => Rate::per_hour(self.sign_up_per_hour),
            Limited::Mail => Rate::per_hour(self.mail_per_hour),
            Limited::Address => Rate::per_hour(self.address_per_hour),
            Limited::Preference => Rate::per_minute(self.preference_per_minute),
            Limited::SecondFactor => SECOND_FACTOR,
            Limited::UnknownAudited => UNKNOWN_AUDITED,
            Limited::FailedSignIn => FAILED_SIGN_INS,
        }
    }
}

/// Why something is not done now.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    #[error("too often: try again in {retry_after} seconds")]
    TooOften { retry_after: u64 },
    #[error(transparent)]
    Pool(#[from] Error),
}

/// Whose allowance is used. An IPv6 customer has a whole /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Client {
    V4(u32),
    V6(u64),
    /// All whom a proxy does not name.
    Unnamed,
}

impl Client {
    fn of(ip: Option<IpAddr>) -> Self {
        match ip {
            None => Client::Unnamed,
            Some(IpAddr::V4(ip)) => Client::V4(ip.to_bits()),
            Some(IpAddr::V6(ip)) => {
                // The upper half: always fits.
                Client::V6(u64::try_from(ip.to_bits() >> 64_u32).unwrap_or(u64::MAX))
            }
        }
    }
}

/// What clients have used, until when: unix milliseconds.
#[derive(Debug, Default)]
pub(super) struct Clients(Mutex<HashMap<(Limited, Client), i64>>);

impl Clients {
    fn take(&self, what: Limited, client: Client, rate: Rate, now: i64) -> Result<(), Wait> {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (what, client);
        let after = rate.take(used.get(&key).copied(), now)?;
        if used.len() >= MAX_CLIENTS {
            used.retain(|_, until| *until > now);
        }
        if used.len() >= MAX_CLIENTS {
            tracing::warn!("too many clients to count: their limits begin anew");
            used.clear();
        }
        used.insert(key, after);
        Ok(())
    }

    fn are_used_up(&self, what: Limited, client: Client, rate: Rate, now: i64) -> bool {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rate.take(used.get(&(what, client)).copied(), now).is_err()
    }

    fn give_back(&self, what: Limited, client: Client, rate: Rate, now: i64) {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = used.get_mut(&(what, client)) {
            *until = rate.give_back(*until, now);
        }
    }
}

impl Pool {
    /// Counts one use by this client and for this account.
    ///
    /// # Errors
    /// When either did it too often, or the database cannot count.
    pub async fn limit(
        &self,
        what: Limited,
        client: Option<IpAddr>,
        account: impl Into<Account>,
    ) -> Result<(), LimitError> {
        self.limit_client(what, client)?;
        self.limit_account(what, account).await
    }

    /// As `limit`, where there is no account.
    pub fn limit_client(&self, what: Limited, client: Option<IpAddr>) -> Result<(), LimitError> {
        let rate = self.settings.limits.rate(what);
        if !rate.is_limited() {
            return Ok(());
        }
        let taken = self
            .clients
            .take(what, Client::of(client), rate, self.millis());
        taken.map_err(|wait| too_often(what, "client", wait))
    }

    /// As `limit`, whoever the client is.
    pub async fn limit_account(
        &self,
        what: Limited,
        account: impl Into<Account>,
    ) -> Result<(), LimitError> {
        let Some(allowance) = self.allowance(what, account.into()) else {
            return Ok(());
        };
        let taken = self.store.take(allowance).await.map_err(Error::from)?;
        taken.map_err(|wait| too_often(what, "account", wait))
    }

    /// Gives back what `limit` counted: it was rightly done. Who signs in rightly is so never held up.
    pub async fn forgive(
        &self,
        what: Limited,
        client: Option<IpAddr>,
        account: impl Into<Account>,
    ) {
        let Some(allowance) = self.allowance(what, account.into()) else {
            return;
        };
        self.clients
            .give_back(what, Client::of(client), allowance.rate, allowance.now);
        if let Err(error) = self.store.give_back(allowance).await {
            tracing::debug!(%error, "a use of an account stays counted");
        }
    }

    /// Whether a failed sign-in by an unknown address is still written to the audit log.
    pub(super) fn audits_unknown(&self, client: Option<IpAddr>) -> bool {
        self.limit_client(Limited::UnknownAudited, client).is_ok()
    }

    /// Counts a wrong password.
    pub(super) fn note_failed_sign_in(&self, client: Option<IpAddr>) {
        let (what, rate) = (Limited::FailedSignIn, FAILED_SIGN_INS);
        // Beyond the limit there is nothing more to count.
        let _ = self
            .clients
            .take(what, Client::of(client), rate, self.millis());
    }

    /// Whether so many passwords were wrong that a person must show itself first.
    pub fn suspects(&self, client: Option<IpAddr>) -> bool {
        let (what, rate) = (Limited::FailedSignIn, FAILED_SIGN_INS);
        self.clients
            .are_used_up(what, Client::of(client), rate, self.millis())
    }

    /// Takes a solved captcha, whichever web process gave it. False: it was used before.
    pub async fn use_captcha(&self, id: &str) -> Result<bool, Error> {
        let once = Allowance {
            what: "captcha",
            account: Account::Captcha(id.to_owned()),
            rate: CAPTCHA_USES,
            now: self.millis(),
        };
        Ok(self.store.take(once).await?.is_ok())
    }

    fn allowance(&self, what: Limited, account: Account) -> Option<Allowance> {
        let rate = self.settings.limits.rate(what);
        rate.is_limited().then(|| Allowance {
            what: what.name(),
            account,
            rate,
            now: self.millis(),
        })
    }

    fn millis(&self) -> i64 {
        self.clock.unix_seconds().saturating_mul(1000)
    }
}

fn too_often(what: Limited, of: &'static str, wait: Wait) -> LimitError {
    let retry_after = wait.seconds();
    catalogue::LIMITED.increment([what.name()]);
    tracing::info!(what = what.name(), of, retry_after, "too often");
    LimitError::TooOften { retry_after }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn client(ip: &str) -> Client {
        Client::of(Some(ip.parse().unwrap()))
    }

    #[test]
    fn a_whole_ipv6_network_is_one_client() {
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:1:2:3"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_ne!(client("0.0.0.0"), client("::"));
        assert_eq!(Client::of(None), Client::Unnamed);
    }

    #[test]
    fn each_client_has_its_own_allowance_of_each_thing() {
        let (clients, rate) = (Clients::default(), Rate::per_minute(1));
        let (ann, bob) = (client("192.0.2.1"), client("192.0.2.2"));
        assert!(clients.take(Limited::SignIn, ann, rate, NOW).is_ok());
        assert!(clients.take(Limited::SignIn, ann, rate, NOW).is_err());
        assert!(clients.take(Limited::SignIn, bob, rate, NOW).is_ok());
        assert!(clients.take(Limited::Token, ann, rate, NOW).is_ok());
        clients.give_back(Limited::SignIn, ann, rate, NOW);
        assert!(clients.take(Limited::SignIn, ann, rate, NOW).is_ok());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (clients, rate) = (Clients::default(), Rate::per_hour(1));
        let count = || clients.0.lock().unwrap().len();
        for number in 0..MAX_CLIENTS {
            let client = Client::V6(u64::try_from(number).unwrap());
            clients.take(Limited::SignUp, client, rate, NOW).unwrap();
        }
        assert_eq!(count(), MAX_CLIENTS);
        let later = NOW + 3_600_000;
        let new = client("192.0.2.1");
        clients.take(Limited::SignUp, new, rate, later).unwrap();
        assert_eq!(count(), 1, "what is over is forgotten first");
    }
}
