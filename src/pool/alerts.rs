//! Tells the operator's people of alarms, by mail and by webhook: that one began, that it still lasts, that it is
//! over. Of several web processes one tells. What people were told is in the database; while that is away each
//! process goes on by what it last read there, so that they hear of it too, perhaps twice.

mod plan;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use tokio::time::sleep;

use super::alarms::id;
use super::{Error, Pool, hints, random};
use crate::domain::{Alert, AlertWay};
use crate::mail::{Delivery, Mail, Parcel, texts};
use crate::metrics::catalogue;

pub(super) use plan::Standing;
pub use plan::Word;
use plan::{Rules, Step, plan};

/// How often alarms are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Seconds before the next try of what could not be told; longer than any try takes.
const PAUSE: i64 = 60;

/// Who is told of alarms, and when. The default: nobody.
#[derive(Debug, Default)]
pub struct Alerting {
    /// Mail addresses.
    pub mail: Vec<String>,
    pub webhook: Option<Arc<dyn Hook>>,
    /// Seconds that an alarm stands before anybody is told.
    pub after: i64,
    /// Seconds after which one that still stands is told again; 0: never.
    pub remind: i64,
}

/// What brings a word to a webhook.
#[async_trait]
pub trait Hook: Send + Sync + std::fmt::Debug + 'static {
    /// Ends within its own deadline; else the reason, without secrets.
    async fn tell(&self, word: &HookWord) -> Result<(), String>;
}

/// The JSON that a webhook gets.
#[derive(Debug, Clone, Serialize)]
pub struct HookWord {
    /// All in one line, as chat programs show it.
    pub text: String,
    pub pool: String,
    /// `begun`, `lasting` or `over`; `test` from the command line.
    pub event: &'static str,
    /// Stable name.
    pub alarm: String,
    /// The voter; empty when it is about the pool.
    pub about: String,
    pub message: String,
    /// What to do.
    pub hint: &'static str,
    /// When it began, unix seconds.
    pub since: i64,
    pub link: String,
}

/// What this process knows of what people were told.
#[derive(Debug, Default)]
pub(super) struct Known {
    alerts: Vec<Alert>,
    /// The database is away: what is in `alerts` is all there is.
    alone: bool,
}

impl Alerting {
    /// Nobody is told of anything.
    pub fn is_silent(&self) -> bool {
        self.mail.is_empty() && self.webhook.is_none()
    }

    fn rules(&self) -> Rules {
        let mail = (!self.mail.is_empty()).then_some(AlertWay::Mail);
        let webhook = self.webhook.is_some().then_some(AlertWay::Webhook);
        Rules {
            ways: mail.into_iter().chain(webhook).collect(),
            after: self.after,
            remind: self.remind,
        }
    }
}

