//! The way of mails: to the log, or into the queue of the database and from there to the mail server. No
//! page waits for that server; a mail that is in the queue is sent at least once, or given up with an
//! alarm while it waits.

mod claims;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::{Error, Pool, random};
use crate::db::{ClaimedMail, MAIL_LEASE_SECS, MailCounts, MailOutcome, NewMail};
use crate::mail::{Carrier, Delivery, DeliveryError, Mail, Parcel};
use crate::metrics::catalogue;
use crate::secret::Secret;

pub(super) use claims::Watched;
use claims::{RENEW, TRUST};

/// Senders at a time: a slow recipient holds up one of them.
const SENDERS: usize = 3;
/// How often the queue is looked at: what another web process stored, or what is to be tried again; and
/// counted.
const LOOK: Duration = Duration::from_secs(5);
/// A mail under way when the role ends may take this long.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Pause after the first try that failed, doubled each time, in seconds.
const FIRST_PAUSE: i64 = 60;
const LONGEST_PAUSE: i64 = 6 * 3600;
/// No more tries after this many seconds.
const GIVE_UP: i64 = 3 * 24 * 3600;

/// What a pool sends its mails with.
#[derive(Debug)]
pub(super) struct Post {
    delivery: Delivery,
    /// Wakes a sender.
    due: Notify,
    /// As last read; `None`: there is no queue, or it was not read yet.
    counts: Mutex<Option<MailCounts>>,
}

impl Post {
    pub fn new(delivery: Delivery) -> Self {
        Self {
            delivery,
            due: Notify::new(),
            counts: Mutex::default(),
        }
    }

    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// What waits, as last read.
    pub fn counts(&self) -> Option<MailCounts> {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    /// The mail as the queue takes it, if there is one.
    pub(super) fn for_queue(&self, mail: &Mail) -> Result<Option<NewMail>, Error> {
        let Delivery::Queued(_) = self.post.delivery else {
            return Ok(None);
        };
        Ok(Some(NewMail {
            id: random::hex(16)?.expose().to_owned(),
            recipient: mail.to.clone(),
            subject: mail.subject.clone(),
            body: Secret::new(mail.body.clone()),
            html: Secret::new(mail.html.clone()),
            now: self.clock.unix_seconds(),
        }))
    }

    /// After what causes the mail is stored, with what `for_queue` made: sees that it leaves.
    pub(super) fn hand_over(&self, mail: Mail) {
        match &self.post.delivery {
            Delivery::AtOnce(mailer) => mailer.send(mail),
            Delivery::Queued(_) => {
                catalogue::MAILS.increment(["queued"]);
                self.post.due.notify_one();
            }
        }
    }

    /// A mail by itself.
    pub(super) async fn send_mail(&self, mail: Mail) -> Result<(), Error> {
        if let Some(queued) = self.for_queue(&mail)? {
            self.store.queue_mail(queued).await?;
        }
        self.hand_over(mail);
        Ok(())
    }

    /// A mail about what is done and stays done, whatever becomes of the mail.
    pub(super) async fn send_notice(&self, mail: Mail) {
        let subject = mail.subject.clone();
        if let Err(error) = self.send_mail(mail).await {
            tracing::error!(mail.subject = subject, %error, "mail lost: it could not be stored");
        }
    }

    /// Starts the senders, where there is a queue.
    pub(super) fn start_senders(self: &Arc<Self>) {
        let Delivery::Queued(carrier) = &self.post.delivery else {
            return;
        };
        for _ in 0..SENDERS {
            let (pool, carrier) = (Arc::clone(self), Arc::clone(carrier));
            let task = async move { pool.keep_sending(carrier.as_ref()).await };
            self.tasks.spawn("mail_sender", task);
        }
        let pool = Arc::clone(self);
        let task = async move { pool.keep_counting().await };
        self.tasks.spawn("mail_counts", task);
    }

    /// Not the senders' work: a mail server may hold all of them up.
    async fn keep_counting(&self) {
        let mut watched = Watched::default();
        while !self.tasks.is_stopping() {
            if self.database_away_since().is_some() {
                watched.forget();
            } else if let Err(error) = self.look_after_mails(&mut watched).await {
                watched.forget();
                self.database_failed("what mails wait is not known", &error);
            }
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = sleep(LOOK) => {}
            }
        }
    }

