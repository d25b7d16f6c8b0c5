//! `[alerts]`: who is told of alarms; without it nobody is.

use lettre::message::Mailbox;
use url::{Host, Url};

use super::check::{Check, in_range};
use super::raw::RawAlerts;
use crate::secret::Secret;

/// Who is told of alarms, and when.
#[derive(Debug, Clone)]
pub struct AlertsConfig {
    /// Addresses alone, without names.
    pub mail: Vec<String>,
    /// An http or https address, which may hold a key.
    pub webhook: Option<Secret>,
    /// Sent to the webhook as a bearer token.
    pub webhook_token: Option<Secret>,
    /// How long an alarm stands before anybody is told.
    pub after_seconds: i64,
    /// One that still stands is told again after so long; 0: never.
    pub remind_hours: i64,
}

impl AlertsConfig {
    /// `mails`: there is a `[mail]`.
    pub(super) fn resolve(raw: RawAlerts, mails: bool, check: &mut Check) -> Option<Self> {
        let mail = check.parse_all(raw.mail, Vec::new(), |address| {
            address
                .parse::<Mailbox>()
                .map(|mailbox| mailbox.email.to_string())
                .map_err(|error| format!("{address:?} is not a mail address: {error}"))
        });
        let webhook = check.secret(raw.webhook).filter(|it| !it.value.is_empty());
        let given = webhook.is_some();
        let webhook = check.parse(webhook, |url| usable(url).map(|()| url.clone()));
        if webhook.as_ref().is_some_and(is_readable) {
            check.warn("alerts.webhook is plain http: what it is told can be read on the way");
        }
        let token = check.secret(raw.webhook_token);
        let token = token.filter(|it| !it.value.is_empty());
        let after_seconds = check.parse_or(raw.after_seconds, 30, |n| in_range(*n, 0, 3600));
        let remind_hours = check.parse_or(raw.remind_hours, 24, |n| in_range(*n, 0, 24 * 365));
        if mail.is_empty() && !given && !check.noted("alerts.mail") {
            check.reject_key(
                "alerts",
                "tells nobody: give mail, webhook or both, or leave [alerts] out",
            );
        }
        if !mail.is_empty() && !mails {
            check.warn("alerts.mail goes to the log: there is no [mail]");
        }
        if token.is_some() && !given {
            check.warn("alerts.webhook_token is for nobody: there is no alerts.webhook");
        }
        Some(Self {
            mail,
            webhook: if given { Some(webhook?) } else { None },
            webhook_token: token.map(|it| it.value),
            after_seconds: after_seconds?,
            remind_hours: remind_hours?,
        })
    }
}

/// The address itself is not repeated: it may hold a key.
fn usable(url: &Secret) -> Result<(), String> {
    let url = Url::parse(url.expose()).map_err(|error| format!("not an address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("must begin with https:// (or http://) and name a host".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must have no user and no password: use alerts.webhook_token".into());
    }
    Ok(())
}

/// By others on the way: neither https nor on this machine.
fn is_readable(url: &Secret) -> bool {
    let Ok(url) = Url::parse(url.expose()) else {
        return false;
    };
    let here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "http" && !here
}
