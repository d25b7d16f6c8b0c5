//! Another e-mail address for an account: the new address confirms it by a link, the old one is told.

use std::net::IpAddr;

use super::accounts::plausible_email;
use super::{ChangeEmailError, ConfirmEmailError, Error, OwnerProof, Pool};
use crate::db::{self, EmailChange, LinkPurpose, NewLink};
use crate::domain::UserId;
use crate::mail::texts;

impl Pool {
    /// Mails a link to the new address and a notice to the old one. The answer is the same when another
    /// user has the new address; that one's owner is told.
    pub async fn request_email_change(
        &self,
        user: UserId,
        email: &str,
        proof: &OwnerProof,
        client: Option<IpAddr>,
    ) -> Result<(), ChangeEmailError> {
        let email = plausible_email(email).ok_or(ChangeEmailError::BadEmail)?;
        let stored = self.with_proof(user, proof, client).await?;
        if email == stored.email {
            return Err(ChangeEmailError::SameEmail);
        }
        self.mail_email_change(&stored, email, client).await?;
        self.audit("email_change_requested", Some(user), client, "")
            .await;
        Ok(())
    }

    async fn mail_email_change(
        &self,
        user: &db::User,
        email: &str,
        client: Option<IpAddr>,
    ) -> Result<(), Error> {
        let owner = self.store.user_by_email(email).await?;
        let owner = owner.filter(|owner| owner.id != user.id);
        let (token, token_hash) = self.mail_token()?;
        let link = NewLink {
            token_hash,
            purpose: LinkPurpose::ChangeEmail,
            user_id: owner.is_none().then_some(user.id),
            email: email.to_owned(),
            now: self.clock.unix_seconds(),
        };
        let (pool, cause) = (&self.settings.name, self.cause(client));
        let url = self.settings.token_link("/emailupdate", &token);
        let notice = texts::email_change_requested(pool, &user.email, email, cause);
        let Some(owner) = owner else {
            let confirm = texts::email_change(pool, email, &url, cause);
            let mut queued = Vec::new();
            queued.extend(self.for_queue(&confirm)?);
            queued.extend(self.for_queue(&notice)?);
            self.store.record_link(link, queued).await?;
            self.hand_over(confirm);
            self.hand_over(notice);
            return Ok(());
        };
        self.store.record_link(link, Vec::new()).await?;
        let in_use = texts::email_in_use(pool, &owner.email, cause);
        self.send_mail(in_use).await?;
        self.send_mail(notice).await
    }

    /// Spends the token of an e-mail change (call it on POST only), and ends all sessions of the user
    /// but the one with this cookie.
    pub async fn confirm_email_change(
        &self,
        token: &str,
        cookie: Option<&str>,
        client: Option<IpAddr>,
    ) -> Result<(), ConfirmEmailError> {
        let now = self.clock.unix_seconds();
        let usable = self.usable_link(LinkPurpose::ChangeEmail, token, now);
        let (link, user) = usable.await?.ok_or(ConfirmEmailError::Invalid)?;
        let new = plausible_email(&link.email).ok_or(ConfirmEmailError::Invalid)?;
        let new = new.to_owned();
        let keep = cookie.map(|cookie| self.session_hash(cookie));
        let keep = keep.unwrap_or_default();
        let outcome = self.store.change_email(link, &keep, now).await;
        match outcome.map_err(Error::from)? {
            EmailChange::Changed => {}
            EmailChange::Taken => return Err(ConfirmEmailError::Taken),
            EmailChange::Spent => return Err(ConfirmEmailError::Invalid),
        }
        self.audit("email_changed", Some(user.id), client, "").await;
        let cause = self.cause(client);
        let notice = texts::email_changed(&self.settings.name, &user.email, &new, cause);
        self.send_notice(notice).await;
        Ok(())
    }
}
