//! The handle by which the rest of the program calls a daemon.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use rustls::ClientConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use super::error::{Error, Unavailable};
use super::link::{self, Link};
pub use super::notification::Notifications;
use super::supervisor::Supervisor;
use super::written::Written;
use super::{Config, Peer, dial, notification};
use crate::metrics::catalogue;
use crate::shutdown::Tasks;

/// Serialises to `[]`.
pub const NO_PARAMS: [(); 0] = [];

/// Calls of unhurried handles that may be under way at once: dcrd works on 20 calls of a connection
/// at a time, and a vote must always find a free place.
const UNHURRIED_CALLS: usize = 8;

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

/// What a client does beside answering calls.
#[derive(Debug, Clone)]
pub struct Options {
    pub subscriptions: Vec<Subscription>,
    /// Notifications that may wait for their reader.
    pub queue: usize,
    pub timing: Timing,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            subscriptions: Vec::new(),
            queue: 1024,
            timing: Timing::default(),
        }
    }
}

/// Limits of patience with a connection.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// For connecting, TLS and the websocket handshake together; also for each subscription.
    pub connect: Duration,
    /// How often a ping is sent.
    pub ping_every: Duration,
    /// Without a byte from the daemon for so long, the connection is given up.
    pub silence: Duration,
    /// For one write.
    pub write: Duration,
}

impl Timing {
    /// For dcrd, on which the votes depend: one that is silent is given up within five seconds. It answers
    /// pings whatever else it does.
    pub const VOTING: Timing = Timing {
        connect: Duration::from_secs(5),
        ping_every: Duration::from_secs(1),
        silence: Duration::from_secs(4),
        write: Duration::from_secs(5),
    };
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            ping_every: Duration::from_secs(5),
            silence: Duration::from_secs(20),
            write: Duration::from_secs(10),
        }
    }
}

/// A daemon's connection that comes back by itself: cheap to clone, calls are pipelined. It ends with
/// its last handle, or when the role stops.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
    link: watch::Receiver<Option<Arc<Link>>>,
    /// What an unhurried handle must hold to call.
    lane: Option<Arc<Semaphore>>,
    /// The one connection of a pinned handle.
    only: Option<Arc<Link>>,
}

/// For which connection something was found out. Behind another one there may be another daemon: then it
/// must be found out anew.
#[derive(Debug, Clone, Default)]
pub struct ForConnection(Arc<AtomicU64>);

impl ForConnection {
    /// It holds for the connection of this handle, which should be a pinned one.
    pub fn set(&self, client: &Client) {
        self.0
            .store(client.connection().unwrap_or(0), Ordering::SeqCst);
    }

    /// Whether it holds for the connection that this handle uses now.
    pub fn holds(&self, client: &Client) -> bool {
        client.connection() == Some(self.0.load(Ordering::SeqCst))
    }
}

/// What all handles and the supervisor have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) peer: Arc<Peer>,
    next_id: AtomicU64,
    unhurried: Arc<Semaphore>,
    pin: RwLock<Arc<ClientConfig>>,
}

impl Shared {
    /// Never repeats, not even after a reconnect.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn pin(&self) -> Arc<ClientConfig> {
        self.pin
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Client {
    /// Connects and subscribes once, and if that fails the error says why. From then on the
    /// connection comes back by itself, whatever happens.
    pub async fn start(
        config: Config,
        options: Options,
        tasks: &Tasks,
    ) -> Result<(Client, Notifications), Error> {
        let shared = Arc::new(Shared {
            peer: Arc::new(config.peer()),
            next_id: AtomicU64::new(1),
            unhurried: Arc::new(Semaphore::new(UNHURRIED_CALLS)),
            pin: RwLock::new(dial::pin(&config)?),
            config,
        });
        let (announcer, notifications) = notification::queue(options.queue);
        let (supervisor, link) = Supervisor::new(options, shared.clone(), announcer, tasks.clone());
        supervisor.start().await?;
        let client = Client {
            shared,
            link,
            lane: None,
            only: None,
        };
        Ok((client, notifications))
    }

    pub fn peer(&self) -> &Peer {
        &self.shared.peer
    }

    /// Whether calls can be written now.
    pub fn is_connected(&self) -> bool {
        self.current().is_some_and(|link| !link.is_ended())
    }

    fn current(&self) -> Option<Arc<Link>> {
        match &self.only {
            Some(link) => Some(link.clone()),
            None => self.link.borrow().clone(),
        }
    }

    /// The number of the connection there is now; no two have the same.
    pub fn connection(&self) -> Option<u64> {
        self.current().map(|link| link.id)
    }

    /// A handle to the connection there is now and to no later one: its calls fail when that ends. For work
    /// that must not go on with another daemon than it began with.
    pub fn pinned(&self) -> Result<Client, Error> {
        let Some(link) = self.current().filter(|link| !link.is_ended()) else {
            return Err(self.unavailable(Unavailable::NotConnected));
        };
        Ok(Client {
            only: Some(link),
            ..self.clone()
        })
    }

    /// Waits until calls can be written, at most `limit`.
    pub async fn connected(&self, limit: Duration) -> Result<(), Error> {
        let mut link = self.link.clone();
        let up = link.wait_for(|link| link.as_ref().is_some_and(|link| !link.is_ended()));
        match tokio::time::timeout(limit, up).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(self.unavailable(Unavailable::Stopping)),
            Err(_) => Err(self.unavailable(Unavailable::NotConnected)),
        }
    }

