//! Sign-ups and users.

use diesel::QueryResult;

use super::{Decision, Store};
use crate::db::connection::AnyConnection;
use crate::db::queries::{
    audit, counters, credentials, emails, flags, former_links, half_sign_ins, keys, limits, links,
    mails, news, notifications, revisions, second_factors, sessions, sign_ups, users, vote_times,
};
use crate::db::{
    AUDIT_IP_SECS, AuditEntry, MAIL_KEPT_SECS, NEWS_KEPT_SECS, PasswordChange, Result,
    SIGN_UP_LIFE_SECS, SignUp, SignUpOutcome, User, UserCounts, VOTE_TIMES_KEPT_SECS, Verification,
};
use crate::domain::{KeyIndex, UserId};
use crate::secret::Secret;

impl Store {
    /// Keeps a sign-up for a day.
    pub async fn record_sign_up(&self, sign_up: SignUp) -> Result<SignUpOutcome> {
        self.write(move |connection| {
            let row = sign_ups::Row {
                token_hash: sign_up.token_hash.clone(),
                email_hash: emails::fingerprint(&sign_up.email),
                email: sign_up.email.clone(),
                password_hash: sign_up.password_hash.expose().to_owned(),
                created: sign_up.now,
                expires: sign_up.now + SIGN_UP_LIFE_SECS,
                user_id: None,
            };
            if let Some(owner) = emails::owner(connection, &row.email_hash)? {
                return Ok(SignUpOutcome::EmailTaken(UserId(owner)));
            }
            // There already if this is repeated after a commit of unknown outcome.
            if sign_ups::find(connection, &row.token_hash)?.is_none() {
                sign_ups::insert(connection, &row)?;
            }
            Ok(SignUpOutcome::Recorded)
        })
        .await
    }

    /// Gives the newest waiting sign-up of `email` another token and another day. Returns the address
    /// as it was written at sign-up: what was typed now may be somebody else's mail box. `None`: none
    /// waits.
    pub async fn renew_sign_up(
        &self,
        email: &str,
        token_hash: &str,
        now: i64,
    ) -> Result<Option<String>> {
        let (email_hash, token_hash) = (emails::fingerprint(email), token_hash.to_owned());
        self.write(move |connection| {
            let Some(row) = sign_ups::newest(connection, &email_hash, now)? else {
                return Ok(None);
            };
            let written = row.email.clone();
            if row.token_hash != token_hash {
                sign_ups::delete(connection, &row.token_hash)?;
                let renewed = sign_ups::Row {
                    token_hash: token_hash.clone(),
                    expires: now + SIGN_UP_LIFE_SECS,
                    ..row
                };
                sign_ups::insert(connection, &renewed)?;
            }
            Ok(Some(written))
        })
        .await
    }

    /// Makes the user of a waiting sign-up: id, key index, row and unique e-mail in one transaction.
    pub async fn verify_sign_up(
        &self,
        token_hash: &str,
        max_users: u32,
        now: i64,
    ) -> Result<Verification> {
        let token_hash = token_hash.to_owned();
        let token = token_hash.clone();
        // Unknown links must not queue up at the counter's lock.
        if self
            .read(move |connection| sign_ups::find(connection, &token))
            .await?
            .is_none()
        {
            return Ok(Verification::UnknownToken);
        }
        self.decide(move |connection, doubtful| {
            let decision = verify(connection, &token_hash, max_users, now)?;
            Ok(after_doubt(decision, doubtful))
        })
        .await
    }

    /// Marks the user of an older program verified whose `EmailToken` this is.
    pub async fn verify_former_email_token(&self, token: &str) -> Result<Option<UserId>> {
        if token.is_empty() {
            return Ok(None);
        }
        let token = token.to_owned();
        let asked = token.clone();
        // Made-up links must not hold up those who write.
        let known = self.read(move |connection| users::by_email_token(connection, &asked));
        if known.await?.is_none() {
            return Ok(None);
        }
        self.write(move |connection| {
            let Some(user_id) = users::by_email_token(connection, &token)? else {
                return Ok(None);
            };
            Ok(users::mark_verified(connection, user_id)?.then_some(UserId(user_id)))
        })
        .await
    }

