//! Mailed links: a new password, another e-mail address.

use diesel::QueryResult;

use super::mails::queue;
use super::{Decision, Store};
use crate::db::connection::AnyConnection;
use crate::db::queries::{credentials, emails, former_links, links, mails, sessions, users};
use crate::db::{
    EmailChange, LINK_LIFE_SECS, Link, LinkOrigin, LinkPurpose, NewLink, NewMail, Result,
};
use crate::domain::UserId;
use crate::secret::Secret;

impl LinkPurpose {
    fn stored(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset",
            Self::ChangeEmail => "email",
        }
    }
}

impl Store {
    /// Keeps a link until it is used, voided, or an hour old, and queues the mails about it.
    pub async fn record_link(&self, link: NewLink, mails: Vec<NewMail>) -> Result<()> {
        self.write(move |connection| {
            let row = links::Row {
                token_hash: link.token_hash.clone(),
                purpose: link.purpose.stored().to_owned(),
                user_id: link.user_id.map_or(0, |user| user.0),
                email: link.email.clone(),
                expires: link.now.saturating_add(LINK_LIFE_SECS),
                spent: 0,
            };
            // There already if this is repeated after a commit of unknown outcome.
            if links::find(connection, &row.token_hash)?.is_none() {
                links::insert(connection, &row)?;
            }
            for mail in &mails {
                queue(connection, mail)?;
            }
            if link.user_id.is_none() {
                links::delete(connection, &row.token_hash)?;
                for mail in &mails {
                    mails::delete(connection, &mail.id)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// The link of this token if it can be used. `token` itself is for those of the Go program, which
    /// stored them as they are.
    pub async fn link(
        &self,
        purpose: LinkPurpose,
        token_hash: &str,
        token: &str,
        now: i64,
    ) -> Result<Option<Link>> {
        let (token_hash, token) = (token_hash.to_owned(), token.to_owned());
        self.read(move |connection| {
            if let Some(row) = links::find(connection, &token_hash)? {
                let usable = row.purpose == purpose.stored() && row.spent == 0 && row.expires > now;
                return Ok(usable.then_some(Link {
                    user_id: UserId(row.user_id),
                    email: row.email,
                    origin: LinkOrigin::Ours {
                        token_hash: row.token_hash,
                    },
                }));
            }
            former(connection, purpose, &token, now)
        })
        .await
    }

    /// Sets the password of the link's user, voids all other links and ends all sessions. The address
    /// counts as verified: the link went there. False: the link was used or voided meanwhile.
    pub async fn reset_password(&self, link: Link, new: Secret, now: i64) -> Result<bool> {
        self.decide(move |connection, doubtful| {
            let id = link.user_id.0;
            if !spend(connection, &link, now, doubtful)?
                || !users::set_password(connection, id, &new)?
            {
                return Ok(Decision::Rollback(false));
            }
            users::mark_verified(connection, id)?;
            sessions::delete_of_user(connection, id, "")?;
            Ok(Decision::Commit(true))
        })
        .await
    }

    /// Sets the address of the link's user, voids all other links, and ends all sessions but one.
    pub async fn change_email(
        &self,
        link: Link,
        keep_session: &str,
        now: i64,
    ) -> Result<EmailChange> {
        let keep_session = keep_session.to_owned();
        self.decide(move |connection, doubtful| {
            let id = link.user_id.0;
            if !spend(connection, &link, now, doubtful)? {
                return Ok(Decision::Rollback(EmailChange::Spent));
            }
            let email_hash = emails::fingerprint(&link.email);
            match emails::owner(connection, &email_hash)? {
                // Only the case of some letters changes.
                Some(owner) if owner == id => {}
                Some(_) => return Ok(Decision::Rollback(EmailChange::Taken)),
                None => emails::insert(connection, &email_hash, id)?,
            }
            emails::delete_of_user(connection, id, &email_hash)?;
            if !users::set_email(connection, id, &link.email)? {
                return Ok(Decision::Rollback(EmailChange::Spent));
            }
            sessions::delete_of_user(connection, id, &keep_session)?;
            Ok(Decision::Commit(EmailChange::Changed))
        })
        .await
    }
}

/// A link that the Go program mailed, unless password or address were changed since.
fn former(
    connection: &mut AnyConnection,
    purpose: LinkPurpose,
    token: &str,
    now: i64,
) -> QueryResult<Option<Link>> {
    let found = match purpose {
        LinkPurpose::ResetPassword => former_links::reset(connection, token, now)?,
        LinkPurpose::ChangeEmail => former_links::email_change(connection, token, now)?,
    };
    let Some(found) = found else {
        return Ok(None);
    };
    let changed = credentials::changed(connection, found.user_id)?;
    let void = changed.is_some_and(|changed| changed >= found.created);
    Ok((!void).then_some(Link {
        user_id: UserId(found.user_id),
        email: found.email,
        origin: LinkOrigin::Former {
            created: found.created,
        },
    }))
}

/// Uses a link, which voids all others of its user. `doubtful`: an earlier try may have done so.
fn spend(
    connection: &mut AnyConnection,
    link: &Link,
    now: i64,
    doubtful: bool,
) -> QueryResult<bool> {
    let user = link.user_id.0;
    match &link.origin {
        LinkOrigin::Ours { token_hash } => {
            let spent = links::spend(connection, token_hash, now)?
                || (doubtful && links::find(connection, token_hash)?.is_some());
            if spent {
                links::delete_of_user(connection, user, token_hash)?;
                credentials::set(connection, user, now)?;
            }
            Ok(spent)
        }
        LinkOrigin::Former { created } => {
            // Never older than the link, whatever the other program's clock was.
            let mark = now.max(*created);
            let spent = credentials::set_if_older(connection, user, *created, mark)?
                || (doubtful && credentials::changed(connection, user)? == Some(mark));
            if spent {
                links::delete_of_user(connection, user, "")?;
            }
            Ok(spent)
        }
    }
}