    async fn look_after_mails(&self, watched: &mut Watched) -> Result<(), Error> {
        self.count_mails().await?;
        self.free_mails(watched, Instant::now()).await
    }

    /// Makes due what somebody claimed who is gone.
    pub(super) async fn free_mails(
        &self,
        watched: &mut Watched,
        seen_at: Instant,
    ) -> Result<(), Error> {
        let now = self.clock.unix_seconds();
        let claims = self.store.mails_being_sent(now).await?;
        for (id, until) in watched.abandoned(claims, seen_at) {
            if self.store.free_mail(&id, until, now).await? {
                tracing::warn!(
                    mail.id = id,
                    "who was sending a mail is gone: it is sent again"
                );
                self.post.due.notify_one();
            }
        }
        Ok(())
    }

    async fn keep_sending(&self, carrier: &dyn Carrier) {
        while !self.tasks.is_stopping() {
            if self.send_next(carrier).await {
                continue;
            }
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = self.post.due.notified() => {}
                () = sleep(LOOK) => {}
            }
        }
    }

    /// Sends what is due, if anything is. False: there was nothing, or the database is away.
    pub(super) async fn send_next(&self, carrier: &dyn Carrier) -> bool {
        if self.database_away_since().is_some() {
            return false;
        }
        match self.try_next(carrier).await {
            Ok(more) => more,
            Err(error) => {
                self.database_failed("mails wait", &error);
                false
            }
        }
    }

    async fn try_next(&self, carrier: &dyn Carrier) -> Result<bool, Error> {
        let claimed = self.store.claim_mail(self.clock.unix_seconds()).await?;
        let Some(mail) = claimed else {
            return Ok(false);
        };
        let (attempts, until) = (mail.attempts, mail.until);
        let parcel = parcel(mail);
        tracing::debug!(mail.id = parcel.id, attempts, "mail claimed");
        let outcome = tokio::select! {
            biased;
            () = self.keep_claim(&parcel.id, until) => {
                // Whoever takes it next also says what becomes of it.
                tracing::warn!(mail.id = parcel.id, "a mail is left to another process");
                return Ok(true);
            }
            outcome = carrier.carry(&parcel) => outcome,
            () = self.end_of_patience() => Err(DeliveryError::Later("web was stopped".into())),
        };
        let now = self.clock.unix_seconds();
        let outcome = outcome.map_err(|error| without_secrets(error, &parcel.mail.to));
        let outcome = judge(outcome, parcel.created, attempts, now);
        note(&parcel.id, attempts, &outcome);
        let until = now.saturating_add(MAIL_LEASE_SECS);
        self.settle(&parcel.id, outcome, until).await?;
        self.count_mails().await?;
        Ok(true)
    }

    /// Shows the other processes that a mail is being sent, until they may believe that it is not.
    async fn keep_claim(&self, id: &str, mut until: i64) {
        let mut shown = Instant::now();
        while shown.elapsed() < TRUST {
            sleep(RENEW).await;
            let asked = Instant::now();
            let longer = self.clock.unix_seconds().saturating_add(MAIL_LEASE_SECS);
            // It must differ.
            let longer = longer.max(until.saturating_add(1));
            match self.store.renew_mail(id, until, longer).await {
                Ok(true) => (shown, until) = (asked, longer),
                Ok(false) => return,
                Err(error) => self.database_failed("a mail may be sent twice", &error.into()),
            }
        }
    }

    /// Writes down what became of a mail. What was sent and is not written down comes twice, so this is
    /// tried for minutes, although others may take the mail earlier.
    async fn settle(&self, id: &str, outcome: MailOutcome, until: i64) -> Result<(), Error> {
        loop {
            let now = self.clock.unix_seconds();
            let Err(error) = self.store.settle_mail(id, outcome.clone(), now).await else {
                return Ok(());
            };
            if now >= until || self.tasks.is_stopping() {
                return Err(error.into());
            }
            self.database_failed("what became of a mail is not written down", &error.into());
            sleep(LOOK).await;
        }
    }

    /// Reads what waits, for `counts`.
    pub(super) async fn count_mails(&self) -> Result<(), Error> {
        let counts = self.store.mail_counts().await?;
        let mut known = self
            .post
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *known = Some(counts);
        Ok(())
    }

    async fn end_of_patience(&self) {
        self.tasks.stopping().await;
        sleep(LAST_WORDS).await;
    }
}