    /// Forgets sign-ups, links, mails, news, sessions and uses of accounts that are over, and from where something
    /// was done long ago. Returns how many.
    pub async fn forget_expired(&self, now: i64) -> Result<u64> {
        self.write(move |connection| {
            let rows = sign_ups::delete_expired(connection, now)?
                + links::delete_expired(connection, now)?
                + mails::delete_finished(connection, now.saturating_sub(MAIL_KEPT_SECS))?
                + vote_times::delete_older(connection, now.saturating_sub(VOTE_TIMES_KEPT_SECS))?
                + news::delete_told(connection, now.saturating_sub(NEWS_KEPT_SECS))?
                + sessions::delete_expired(connection, now)?
                + half_sign_ins::delete_expired(connection, now)?
                + limits::delete_past(connection, now.saturating_mul(1000))?
                + forget_addresses(connection, now.saturating_sub(AUDIT_IP_SECS))?;
            Ok(rows as u64)
        })
        .await
    }

    pub async fn user(&self, id: UserId) -> Result<Option<User>> {
        self.read(move |connection| users::find(connection, id.0))
            .await
    }

    /// Whatever the case of the letters.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>> {
        let email_hash = emails::fingerprint(email);
        self.read(move |connection| {
            let Some(id) = emails::owner(connection, &email_hash)? else {
                return Ok(None);
            };
            users::find(connection, id)
        })
        .await
    }

    /// The child index of the user's keys; `None` for an unknown user.
    pub async fn key_index(&self, id: UserId) -> Result<Option<KeyIndex>> {
        self.read(move |connection| keys::find(connection, id.0))
            .await
    }

    /// Stores another hash of the same password if `former` is still the one in force; else false.
    pub async fn rehash_password(&self, id: UserId, former: &Secret, new: &Secret) -> Result<bool> {
        let (former, new) = (former.clone(), new.clone());
        self.write(move |connection| users::replace_password(connection, id.0, &former, &new))
            .await
    }

    /// Sets another password, voids what was mailed before, and ends the other sessions. False: the former one is not in force any
    /// more.
    pub async fn change_password(&self, change: PasswordChange) -> Result<bool> {
        self.decide(move |connection, doubtful| {
            let (id, former, new) = (change.user_id.0, &change.former, &change.new);
            let changed = users::replace_password(connection, id, former, new)?
                // Ours already, if an earlier try was committed after all.
                || (doubtful && users::replace_password(connection, id, new, new)?);
            if !changed {
                return Ok(Decision::Rollback(false));
            }
            links::delete_of_user(connection, id, "")?;
            credentials::set(connection, id, change.now)?;
            sessions::delete_of_user(connection, id, &change.keep_session)?;
            Ok(Decision::Commit(true))
        })
        .await
    }

    /// Stores another API token if `former` is still the one in force; else false.
    pub async fn set_api_token(
        &self,
        id: UserId,
        former: Option<&Secret>,
        token: &Secret,
    ) -> Result<bool> {
        let former = former.cloned().unwrap_or_default();
        let token = token.clone();
        self.decide(move |connection, doubtful| {
            let (former, token) = (former.expose(), token.expose());
            let set = users::replace_api_token(connection, id.0, former, token)?
                // Ours already, if an earlier try was committed after all.
                || (doubtful && users::replace_api_token(connection, id.0, token, token)?);
            Ok(Decision::Commit(set))
        })
        .await
    }

    /// Anonymises the account and disables it; id, keys, script, preferences and tickets stay. `password` is
    /// the hash in force: false when it is not.
    pub async fn close_account(&self, id: UserId, password: &Secret, now: i64) -> Result<bool> {
        let password = password.clone();
        self.decide(move |connection, doubtful| {
            let email = users::find(connection, id.0)?.map(|user| user.email);
            let closed = users::anonymise(connection, id.0, &password)?
                // Ours already, if an earlier try was committed after all.
                || (doubtful && users::anonymise(connection, id.0, &Secret::default())?);
            if !closed {
                return Ok(Decision::Rollback(false));
            }
            emails::delete_of_user(connection, id.0, "")?;
            sign_ups::delete_of_user(connection, id.0)?;
            links::delete_of_user(connection, id.0, "")?;
            former_links::delete_of_user(connection, id.0)?;
            sessions::delete_of_user(connection, id.0, "")?;
            notifications::delete(connection, id.0)?;
            second_factors::delete_of_user(connection, id.0)?;
            audit::anonymise(connection, id.0)?;
            mails::forget_recipient(connection, &email.unwrap_or_default())?;
            credentials::set(connection, id.0, now)?;
            if !flags::set_disabled(connection, id.0, true)? {
                flags::insert(connection, id.0, 0)?;
                flags::set_disabled(connection, id.0, true)?;
            }
            Ok(Decision::Commit(true))
        })
        .await
    }

    /// What happened to an account, newest first.
    pub async fn audit_of(&self, id: UserId, limit: u32) -> Result<Vec<AuditEntry>> {
        self.read(move |connection| audit::of_user(connection, id.0, i64::from(limit)))
            .await
    }

    /// Whoever is disabled has no session any more. False when there is no such user.
    pub async fn set_disabled(&self, id: UserId, disabled: bool) -> Result<bool> {
        self.write(move |connection| {
            if disabled {
                sessions::delete_of_user(connection, id.0, "")?;
            }
            if flags::set_disabled(connection, id.0, disabled)? {
                return Ok(true);
            }
            if users::find(connection, id.0)?.is_none() {
                return Ok(false);
            }
            flags::insert(connection, id.0, 0)?;
            flags::set_disabled(connection, id.0, disabled)
        })
        .await
    }

    /// The last id that was given to anybody: what `max_users` limits.
    pub async fn last_user_id(&self) -> Result<UserId> {
        self.read(|connection| counters::get(connection, counters::USER_ID).map(UserId))
            .await
    }

    /// Takes the longer the more users there are.
    pub async fn user_counts(&self) -> Result<UserCounts> {
        self.read(users::counts).await
    }
}

