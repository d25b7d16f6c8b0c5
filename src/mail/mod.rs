//! Mails: what is sent, and how it leaves. Whoever writes a mail hands it over and goes on; delivery
//! never holds up an answer.

mod letter;
mod log;
mod smtp;
pub mod texts;

use std::sync::Arc;

use async_trait::async_trait;

pub use log::LogMailer;
pub use smtp::{Smtp, UnusableMailConfig};

/// A mail, the same in plain text and in HTML.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    /// Holds links that grant access: not for logs, unless the log is where mails go.
    pub body: String,
    pub html: String,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({:?}, <redacted>)", self.subject)
    }
}

/// Where mails go that need no delivery.
pub trait Mailer: Send + Sync + std::fmt::Debug + 'static {
    /// Takes a mail; returns at once.
    fn send(&self, mail: Mail);
}

/// A mail from the queue.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The same at each try, so that a reader's program can tell a mail that came twice.
    pub id: String,
    pub mail: Mail,
    /// When it was caused, unix seconds.
    pub created: i64,
}

/// Why a mail did not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// This mail will never be taken.
    #[error("refused: {0}")]
    Refused(String),
    /// Another try may help.
    #[error("{0}")]
    Later(String),
}

/// What brings mails from the queue to a mail server.
#[async_trait]
pub trait Carrier: Send + Sync + std::fmt::Debug + 'static {
    /// Ends within its own deadline.
    async fn carry(&self, parcel: &Parcel) -> Result<(), DeliveryError>;
}

/// How mails leave.
#[derive(Debug, Clone)]
pub enum Delivery {
    AtOnce(Arc<dyn Mailer>),
    /// Through the queue in the database.
    Queued(Arc<dyn Carrier>),
}
