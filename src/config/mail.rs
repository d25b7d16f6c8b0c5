//! `[mail]`; without it mails go to the log.

use crate::secret::Secret;

/// How mails leave.
#[derive(Debug, Clone)]
pub struct MailConfig {
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    /// An address, or `Name <address>`.
    pub from: String,
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
