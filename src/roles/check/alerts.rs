//! Who is told of alarms.

use super::findings::Findings;
use super::{Trials, mail};
use crate::clock::Clock;
use crate::config::{AlertsConfig, WebConfig};
use crate::mail::{Smtp, texts};
use crate::pool::{Hook as _, HookWord};
use crate::roles::webhook::Webhook;

/// False: web would not start.
pub async fn check(
    config: &WebConfig,
    smtp: Option<&Smtp>,
    trials: &Trials,
    findings: &mut Findings,
) -> bool {
    let Some(alerts) = &config.alerts else {
        findings.ok("alerts", "web tells nobody: there is no [alerts]");
        if trials.alert {
            findings.fail("test alert", "nobody is told", "set [alerts]");
        }
        return true;
    };
    let webhook = match Webhook::of(alerts) {
        Ok(webhook) => webhook,
        Err(error) => {
            findings.fail("alerts", format!("{error:#}"), "mend [alerts]");
            return false;
        }
    };
    let ways = ways(alerts);
    findings.ok("alerts", format!("are told {ways}"));
    if !trials.alert {
        return true;
    }
    let mut failed = Vec::new();
    if let Some(webhook) = webhook
        && let Err(reason) = webhook.tell(&word(config)).await
    {
        failed.push(format!("webhook: {reason}"));
    }
    for to in &alerts.mail {
        let Some(smtp) = smtp else {
            failed.push(format!("{to}: there is no [mail]"));
            continue;
        };
        let trial = texts::trial(&config.pool.name, to, Clock::system().unix_seconds());
        if let Err(error) = mail::send(smtp, trial).await {
            failed.push(format!("{to}: {error}"));
        }
    }
    if failed.is_empty() {
        findings.ok("test alert", format!("was told {ways}"));
    } else {
        let hint = "mend [alerts]: an alarm would not be heard";
        findings.fail("test alert", failed.join("\n"), hint);
    }
    true
}

/// `by webhook and to a@x, b@x`.
fn ways(alerts: &AlertsConfig) -> String {
    let webhook = alerts.webhook.as_ref().map(|_| "by webhook".to_owned());
    let mail = (!alerts.mail.is_empty()).then(|| format!("to {}", alerts.mail.join(", ")));
    let ways: Vec<_> = webhook.into_iter().chain(mail).collect();
    ways.join(" and ")
}

fn word(config: &WebConfig) -> HookWord {
    let pool = config.pool.name.clone();
    HookWord {
        text: format!("{pool}: a test of alarms; nothing is to be done"),
        pool,
        event: "test",
        alarm: "test".into(),
        about: String::new(),
        message: "a test of alarms".into(),
        hint: "nothing is to be done",
        since: Clock::system().unix_seconds(),
        link: config.web.base_url.link("/status"),
    }
}