    /// A handle whose calls are few at a time, so that those of other handles never wait for them.
    #[must_use]
    pub fn unhurried(&self) -> Client {
        Client {
            lane: Some(self.shared.unhurried.clone()),
            ..self.clone()
        }
    }

    /// Trusts another certificate from the next connect on.
    pub fn replace_pin(&self, cert_pem: &str) -> Result<(), Error> {
        let config = crate::tls::client_config(cert_pem, &[]).map_err(|error| Error::BadPin {
            peer: self.peer().clone(),
            reason: error.to_string(),
        })?;
        *self
            .shared
            .pin
            .write()
            .unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// Calls and waits for the typed answer; `serde_json::Value` gives it as it is. Dropping the
    /// future forgets the call, which the daemon may have got all the same.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: impl Serialize,
        deadline: Duration,
    ) -> Result<T, Error> {
        self.call_noting(method, params, deadline, &Written::default())
            .await
    }

    /// The same; `written` is told when the call has left.
    pub(super) async fn call_noting<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: impl Serialize,
        deadline: Duration,
        written: &Written,
    ) -> Result<T, Error> {
        let _place = self.place().await;
        let Some(link) = self.current() else {
            return Err(self.unavailable(Unavailable::NotConnected));
        };
        let started = Instant::now();
        let id = self.shared.next_id();
        let answer = link.call(id, method, params, deadline, written).await;
        self.count(method, started.elapsed(), answer.as_ref().err());
        answer
    }

    /// The same on a connection of its own, for what comes to megabytes: no notification waits behind it, and the
    /// memory that a connection's buffers grew to goes with the connection. It fails when this handle's connection
    /// ends meanwhile: there may be another daemon then.
    pub(super) async fn call_aside<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: impl Serialize,
        deadline: Duration,
    ) -> Result<T, Error> {
        let _place = self.place().await;
        let Some(link) = self.current() else {
            return Err(self.unavailable(Unavailable::NotConnected));
        };
        let started = Instant::now();
        let answer = tokio::select! {
            biased;
            () = link.ended() => {
                Err(self.unavailable(Unavailable::Disconnected(link.end_reason())))
            }
            answer = self.ask_aside(method, params, deadline) => answer,
        };
        self.count(method, started.elapsed(), answer.as_ref().err());
        answer
    }

    async fn ask_aside<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: impl Serialize,
        deadline: Duration,
    ) -> Result<T, Error> {
        let timing = Timing::default();
        let (config, pin) = (&self.shared.config, self.shared.pin());
        let (socket, meter) = dial::dial(config, pin, timing.connect).await?;
        let (sink, stream) = socket.split();
        let (link, queue) = Link::new(self.shared.next_id(), self.shared.peer.clone());
        // Nothing is announced to who did not subscribe.
        let (announcer, _) = notification::queue(1);
        let reading = link::read(link.clone(), stream, announcer);
        let writing = link::write(link.clone(), sink, queue, meter, timing);
        let asking = async {
            let (id, written) = (self.shared.next_id(), Written::default());
            let answer = link.call(id, method, params, deadline, &written).await;
            link.end("answered");
            answer
        };
        let (answer, (), ()) = tokio::join!(asking, reading, writing);
        answer
    }

    /// What an unhurried handle holds while it calls.
    async fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.lane.as_ref()?.acquire().await.ok()
    }

    fn count(&self, method: &'static str, took: Duration, error: Option<&Error>) {
        let daemon = self.peer().name;
        catalogue::NODE_CALL_SECONDS.record([daemon, method], took);
        if let Some(error) = error {
            catalogue::NODE_ERRORS.increment([daemon, method, error.kind()]);
        }
    }

    pub(super) fn garbled(&self, method: &'static str, reason: &str) -> Error {
        Error::Garbled {
            peer: self.peer().clone(),
            method,
            reason: reason.to_owned(),
        }
    }

    fn unavailable(&self, reason: Unavailable) -> Error {
        Error::Unavailable {
            peer: self.peer().clone(),
            reason,
        }
    }
}
