//! Signing up, verifying, signing in.

use std::net::IpAddr;

use super::links::is_token;
use super::passwords::{self, Busy, Verdict};
use super::{
    ChangePasswordError, Error, FULL, OwnerProof, Pool, ProofError, SignIn, SignInError,
    SignUpError, TokenError, User, gauges,
};
use crate::db::{self, SignUpOutcome, Verification};
use crate::domain::UserId;
use crate::mail::texts::{self, Cause};
use crate::secret::Secret;

/// Longest e-mail address (RFC 5321).
const MAX_EMAIL: usize = 254;

impl Pool {
    /// Takes a sign-up and mails the verification link. A known address mails its owner instead; the
    /// answer and its time class are the same.
    pub async fn sign_up(
        &self,
        email: &str,
        password: &Secret,
        client: Option<IpAddr>,
    ) -> Result<(), SignUpError> {
        self.open().await.map_err(SignUpError::Closed)?;
        let email = plausible_email(email).ok_or(SignUpError::BadEmail)?;
        passwords::check(password)?;
        let password_hash = match self.hasher.hash(password).await? {
            Ok(hash) => hash,
            Err(Busy) => return Err(SignUpError::Busy),
        };
        let (token, token_hash) = self.mail_token()?;
        let outcome = self
            .store
            .record_sign_up(db::SignUp {
                email: email.to_owned(),
                password_hash,
                token_hash,
                now: self.clock.unix_seconds(),
            })
            .await
            .map_err(Error::from)?;
        match outcome {
            SignUpOutcome::Recorded => self.mail_verification(email, &token, client).await?,
            SignUpOutcome::EmailTaken(user) => self.mail_owner(user, client).await?,
        }
        Ok(())
    }

    /// Mails the verification link again, if a sign-up waits under this address.
    pub async fn resend_verification(
        &self,
        email: &str,
        client: Option<IpAddr>,
    ) -> Result<(), Error> {
        let Some(email) = plausible_email(email) else {
            return Ok(());
        };
        let (token, token_hash) = self.mail_token()?;
        let now = self.clock.unix_seconds();
        let renewed = self.store.renew_sign_up(email, &token_hash, now).await?;
        if let Some(email) = renewed {
            self.mail_verification(&email, &token, client).await?;
        }
        Ok(())
    }

    /// Spends the token of a verification link (call it on POST only).
    pub async fn verify_email(
        &self,
        token: &str,
        client: Option<IpAddr>,
    ) -> Result<UserId, TokenError> {
        if !is_token(token) {
            return Err(TokenError::Invalid);
        }
        let hash = self.stored_form(token);
        let now = self.clock.unix_seconds();
        let verification = self
            .store
            .verify_sign_up(&hash, self.settings.max_users, now)
            .await
            .map_err(Error::from)?;
        let user = match verification {
            Verification::Verified(user) => user,
            Verification::Already(_) => return Err(TokenError::Used),
            Verification::PoolFull => return Err(TokenError::Closed(FULL.into())),
            Verification::EmailTaken => return Err(TokenError::Invalid),
            // Perhaps a link that the Go program mailed.
            Verification::UnknownToken => self
                .store
                .verify_former_email_token(token)
                .await
                .map_err(Error::from)?
                .ok_or(TokenError::Invalid)?,
        };
        self.audit("email_verified", Some(user), client, "").await;
        self.numbers_due.notify_one();
        Ok(user)
    }