impl Pool {
    /// Looks at alarms until the role stops.
    pub(super) async fn keep_alerting(&self) {
        let mut known = Known::default();
        loop {
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = sleep(LOOK) => {}
            }
            if let Err(error) = self.alert(&mut known).await {
                self.database_failed("what people were told of alarms is not known", &error);
            }
        }
    }

    pub(super) async fn alert(&self, known: &mut Known) -> Result<(), Error> {
        let away = self.database_away_since().is_some();
        if !away {
            self.read_alerts(known).await?;
        }
        known.alone = away;
        let standing = self.standing().await;
        let rules = self.alerting.rules();
        for step in plan(&known.alerts, &standing, &rules, self.clock.unix_seconds()) {
            if self.tasks.is_stopping() {
                break;
            }
            self.take(step, known).await?;
        }
        Ok(())
    }

    /// What is in the database, and there what was told while it was away.
    async fn read_alerts(&self, known: &mut Known) -> Result<(), Error> {
        if std::mem::take(&mut known.alone) {
            let stored = self.store.alerts().await?;
            for alert in std::mem::take(&mut known.alerts) {
                match stored.iter().find(|it| it.is(&alert)) {
                    None => drop(self.store.begin_alert(alert).await?),
                    Some(there) if there.told < alert.told => {
                        let there = there.clone();
                        self.store
                            .turn_alert(there, Some(alert), Vec::new())
                            .await?;
                    }
                    Some(_) => {}
                }
            }
        }
        known.alerts = self.store.alerts().await?;
        Ok(())
    }

    async fn standing(&self) -> Vec<Standing> {
        let (halt, away_since) = self.halt_or_last_known().await;
        let mut standing = self.standing_alarms(halt.as_ref());
        if let Some(since) = away_since {
            standing.push(Standing {
                alarm: id::DATABASE_AWAY.to_owned(),
                about: String::new(),
                message: "the database does not answer".to_owned(),
                since,
            });
        }
        standing
    }

    async fn take(&self, step: Step, known: &mut Known) -> Result<(), Error> {
        match step {
            Step::Begin(alert) if known.alone => {
                if !known.alerts.iter().any(|there| there.is(&alert)) {
                    known.alerts.push(alert);
                }
            }
            Step::Begin(alert) => drop(self.store.begin_alert(alert).await?),
            Step::Note { from, to } => drop(self.turn(from, Some(to), known).await?),
            Step::Forget(alert) => drop(self.turn(alert, None, known).await?),
            Step::Tell(alert, word) => match alert.way {
                AlertWay::Mail if known.alone => self.mail_at_once(alert, word, known).await?,
                AlertWay::Mail => self.mail_alert(alert, word).await?,
                AlertWay::Webhook => self.call_hook(alert, word, known).await?,
            },
        }
        Ok(())
    }

    /// False: another process was faster.
    async fn turn(&self, from: Alert, to: Option<Alert>, known: &mut Known) -> Result<bool, Error> {
        if known.alone {
            known.alerts.retain(|alert| !alert.is(&from));
            known.alerts.extend(to);
            return Ok(true);
        }
        Ok(self.store.turn_alert(from, to, Vec::new()).await?)
    }

    /// The mails are stored with the mark that it was told: each comes once.
    async fn mail_alert(&self, alert: Alert, word: Word) -> Result<(), Error> {
        let to = plan::told(&alert, word, self.clock.unix_seconds());
        let mails = self.alert_mails(&alert, word);
        let queued: Result<Vec<_>, _> = mails.iter().map(|mail| self.for_queue(mail)).collect();
        let queued = queued?.into_iter().flatten().collect();
        if self.store.turn_alert(alert, to, queued).await? {
            count(AlertWay::Mail, word);
            for mail in mails {
                self.hand_over(mail);
            }
        }
        Ok(())
    }

    fn alert_mails(&self, alert: &Alert, word: Word) -> Vec<Mail> {
        let text = texts::AlertText {
            event: word.name(),
            alarm: &alert.alarm,
            message: &alert.message,
            hint: hints::for_alarm(&alert.alarm),
            since: alert.since,
            status_link: &self.settings.link("/status"),
        };
        let (pool, at) = (&self.settings.name, self.clock.unix_seconds());
        let to = self.alerting.mail.iter();
        to.map(|to| texts::alert(pool, to, &text, at)).collect()
    }

    /// Without the queue, which is in the database.
    async fn mail_at_once(&self, alert: Alert, word: Word, known: &mut Known) -> Result<(), Error> {
        let mut failed = None;
        for mail in self.alert_mails(&alert, word) {
            failed = self.post_at_once(mail).await?.err().or(failed);
        }
        self.settle_alert(AlertWay::Mail, alert, word, failed, known)
            .await
    }

    async fn post_at_once(&self, mail: Mail) -> Result<Result<(), String>, Error> {
        match self.post.delivery() {
            Delivery::AtOnce(mailer) => mailer.send(mail),
            Delivery::Queued(carrier) => {
                let parcel = Parcel {
                    id: random::hex(16)?.expose().to_owned(),
                    created: self.clock.unix_seconds(),
                    mail,
                };
                if let Err(error) = carrier.carry(&parcel).await {
                    return Ok(Err(error
                        .to_string()
                        .replace(&parcel.mail.to, "<recipient>")));
                }
            }
        }
        Ok(Ok(()))
    }

    async fn call_hook(&self, alert: Alert, word: Word, known: &mut Known) -> Result<(), Error> {
        let Some(hook) = &self.alerting.webhook else {
            return Ok(());
        };
        // Nobody else is to call meanwhile.
        let claimed = Alert {
            due: self.clock.unix_seconds().saturating_add(PAUSE),
            ..alert.clone()
        };
        if !self.turn(alert, Some(claimed.clone()), known).await? {
            return Ok(());
        }
        let failed = hook.tell(&self.hook_word(&claimed, word)).await.err();
        self.settle_alert(AlertWay::Webhook, claimed, word, failed, known)
            .await
    }

    fn hook_word(&self, alert: &Alert, word: Word) -> HookWord {
        let (pool, event) = (&self.settings.name, word.name());
        let message = &alert.message;
        HookWord {
            text: format!("{pool}: alarm {event}: {message}"),
            pool: pool.clone(),
            event,
            alarm: alert.alarm.clone(),
            about: alert.about.clone(),
            message: message.clone(),
            hint: hints::for_alarm(&alert.alarm),
            since: alert.since,
            link: self.settings.link("/status"),
        }
    }

    /// Writes down what became of a try.
    async fn settle_alert(
        &self,
        way: AlertWay,
        alert: Alert,
        word: Word,
        failed: Option<String>,
        known: &mut Known,
    ) -> Result<(), Error> {
        let now = self.clock.unix_seconds();
        let to = match &failed {
            None => plan::told(&alert, word, now),
            Some(reason) => {
                catalogue::ALERTS.increment([way.name(), "failed"]);
                let (way, alarm) = (way.name(), &alert.alarm);
                tracing::warn!(way, alarm, reason, "people are not told of an alarm yet");
                Some(Alert {
                    due: now.saturating_add(PAUSE),
                    ..alert.clone()
                })
            }
        };
        self.turn(alert, to, known).await?;
        if failed.is_none() {
            count(way, word);
        }
        Ok(())
    }
}

fn count(way: AlertWay, word: Word) {
    catalogue::ALERTS.increment([way.name(), word.name()]);
}
