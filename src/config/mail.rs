//! `[mail]`; without it mails go to the log.

use lettre::message::Mailbox;

use super::check::{Check, in_range};
use super::raw::RawMail;
use crate::secret::Secret;

/// How mails leave.
#[derive(Debug, Clone)]
pub struct MailConfig {
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    /// An address, or `Name <address>`.
    pub from: Mailbox,
    /// Empty: no authentication.
    pub username: String,
    pub password: Secret,
    /// PEM of a certificate authority to trust beside the system's.
    pub ca_cert_pem: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    None,
    StartTls,
    Tls,
}

impl MailConfig {
    pub(super) fn resolve(raw: RawMail, check: &mut Check) -> Option<Self> {
        let host = check.need(raw.host, "mail.host");
        let host = check.parse(host, |host| {
            let host = host.trim();
            (!host.is_empty())
                .then(|| host.to_owned())
                .ok_or_else(|| "is empty; to have mails in the log leave [mail] out".to_owned())
        });
        let tls = check.parse_or(raw.tls, MailTls::StartTls, |tls| match tls.as_str() {
            "none" => Ok(MailTls::None),
            "starttls" => Ok(MailTls::StartTls),
            "tls" => Ok(MailTls::Tls),
            other => Err(format!("{other:?} is none of none, starttls, tls")),
        });
        let default_port = match tls {
            Some(MailTls::None) => 25,
            Some(MailTls::Tls) => 465,
            _ => 587,
        };
        let port = check.parse_or(raw.port, default_port, |port| in_range(*port, 1, 65535));
        let from = check.need(raw.from, "mail.from");
        let from = check.parse(from, |from| {
            from.parse::<Mailbox>()
                .map_err(|error| format!("{from:?} is not a mail address: {error}"))
        });
        let ca_cert_pem = match raw
            .ca_cert
            .filter(|path| !path.value.as_os_str().is_empty())
        {
            Some(cert) => Some(check.pem(&cert, "it is the authority's certificate")?.1),
            None => None,
        };
        let username = raw.username.map(|name| name.value).unwrap_or_default();
        let password = check.secret(raw.password);
        if username.is_empty() && password.as_ref().is_some_and(|it| !it.value.is_empty()) {
            check.reject_key("mail.username", "is missing, though there is a password");
        }
        Some(Self {
            host: host?,
            port: port?,
            tls: tls?,
            from: from?,
            username,
            password: password.map(|it| it.value).unwrap_or_default(),
            ca_cert_pem,
        })
    }
}