    /// Whose password this is. Takes the same time for unknown addresses, and a wrong password has the same
    /// answer whether or not a code would be asked for.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &Secret,
        client: Option<IpAddr>,
    ) -> Result<SignIn, SignInError> {
        let outcome = self.check_password(email, password, client).await;
        gauges::count_sign_in(&outcome);
        outcome
    }

    async fn check_password(
        &self,
        email: &str,
        password: &Secret,
        client: Option<IpAddr>,
    ) -> Result<SignIn, SignInError> {
        let user = match plausible_email(email) {
            Some(email) => self.store.user_by_email(email).await.map_err(Error::from)?,
            None => None,
        };
        let hash = user.as_ref().map(|user| &user.password_hash);
        let verdict = match self.hasher.verify(password, hash).await? {
            Ok(verdict) => verdict,
            Err(Busy) => return Err(SignInError::Busy),
        };
        let user = match user {
            Some(user) if verdict != Verdict::Wrong => user,
            known => {
                self.note_failed_sign_in(client);
                let id = known.map(|user| user.id);
                // Made-up addresses must not fill the log.
                if id.is_some() || self.audits_unknown(client) {
                    self.audit("sign_in_failed", id, client, "").await;
                }
                return Err(SignInError::Wrong);
            }
        };
        if user.disabled {
            return Err(SignInError::Disabled);
        }
        if !user.verified {
            return Err(SignInError::Unverified);
        }
        if verdict == Verdict::RightButWeak {
            self.raise_cost(user.id, &user.password_hash, password)
                .await;
        }
        if user.second_factor {
            return Ok(SignIn::OwesCode(self.begin_half_sign_in(user.id).await?));
        }
        self.audit("sign_in", Some(user.id), client, "").await;
        Ok(SignIn::Done(user.id))
    }

    /// The account, if this is its password and, where it has a second factor, a code of that.
    pub(super) async fn with_proof(
        &self,
        user: UserId,
        proof: &OwnerProof,
        client: Option<IpAddr>,
    ) -> Result<db::User, ProofError> {
        let stored = self.store.user(user).await.map_err(Error::from)?;
        let stored = stored.ok_or(ProofError::WrongPassword)?;
        let hash = Some(&stored.password_hash);
        match self.hasher.verify(&proof.password, hash).await? {
            Ok(Verdict::Right | Verdict::RightButWeak) => {}
            Ok(Verdict::Wrong) => return Err(ProofError::WrongPassword),
            Err(Busy) => return Err(ProofError::Busy),
        }
        self.demand_code(user, proof.code.expose(), client).await?;
        Ok(stored)
    }

    /// Sets a new password and ends all other sessions.
    pub async fn change_password(
        &self,
        user: UserId,
        proof: &OwnerProof,
        new: &Secret,
        cookie: &str,
        client: Option<IpAddr>,
    ) -> Result<(), ChangePasswordError> {
        // First, so that no code is used up for nothing.
        passwords::check(new)?;
        let stored = self.with_proof(user, proof, client).await?;
        let hash = match self.hasher.hash(new).await? {
            Ok(hash) => hash,
            Err(Busy) => return Err(ChangePasswordError::Busy),
        };
        let change = db::PasswordChange {
            user_id: user,
            former: stored.password_hash,
            new: hash,
            keep_session: self.session_hash(cookie),
            now: self.clock.unix_seconds(),
        };
        let changed = self.store.change_password(change).await;
        if !changed.map_err(Error::from)? {
            // Changed by somebody else since it was checked.
            return Err(ProofError::WrongPassword.into());
        }
        self.audit("password_changed", Some(user), client, "").await;
        let cause = self.cause(client);
        let mail = texts::password_changed(&self.settings.name, &stored.email, cause);
        self.send_notice(mail).await;
        Ok(())
    }

    pub async fn user(&self, user: UserId) -> Result<Option<User>, Error> {
        Ok(self.store.user(user).await?.map(User::from))
    }

    /// A hash of today's cost in place of a cheaper one, unless the password was changed meanwhile.
    /// Not worth failing a sign-in for.
    pub(super) async fn raise_cost(&self, user: UserId, former: &Secret, password: &Secret) {
        let Ok(Ok(hash)) = self.hasher.hash(password).await else {
            return;
        };
        if let Err(error) = self.store.rehash_password(user, former, &hash).await {
            tracing::warn!(user.id = %user, %error, "cost of a password hash not raised");
        }
    }

    pub(super) async fn mail_verification(
        &self,
        email: &str,
        token: &Secret,
        client: Option<IpAddr>,
    ) -> Result<(), Error> {
        let link = self.settings.token_link("/emailverify", token);
        let cause = self.cause(client);
        let mail = texts::verification(&self.settings.name, email, &link, cause);
        self.send_mail(mail).await
    }

    /// The stored spelling of the address gets the mail, not the one that a stranger typed.
    async fn mail_owner(&self, user: UserId, client: Option<IpAddr>) -> Result<(), Error> {
        if let Some(owner) = self.store.user(user).await? {
            let link = self.settings.link("/signin");
            let cause = self.cause(client);
            let mail = texts::already_registered(&self.settings.name, &owner.email, &link, cause);
            self.send_mail(mail).await?;
        }
        Ok(())
    }

    pub(super) fn cause(&self, client: Option<IpAddr>) -> Cause {
        Cause {
            at: self.clock.unix_seconds(),
            client,
        }
    }
}

/// The address without surrounding blanks, if it could be one. Whether it is one, the mail shows.
pub(super) fn plausible_email(text: &str) -> Option<&str> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let good = text.len() <= MAX_EMAIL
        && !local.is_empty()
        && !domain.is_empty()
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && !text.contains(['<', '>', '"', ',', ';', '\\'])
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !local.contains('@');
    good.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_could_be_some() {
        for good in [
            "a@b",
            " kim@example.com ",
            "o'neil+pool@example.co.uk",
            "ä@exämple.de",
        ] {
            assert_eq!(plausible_email(good), Some(good.trim()), "{good}");
        }
        let long = format!("{}@example.com", "x".repeat(250));
        for bad in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a b@c",
            "a@b c",
            "a@b\r\nBcc: x@y",
            "a@@b",
            "<a@b>",
            "a@b,c@d",
            &long,
        ] {
            assert_eq!(plausible_email(bad), None, "{bad}");
        }
    }
}