fn parcel(mail: ClaimedMail) -> Parcel {
    Parcel {
        id: mail.id,
        created: mail.created,
        mail: Mail {
            to: mail.recipient,
            subject: mail.subject,
            body: mail.body.expose().to_owned(),
            html: mail.html.expose().to_owned(),
        },
    }
}

/// Mail servers quote what they refuse: the recipient, or a link with its token.
fn without_secrets(error: DeliveryError, to: &str) -> DeliveryError {
    let hide = |text: String| hide_tokens(&text.replace(to, "<recipient>"));
    match error {
        DeliveryError::Refused(text) => DeliveryError::Refused(hide(text)),
        DeliveryError::Later(text) => DeliveryError::Later(hide(text)),
    }
}

/// Replaces what may be a token: 32 hex digits or more in a row.
fn hide_tokens(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut digits = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_hexdigit() {
            digits.push(c);
            continue;
        }
        shown.push_str(if digits.len() < 32 {
            &digits
        } else {
            "<token>"
        });
        digits.clear();
        shown.push(c);
    }
    shown.pop();
    shown
}

/// What follows from a try.
fn judge(tried: Result<(), DeliveryError>, created: i64, attempts: u32, now: i64) -> MailOutcome {
    match tried {
        Ok(()) => MailOutcome::Sent,
        Err(DeliveryError::Refused(problem)) => MailOutcome::GivenUp { problem },
        Err(DeliveryError::Later(problem)) if now.saturating_sub(created) >= GIVE_UP => {
            MailOutcome::GivenUp { problem }
        }
        Err(DeliveryError::Later(problem)) => MailOutcome::Postponed {
            until: now.saturating_add(pause(attempts)),
            problem,
        },
    }
}

/// Seconds before the next try.
fn pause(attempts: u32) -> i64 {
    let doublings = attempts.saturating_sub(1).min(20);
    FIRST_PAUSE
        .saturating_mul(1_i64 << doublings)
        .min(LONGEST_PAUSE)
}

/// Never to whom, nor what it says.
fn note(id: &str, attempts: u32, outcome: &MailOutcome) {
    match outcome {
        MailOutcome::Sent => {
            catalogue::MAILS.increment(["sent"]);
            tracing::info!(mail.id = id, attempts, "mail sent");
        }
        MailOutcome::Postponed { problem, .. } => {
            catalogue::MAILS.increment(["postponed"]);
            tracing::warn!(mail.id = id, attempts, problem, "mail not sent yet");
        }
        MailOutcome::GivenUp { problem } => {
            catalogue::MAILS.increment(["given_up"]);
            tracing::error!(mail.id = id, attempts, problem, "mail given up");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_a_minute_to_six_hours() {
        let pauses: Vec<i64> = (1..=11).map(pause).collect();
        assert_eq!(pauses[..4], [60, 120, 240, 480]);
        assert_eq!(pauses[9..], [21_600, 21_600]);
        assert_eq!(pause(0), 60);
        assert_eq!(pause(u32::MAX), 21_600);
    }

    #[test]
    fn what_a_server_quotes_is_hidden() {
        let token = "0123456789abcdef0123456789ABCDEF";
        let text = format!("554 <kim@example.com>: bad link https://p/x?t={token}, id 00ff");
        for error in [DeliveryError::Refused, DeliveryError::Later] {
            let hidden = without_secrets(error(text.clone()), "kim@example.com").to_string();
            assert!(
                hidden.ends_with("554 <<recipient>>: bad link https://p/x?t=<token>, id 00ff"),
                "{hidden}"
            );
        }
        assert_eq!(hide_tokens(token), "<token>");
        assert_eq!(hide_tokens(""), "");
    }

    #[test]
    fn a_mail_is_given_up_when_refused_or_after_three_days() {
        let later = || Err(DeliveryError::Later("away".into()));
        let outcome = judge(later(), 1_000, 3, 1_000 + GIVE_UP - 1);
        assert!(matches!(outcome, MailOutcome::Postponed { .. }));
        let outcome = judge(later(), 1_000, 3, 1_000 + GIVE_UP);
        assert!(matches!(outcome, MailOutcome::GivenUp { .. }));
        let refused = Err(DeliveryError::Refused("no such user".into()));
        let outcome = judge(refused, 1_000, 1, 1_001);
        assert!(matches!(outcome, MailOutcome::GivenUp { .. }));
        assert_eq!(judge(Ok(()), 1_000, 1, 1_001), MailOutcome::Sent);
    }
}
