//! The queue of mails. Each is sent at least once: who claimed it and died, or could not write down that it
//! was sent, leaves it to the next one.

use diesel::QueryResult;

use super::{Decision, Store};
use crate::db::changes::Touches;
use crate::db::connection::AnyConnection;
use crate::db::queries::{clip, mails, narrow};
use crate::db::{ClaimedMail, MAIL_LEASE_SECS, MailCounts, MailOutcome, NewMail, Result};
use crate::secret::Secret;

impl Store {
    pub async fn queue_mail(&self, mail: NewMail) -> Result<()> {
        self.write_on(Touches::Nothing, move |connection| queue(connection, &mail))
            .await
    }

    /// Takes the mail that is due longest, for a few minutes: nobody else gets it before, unless it is freed.
    pub async fn claim_mail(&self, now: i64) -> Result<Option<ClaimedMail>> {
        let due = self.read(move |connection| mails::next(connection, now));
        // Nothing is locked while nothing is due.
        if due.await?.is_none() {
            return Ok(None);
        }
        self.decide_on(Touches::Nothing, move |connection, _| {
            let Some(row) = mails::next(connection, now)? else {
                return Ok(Decision::Rollback(None));
            };
            let attempts = row.attempts.saturating_add(1);
            let until = now.saturating_add(MAIL_LEASE_SECS);
            if !mails::claim(connection, &row.id, row.due, until, attempts)? {
                return Ok(Decision::Rollback(None));
            }
            Ok(Decision::Commit(Some(ClaimedMail {
                id: row.id,
                recipient: row.recipient,
                subject: row.subject,
                body: Secret::new(row.body),
                html: Secret::new(row.html),
                created: row.created,
                attempts: narrow("pool_mails.attempts", attempts)?,
                until,
            })))
        })
        .await
    }

    /// Claims a mail for longer. False: it is not the caller's any more, who claimed it until `until`.
    pub async fn renew_mail(&self, id: &str, until: i64, longer: i64) -> Result<bool> {
        let id = id.to_owned();
        self.write_on(Touches::Nothing, move |connection| {
            mails::renew(connection, &id, until, longer)
        })
        .await
    }

    /// Mails that are claimed, and until when.
    pub async fn mails_being_sent(&self, now: i64) -> Result<Vec<(String, i64)>> {
        // Not to the second: it was claimed by another one's clock.
        let last = now.saturating_add(MAIL_LEASE_SECS.saturating_mul(2));
        self.read(move |connection| mails::being_sent(connection, now, last))
            .await
    }

    /// Whoever claimed this mail until just then is gone: it is due. False: that one is not.
    pub async fn free_mail(&self, id: &str, until: i64, now: i64) -> Result<bool> {
        let id = id.to_owned();
        self.write_on(Touches::Nothing, move |connection| {
            mails::free(connection, &id, until, now)
        })
        .await
    }

    /// Writes down what became of a claimed mail.
    pub async fn settle_mail(&self, id: &str, outcome: MailOutcome, now: i64) -> Result<()> {
        let id = id.to_owned();
        self.write_on(Touches::Nothing, move |connection| match &outcome {
            MailOutcome::Sent => mails::finish(connection, &id, mails::SENT, "", now),
            MailOutcome::GivenUp { problem } => {
                let problem = clip(problem, 255);
                mails::finish(connection, &id, mails::GIVEN_UP, &problem, now)
            }
            MailOutcome::Postponed { until, problem } => {
                mails::postpone(connection, &id, &clip(problem, 255), *until)
            }
        })
        .await
    }

    pub async fn mail_counts(&self) -> Result<MailCounts> {
        self.read(|connection| {
            let waiting = mails::count(connection, mails::WAITING)?;
            let given_up = mails::count(connection, mails::GIVEN_UP)?;
            Ok(MailCounts {
                waiting: narrow("count of pool_mails", waiting)?,
                waiting_since: mails::oldest(connection)?,
                given_up: narrow("count of pool_mails", given_up)?,
            })
        })
        .await
    }
}

/// Stores a mail within the transaction of what causes it.
pub(super) fn queue(connection: &mut AnyConnection, mail: &NewMail) -> QueryResult<()> {
    // There already if this is repeated after a commit of unknown outcome.
    if mails::is_there(connection, &mail.id)? {
        return Ok(());
    }
    let row = mails::Row {
        id: mail.id.clone(),
        recipient: mail.recipient.clone(),
        subject: clip(&mail.subject, 255),
        body: mail.body.expose().to_owned(),
        html: mail.html.expose().to_owned(),
        created: mail.now,
        state: mails::WAITING.to_owned(),
        due: mail.now,
        attempts: 0,
        problem: String::new(),
    };
    mails::insert(connection, &row)
}
