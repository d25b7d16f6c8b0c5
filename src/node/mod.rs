//! JSON-RPC over websocket to a dcrd and a dcrwallet.
//!
//! Owns connections: dialling with a pinned certificate, matching answers to calls by id, deadlines,
//! reconnecting, subscribing again, and the typed form of what the daemons say. Never decides
//! anything about tickets, and never logs a frame. A call ends by an answer, by its deadline, or by
//! the end of the connection it was written to, whichever is first; a new connection knows nothing
//! of the calls of an older one.

pub mod backoff;
pub mod check;
pub mod client;
pub mod dcrd;
pub mod dcrwallet;
pub mod error;
pub mod header;
pub mod notification;
pub mod send;
pub mod sign;

mod decode;
mod dial;
mod frame;
mod link;
mod metered;
mod pending;
#[doc(hidden)]
pub mod reading;
#[cfg(test)]
mod recorded;
mod supervisor;
mod written;

pub use client::{Client, Options};
pub use dcrd::Dcrd;
pub use dcrwallet::Dcrwallet;
pub use error::{Error, Fault, Unavailable};
pub use header::BlockHeader;
pub use notification::{Notification, Notifications};
pub use send::SendOutcome;
pub use written::Written;

use std::fmt;
use std::sync::Arc;

use crate::secret::Secret;

/// Where a daemon is and how it knows us.
#[derive(Debug, Clone)]
pub struct Config {
    /// `dcrd` or `dcrwallet`: how messages name it.
    pub name: &'static str,
    /// `HOST:PORT`; an IPv6 address in brackets.
    pub host: String,
    pub user: String,
    pub password: Secret,
    /// The one certificate that is trusted, in PEM.
    pub cert_pem: String,
}

/// Names a daemon in errors and logs: `dcrd at 127.0.0.1:9109`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    pub name: &'static str,
    pub host: Arc<str>,
}

impl Config {
    pub fn peer(&self) -> Peer {
        Peer {
            name: self.name,
            host: self.host.as_str().into(),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.host)
    }
}
