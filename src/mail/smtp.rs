//! To a mail server by SMTP, one connection a mail.

use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::{Address, Message};
use tokio::time::timeout;

use super::{Carrier, DeliveryError, Parcel};
use crate::config::{MailConfig, MailTls};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(20);
/// How long all may take that comes before the text of a mail.
const GREETINGS: Duration = Duration::from_mins(1);
/// How long the text and its answer may take: servers look into mails before they take them, and a mail that
/// is taken after this comes twice.
const TEXT: Duration = Duration::from_mins(5);
/// How long a mail server has to part.
const PARTING: Duration = Duration::from_secs(2);
/// How long a mail server may take to show that it is there.
const PROBE: Duration = Duration::from_secs(20);

/// `[mail]` cannot be used as it is.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct UnusableMailConfig {
    key: &'static str,
    reason: String,
}

/// The mail server of `[mail]`.
pub struct Smtp {
    config: MailConfig,
    hello: ClientId,
    /// `None`: plain text all the way.
    tls: Option<TlsParameters>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Smtp({:?})", self.config)
    }
}

impl Smtp {
    /// Reads the system's certificate authorities, where TLS is used.
    pub fn new(config: MailConfig) -> Result<Self, UnusableMailConfig> {
        let tls = match config.tls {
            MailTls::None => None,
            MailTls::StartTls | MailTls::Tls => Some(parameters(&config)?),
        };
        Ok(Self {
            tls,
            hello: ClientId::default(),
            config,
        })
    }

    fn message(&self, parcel: &Parcel) -> Result<(Address, Message), DeliveryError> {
        let refused = |error: &dyn std::fmt::Display| DeliveryError::Refused(error.to_string());
        let mail = &parcel.mail;
        let to: Address = mail.to.parse().map_err(|error| refused(&error))?;
        let created = Duration::from_secs(parcel.created.max(0).unsigned_abs());
        let message = Message::builder()
            .from(self.config.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(mail.subject.clone())
            .date(UNIX_EPOCH + created)
            .message_id(Some(format!(
                "<{}@{}>",
                parcel.id,
                self.config.from.email.domain()
            )))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .multipart(MultiPart::alternative_plain_html(
                mail.body.clone(),
                mail.html.clone(),
            ))
            .map_err(|error| refused(&error))?;
        Ok((to, message))
    }

    /// Encrypted and signed in, as configured.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let server = (self.config.host.as_str(), self.config.port);
        let at_once = self.tls.clone().filter(|_| self.config.tls == MailTls::Tls);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &self.hello, at_once, None)
                .await?;
        if let (MailTls::StartTls, Some(tls)) = (self.config.tls, &self.tls) {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if !self.config.username.is_empty() {
            let username = self.config.username.clone();
            let password = self.config.password.expose().to_owned();
            let credentials = Credentials::new(username, password);
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }

    /// Up to where the mail server asks for the text.
    async fn announce(&self, to: Address) -> Result<AsyncSmtpConnection, DeliveryError> {
        let mut connection = self.connect().await.map_err(|error| later(&error))?;
        let from = self.config.from.email.clone();
        let international = ![&from, &to]
            .map(AsRef::<str>::as_ref)
            .into_iter()
            .all(str::is_ascii);
        let utf8 = Extension::SmtpUtfEight;
        if international && !connection.server_info().supports_feature(utf8) {
            let reason = "the mail server takes no addresses beyond ASCII";
            return Err(DeliveryError::Refused(reason.to_owned()));
        }
        let options = international.then_some(MailParameter::SmtpUtfEight);
        let mail_from = MailFrom::new(Some(from), options.into_iter().collect());
        let sent = connection.command(mail_from).await;
        sent.map_err(|error| later(&error))?;
        // From here on a refusal is of this mail; before, of whoever sends mails.
        let rcpt = connection.command(Rcpt::new(to, Vec::new())).await;
        rcpt.map_err(|error| refused_or_later(&error))?;
        let data = connection.command(Data).await;
        data.map_err(|error| later(&error))?;
        Ok(connection)
    }

    async fn transmit(&self, to: Address, message: &Message) -> Result<(), DeliveryError> {
        let mut connection = within(GREETINGS, self.announce(to)).await?;
        let text = message.formatted();
        let taken = async {
            let answer = connection.message(&text).await;
            answer.map(drop).map_err(|error| refused_or_later(&error))
        };
        within(TEXT, taken).await?;
        // Taken: whatever happens now changes nothing.
        let _ = timeout(PARTING, connection.quit()).await;
        Ok(())
    }

    /// Whether the mail server answers, encrypted and with the login as configured. Sends nothing.
    pub async fn probe(&self) -> Result<(), DeliveryError> {
        let connecting = async { self.connect().await.map_err(|error| later(&error)) };
        let mut connection = within(PROBE, connecting).await?;
        let _ = timeout(PARTING, connection.quit()).await;
        Ok(())
    }
}

#[async_trait]
impl Carrier for Smtp {
    async fn carry(&self, parcel: &Parcel) -> Result<(), DeliveryError> {
        let (to, message) = self.message(parcel)?;
        self.transmit(to, &message).await
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, DeliveryError>>,
) -> Result<T, DeliveryError> {
    match timeout(limit, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(DeliveryError::Later("the mail server is too slow".into())),
    }
}

fn parameters(config: &MailConfig) -> Result<TlsParameters, UnusableMailConfig> {
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(pem) = &config.ca_cert_pem {
        let authority = Certificate::from_pem(pem.as_bytes());
        builder = builder.add_root_certificate(authority.map_err(unusable("mail.ca_cert"))?);
    }
    builder.build().map_err(unusable("mail.host"))
}

fn unusable<E: std::fmt::Display>(key: &'static str) -> impl FnOnce(E) -> UnusableMailConfig {
    move |error| UnusableMailConfig {
        key,
        reason: error.to_string(),
    }
}

fn later(error: &Error) -> DeliveryError {
    DeliveryError::Later(with_causes(error))
}

/// 5yz is for good (RFC 5321), anything else may pass; 530 asks for a login, which the operator can set.
fn refused_or_later(error: &Error) -> DeliveryError {
    let login = error.status().map(u16::from) == Some(530);
    if error.is_permanent() && !login {
        DeliveryError::Refused(with_causes(error))
    } else {
        later(error)
    }
}

/// The library's own text leaves out why.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Mail;
    use crate::secret::Secret;

