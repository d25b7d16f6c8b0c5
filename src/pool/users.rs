//! What operators do with the accounts of users, on the page and by command. Tickets are voted whatever is
//! done here.

use std::fmt;
use std::net::IpAddr;

use super::{Error, FULL, Pool, User};
use crate::db::{Verification, WaitingSignUp};
use crate::domain::UserId;
use crate::mail::texts;

/// Users on one page of the list.
pub const USERS_PER_PAGE: u32 = 36;

/// Who acts, for the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Admin(UserId, Option<IpAddr>),
    Command,
}

/// Whom it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    User(UserId),
    /// Who signed up with this address and has not opened the link.
    SignUp(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserAction {
    /// As if the link of the verification mail had been opened.
    Verify,
    /// Sends the verification mail again.
    Resend,
    /// No sign-in, no API; sessions end.
    Disable,
    Enable,
    /// For who lost the app and the recovery codes: the password is enough again.
    ResetSecondFactor,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserAnswer {
    Verified(UserId),
    AlreadyVerified,
    MailSent,
    /// An account of an older program that has no link any more.
    NoLink,
    Disabled,
    Enabled,
    SecondFactorReset,
    NoSecondFactor,
    /// Nobody could sign in to undo it.
    Yourself,
    /// Whoever got hold of an operator's session would do that first.
    YourSecondFactor,
    /// A sign-up is no account.
    NoAccount,
    Closed(String),
    Unknown,
}

/// A page of users, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct UserPage {
    pub users: Vec<User>,
    /// From 0.
    pub page: u32,
    pub total: u64,
}

/// Who fits what was looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub users: Vec<User>,
    pub sign_up: Option<WaitingSignUp>,
}

impl UserAction {
    /// As forms and the command line write it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "verify" => Some(UserAction::Verify),
            "resend" => Some(UserAction::Resend),
            "disable" => Some(UserAction::Disable),
            "enable" => Some(UserAction::Enable),
            "reset-second-factor" => Some(UserAction::ResetSecondFactor),
            _ => None,
        }
    }
}

impl UserAnswer {
    /// Whether it is now as was wished.
    pub fn is_done(&self) -> bool {
        matches!(
            self,
            UserAnswer::Verified(_)
                | UserAnswer::AlreadyVerified
                | UserAnswer::MailSent
                | UserAnswer::Disabled
                | UserAnswer::Enabled
                | UserAnswer::SecondFactorReset
        )
    }
}

/// For operators.
impl fmt::Display for UserAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UserAnswer::Verified(id) => return write!(f, "verified: user {id}"),
            UserAnswer::AlreadyVerified => "the e-mail address was verified before",
            UserAnswer::MailSent => "the verification mail is sent again",
            UserAnswer::NoLink => "this account of an older program has no link to send: verify it",
            UserAnswer::Disabled => "disabled: no sign-in and no API; the tickets are voted",
            UserAnswer::Enabled => "enabled",
            UserAnswer::SecondFactorReset => {
                "second factor reset: the password is enough until it is turned on again"
            }
            UserAnswer::NoSecondFactor => "this user has no second factor",
            UserAnswer::Yourself => "you cannot disable yourself",
            UserAnswer::YourSecondFactor => {
                "your own second factor is turned off by a code, in your settings"
            }
            UserAnswer::NoAccount => "this is no account yet: it can be verified, or mailed again",
            UserAnswer::Closed(reason) => return write!(f, "not verified: {reason}"),
            UserAnswer::Unknown => "there is no such user",
        })
    }
}

impl Pool {
    /// By user id, e-mail address or ticket address.
    pub async fn find_users(&self, text: &str) -> Result<Found, Error> {
        let text = text.trim();
        let now = self.clock.unix_seconds();
        let mut sign_up = None;
        let user = if let Ok(id) = text.parse() {
            self.store.user(UserId(id)).await?
        } else if text.contains('@') {
            sign_up = self.store.waiting_sign_up(text, now).await?;
            self.store.user_by_email(text).await?
        } else {
            self.store.user_by_ticket_address(text).await?
        };
        Ok(Found {
            users: user.into_iter().map(User::from).collect(),
            sign_up,
        })
    }

    /// All users; pages count from 0.
    pub async fn users(&self, page: u32) -> Result<UserPage, Error> {
        let offset = u64::from(page).saturating_mul(u64::from(USERS_PER_PAGE));
        let users = self.store.users(offset, USERS_PER_PAGE).await?;
        // Counting all of them takes long where they are many: it was done for the numbers.
        let counted = match self.stats() {
            Some(stats) => stats.users,
            None => self.store.user_counts().await?.total,
        };
        let listed = u64::try_from(users.len()).unwrap_or(0);
        let total = match listed {
            0 => counted,
            _ => counted.max(offset.saturating_add(listed)),
        };
        Ok(UserPage {
            users: users.into_iter().map(User::from).collect(),
            page,
            total,
        })
    }

