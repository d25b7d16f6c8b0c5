//! Mails: what is sent, and how it leaves. Whoever writes a mail hands it over and goes on; delivery
//! never holds up an answer.

mod log;
pub mod texts;

pub use log::{LogMailer, UndeliveredMailer};

/// A mail in plain text.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    /// Holds links that grant access: not for logs, unless the log is where mails go.
    pub body: String,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({:?}, <redacted>)", self.subject)
    }
}

/// Where mails go.
pub trait Mailer: Send + Sync + std::fmt::Debug + 'static {
    /// Takes a mail for delivery; returns at once.
    fn send(&self, mail: Mail);
}
