//! A new password for who lost the old one, by a mailed link.

use std::net::IpAddr;

use super::accounts::plausible_email;
use super::passwords::{self, Busy};
use super::{Error, Pool, ResetPasswordError};
use crate::db::{LinkPurpose, NewLink};
use crate::mail::texts;
use crate::secret::Secret;

impl Pool {
    /// Mails a link to the owner of this address, if there is one. Neither the answer nor its time
    /// tells.
    pub async fn request_password_reset(
        &self,
        email: &str,
        client: Option<IpAddr>,
    ) -> Result<(), Error> {
        let owner = match plausible_email(email) {
            Some(email) => self.store.user_by_email(email).await?,
            None => None,
        };
        let owner = owner.filter(|user| !user.disabled);
        let (token, token_hash) = self.mail_token()?;
        let link = NewLink {
            token_hash,
            purpose: LinkPurpose::ResetPassword,
            user_id: owner.as_ref().map(|user| user.id),
            email: String::new(),
            now: self.clock.unix_seconds(),
        };
        let id = link.user_id;
        let to = owner.as_ref().map_or("", |user| &user.email);
        let url = self.settings.token_link("/passwordupdate", &token);
        let mail = texts::password_reset(&self.settings.name, to, &url, self.cause(client));
        // Also the one to nobody is made, written and taken back.
        let queued = self.for_queue(&mail)?.into_iter().collect();
        self.store.record_link(link, queued).await?;
        self.audit("password_reset_requested", id, client, "").await;
        if id.is_some() {
            self.hand_over(mail);
        }
        Ok(())
    }

    /// Spends the token of a reset link (call it on POST only): sets the password and ends all
    /// sessions of the user.
    pub async fn reset_password(
        &self,
        token: &str,
        new: &Secret,
        client: Option<IpAddr>,
    ) -> Result<(), ResetPasswordError> {
        passwords::check(new)?;
        let now = self.clock.unix_seconds();
        let usable = self.usable_link(LinkPurpose::ResetPassword, token, now);
        let (link, user) = usable.await?.ok_or(ResetPasswordError::Invalid)?;
        let hash = match self.hasher.hash(new).await? {
            Ok(hash) => hash,
            Err(Busy) => return Err(ResetPasswordError::Busy),
        };
        let changed = self.store.reset_password(link, hash, now).await;
        if !changed.map_err(Error::from)? {
            return Err(ResetPasswordError::Invalid);
        }
        self.audit("password_reset", Some(user.id), client, "")
            .await;
        let cause = self.cause(client);
        let mail = texts::password_changed(&self.settings.name, &user.email, cause);
        self.send_notice(mail).await;
        Ok(())
    }
}