    pub async fn act_on_user(
        &self,
        operator: Operator,
        person: &Person,
        action: UserAction,
    ) -> Result<UserAnswer, Error> {
        match (person, action) {
            (Person::User(id), UserAction::Verify) => self.verify_user(operator, *id).await,
            (Person::User(id), UserAction::Resend) => self.resend_to_user(operator, *id).await,
            (Person::User(id), UserAction::Disable) => self.set_able(operator, *id, false).await,
            (Person::User(id), UserAction::Enable) => self.set_able(operator, *id, true).await,
            (Person::User(id), UserAction::ResetSecondFactor) => {
                self.reset_second_factor(operator, *id).await
            }
            (Person::SignUp(email), UserAction::Verify) => {
                self.verify_for_operator(operator, email).await
            }
            (Person::SignUp(email), UserAction::Resend) => {
                let now = self.clock.unix_seconds();
                if self.store.waiting_sign_up(email, now).await?.is_none() {
                    return Ok(UserAnswer::Unknown);
                }
                self.resend_verification(email, operator.client()).await?;
                self.note(operator, "verification_resent", None).await;
                Ok(UserAnswer::MailSent)
            }
            (
                Person::SignUp(_),
                UserAction::Disable | UserAction::Enable | UserAction::ResetSecondFactor,
            ) => Ok(UserAnswer::NoAccount),
        }
    }

    /// Accounts that an older program left unverified.
    async fn verify_user(&self, operator: Operator, id: UserId) -> Result<UserAnswer, Error> {
        match self.store.user(id).await? {
            None => return Ok(UserAnswer::Unknown),
            Some(user) if user.verified => return Ok(UserAnswer::AlreadyVerified),
            Some(_) => {}
        }
        self.store.mark_verified(id).await?;
        self.note(operator, "email_verified", Some(id)).await;
        Ok(UserAnswer::Verified(id))
    }

    async fn resend_to_user(&self, operator: Operator, id: UserId) -> Result<UserAnswer, Error> {
        let user = match self.store.user(id).await? {
            None => return Ok(UserAnswer::Unknown),
            Some(user) if user.verified => return Ok(UserAnswer::AlreadyVerified),
            Some(user) => user,
        };
        let Some(token) = self.store.former_email_token(id).await? else {
            return Ok(UserAnswer::NoLink);
        };
        self.mail_verification(&user.email, &token, operator.client())
            .await?;
        self.note(operator, "verification_resent", Some(id)).await;
        Ok(UserAnswer::MailSent)
    }

    async fn verify_for_operator(
        &self,
        operator: Operator,
        email: &str,
    ) -> Result<UserAnswer, Error> {
        let now = self.clock.unix_seconds();
        let Some(sign_up) = self.store.waiting_sign_up(email, now).await? else {
            return Ok(UserAnswer::Unknown);
        };
        let most = self.settings.max_users;
        let verified = self.store.verify_sign_up(&sign_up.token_hash, most, now);
        match verified.await? {
            Verification::Verified(id) => {
                self.note(operator, "email_verified", Some(id)).await;
                self.numbers_due.notify_one();
                Ok(UserAnswer::Verified(id))
            }
            Verification::Already(_) | Verification::EmailTaken => Ok(UserAnswer::AlreadyVerified),
            Verification::PoolFull => Ok(UserAnswer::Closed(FULL.into())),
            Verification::UnknownToken => Ok(UserAnswer::Unknown),
        }
    }

    async fn set_able(
        &self,
        operator: Operator,
        id: UserId,
        able: bool,
    ) -> Result<UserAnswer, Error> {
        if !able && matches!(operator, Operator::Admin(admin, _) if admin == id) {
            return Ok(UserAnswer::Yourself);
        }
        if !self.store.set_disabled(id, !able).await? {
            return Ok(UserAnswer::Unknown);
        }
        let (event, answer) = if able {
            ("user_enabled", UserAnswer::Enabled)
        } else {
            ("user_disabled", UserAnswer::Disabled)
        };
        self.note(operator, event, Some(id)).await;
        Ok(answer)
    }

    async fn reset_second_factor(
        &self,
        operator: Operator,
        id: UserId,
    ) -> Result<UserAnswer, Error> {
        if matches!(operator, Operator::Admin(admin, _) if admin == id) {
            return Ok(UserAnswer::YourSecondFactor);
        }
        let Some(user) = self.store.user(id).await? else {
            return Ok(UserAnswer::Unknown);
        };
        if !self.store.turn_off_second_factor(id).await? {
            return Ok(UserAnswer::NoSecondFactor);
        }
        self.note(operator, "second_factor_reset", Some(id)).await;
        // Whose operator asked is nobody's business: no address.
        let cause = self.cause(None);
        let mail = texts::second_factor_reset(&self.settings.name, &user.email, cause);
        self.send_notice(mail).await;
        Ok(UserAnswer::SecondFactorReset)
    }

    async fn note(&self, operator: Operator, event: &str, user: Option<UserId>) {
        let by = operator.to_string();
        tracing::info!(user.id = user.map(tracing::field::display), %by, "{event}");
        self.audit(event, user, operator.client(), &by).await;
    }
}

impl Operator {
    pub(super) fn client(self) -> Option<IpAddr> {
        match self {
            Operator::Admin(_, client) => client,
            Operator::Command => None,
        }
    }
}

/// How the audit log names an admin who acted.
pub(super) fn by_admin(id: UserId) -> String {
    format!("by user {id}")
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operator::Admin(id, _) => f.write_str(&by_admin(*id)),
            Operator::Command => f.write_str("by command"),
        }
    }
}