    fn smtp(from: &str) -> Smtp {
        Smtp::new(MailConfig {
            host: "127.0.0.1".into(),
            port: 25,
            tls: MailTls::None,
            from: from.parse().unwrap(),
            username: String::new(),
            password: Secret::default(),
            ca_cert_pem: None,
        })
        .unwrap()
    }

    fn parcel(to: &str, subject: &str) -> Parcel {
        Parcel {
            id: "00ff".into(),
            created: 1_700_000_000,
            mail: Mail {
                to: to.into(),
                subject: subject.into(),
                body: "text\n.\nmore ä\n".into(),
                html: "<p>text</p>".into(),
            },
        }
    }

    #[test]
    fn headers_are_what_they_are_meant_to_be() {
        let smtp = smtp("Pool <pool@example.com>");
        let subject = "Pool\r\nBcc: evil@example.com\r\n\r\nbody";
        let (_, message) = smtp.message(&parcel("kim@example.com", subject)).unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        for line in [
            "From: Pool <pool@example.com>",
            "To: kim@example.com",
            "Message-ID: <00ff@example.com>",
            "Date: Tue, 14 Nov 2023 22:13:20 +0000",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(head.lines().any(|it| it == line), "{line} in {head}");
        }
        assert!(text.contains("text/plain") && text.contains("text/html"));
    }

    #[test]
    fn an_address_that_is_none_is_refused_for_good() {
        let smtp = smtp("pool@example.com");
        for bad in ["", "kim", "a@b\r\nRCPT TO:<x@y>"] {
            let error = smtp.message(&parcel(bad, "s")).unwrap_err();
            assert!(matches!(error, DeliveryError::Refused(_)), "{bad:?}");
        }
    }
}