/// Of the audit log, each entry once: the log may be long.
fn forget_addresses(connection: &mut AnyConnection, up_to: i64) -> QueryResult<usize> {
    let name = counters::ADDRESSES_FORGOTTEN;
    let known = counters::find(connection, name)?;
    // From the future: the clock was set back.
    let after = known.filter(|it| *it <= up_to).unwrap_or(0);
    if after == up_to {
        return Ok(0);
    }
    let forgotten = audit::forget_addresses(connection, after, up_to)?;
    counters::put(connection, name, up_to)?;
    Ok(forgotten)
}

/// `doubtful`: who is verified already may be so by an earlier try of this call, which was committed after all.
fn after_doubt(decision: Decision<Verification>, doubtful: bool) -> Decision<Verification> {
    match decision {
        Decision::Rollback(Verification::Already(user)) if doubtful => {
            Decision::Rollback(Verification::Verified(user))
        }
        other => other,
    }
}

/// The counter's lock comes first, so everything after it sees what the last verification did.
fn verify(
    connection: &mut AnyConnection,
    token_hash: &str,
    max_users: u32,
    now: i64,
) -> QueryResult<Decision<Verification>> {
    use Verification::{Already, EmailTaken, PoolFull, UnknownToken, Verified};

    let next = counters::next(connection, counters::USER_ID)?;
    let Some(sign_up) = sign_ups::find(connection, token_hash)? else {
        return Ok(Decision::Rollback(UnknownToken));
    };
    if let Some(user_id) = sign_up.user_id {
        return Ok(Decision::Rollback(Already(UserId(user_id))));
    }
    if sign_up.expires <= now {
        return Ok(Decision::Rollback(UnknownToken));
    }
    if emails::owner(connection, &sign_up.email_hash)?.is_some() {
        return Ok(Decision::Rollback(EmailTaken));
    }
    let id = free_id(connection, next)?;
    if id > i64::from(max_users) {
        return Ok(Decision::Rollback(PoolFull));
    }
    if id != next {
        counters::set(connection, counters::USER_ID, id)?;
    }
    let revision = counters::next(connection, counters::REVISION)?;
    let version = counters::get(connection, counters::VOTE_VERSION)?;
    keys::insert(connection, id, id)?;
    emails::insert(connection, &sign_up.email_hash, id)?;
    flags::insert(connection, id, now)?;
    revisions::set(connection, id, revision)?;
    users::insert(
        connection,
        id,
        &sign_up.email,
        &sign_up.password_hash,
        version,
    )?;
    sign_ups::mark_used(connection, token_hash, id)?;
    Ok(Decision::Commit(Verified(UserId(id))))
}

/// The first id from `next` on above those of all users, whose key index is not taken either: user
/// and key keep the same number, by which fees find their address.
fn free_id(connection: &mut AnyConnection, next: i64) -> QueryResult<i64> {
    let mut id = next.max(users::highest_id(connection)? + 1);
    while keys::is_taken(connection, id)? {
        id += 1;
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_not_used_up_by_a_try_whose_outcome_was_not_known() {
        let told = |doubtful| {
            let found = Decision::Rollback(Verification::Already(UserId(7)));
            match after_doubt(found, doubtful) {
                Decision::Rollback(told) => told,
                Decision::Commit(told) => panic!("{told:?} would be stored"),
            }
        };
        assert_eq!(told(false), Verification::Already(UserId(7)));
        assert_eq!(told(true), Verification::Verified(UserId(7)));
    }
}
