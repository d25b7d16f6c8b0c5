//! Keeps a client connected: dials, checks who answers, subscribes, and begins anew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use tokio::sync::{oneshot, watch};
use tokio::time::sleep;
use tracing::Instrument as _;

use super::backoff::Backoff;
use super::client::{NO_PARAMS, Options, Shared};
use super::dcrd::Versions;
use super::error::{Error, Unavailable};
use super::link::{self, Link};
use super::notification::{Announcer, Notification};
use super::written::Written;
use super::{Config, dial};
use crate::metrics::catalogue;
use crate::shutdown::Tasks;

/// A connection that lasted so long was a good one: the next attempt comes soon.
const STEADY: Duration = Duration::from_secs(10);
/// How long calls in flight may go on after the role is told to stop.
const FAREWELL: Duration = Duration::from_secs(4);
/// Nobody must have called for so many looks, so far apart, before the connection is closed then. A vote
/// may wait for half a second between two calls.
const QUIET_LOOKS: u32 = 4;
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The task behind a client.
pub(super) struct Supervisor {
    options: Options,
    shared: Arc<Shared>,
    announcer: Announcer,
    tasks: Tasks,
    current: watch::Sender<Option<Arc<Link>>>,
    backoff: Backoff,
    generation: u64,
}

impl Supervisor {
    pub(super) fn new(
        options: Options,
        shared: Arc<Shared>,
        announcer: Announcer,
        tasks: Tasks,
    ) -> (Self, watch::Receiver<Option<Arc<Link>>>) {
        let (current, link) = watch::channel(None);
        let supervisor = Self {
            options,
            shared,
            announcer,
            tasks,
            current,
            backoff: Backoff::reconnect(),
            generation: 0,
        };
        (supervisor, link)
    }

    /// The first connection, whose failure is the caller's; the rest goes on behind. It is made by the task
    /// that keeps it: a socket belongs to the runtime on which it was opened.
    pub(super) async fn start(self) -> Result<(), Error> {
        let (told, outcome) = oneshot::channel();
        let (tasks, shared) = (self.tasks.clone(), self.shared.clone());
        let span = tracing::info_span!("node", daemon = self.shared.config.name);
        tasks.spawn("node", self.run(told).instrument(span));
        outcome.await.unwrap_or_else(|_| {
            Err(Error::Unavailable {
                peer: shared.peer.as_ref().clone(),
                reason: Unavailable::Stopping,
            })
        })
    }

    async fn run(mut self, mut told: oneshot::Sender<Result<(), Error>>) {
        let first = tokio::select! {
            first = self.connect() => first,
            // The caller has given up.
            () = told.closed() => return,
        };
        match first {
            Ok(link) => {
                if told.send(Ok(())).is_ok() {
                    self.keep(link).await;
                } else {
                    link.end("no longer needed");
                }
            }
            Err(error) => drop(told.send(Err(error))),
        }
    }

    /// Holds a connection at all times, until all handles are gone or the role stops.
    async fn keep(mut self, mut link: Arc<Link>) {
        loop {
            let since = Instant::now();
            tokio::select! {
                () = link.ended() => {}
                () = self.current.closed() => return link.end("no longer needed"),
                () = self.tasks.stopping() => return self.farewell(&link).await,
            }
            self.current.send_replace(None);
            self.lost(&link);
            if since.elapsed() >= STEADY {
                self.backoff.reset();
            }
            let tasks = self.tasks.clone();
            let handles = self.current.clone();
            link = tokio::select! {
                link = self.reconnect() => link,
                () = handles.closed() => return,
                () = tasks.stopping() => return,
            };
        }
    }

    /// Tries until it succeeds. Says each new reason once, not once a second.
    async fn reconnect(&mut self) -> Arc<Link> {
        let mut said = String::new();
        loop {
            sleep(self.backoff.next_delay(rand::random())).await;
            match self.connect().await {
                Ok(link) => return link,
                Err(error) => {
                    let text = error.to_string();
                    if text == said {
                        tracing::debug!(error = %text, "still not connected");
                    } else {
                        tracing::warn!(error = %text, "cannot connect; trying on");
                        said = text;
                    }
                }
            }
        }
    }

    /// One attempt: dial, see that the right daemon answers, let callers in, subscribe.
    async fn connect(&mut self) -> Result<Arc<Link>, Error> {
        let timing = self.options.timing;
        let (socket, meter) =
            dial::dial(&self.shared.config, self.shared.pin(), timing.connect).await?;
        let (sink, stream) = socket.split();
        let (link, queue) = Link::new(self.shared.next_id(), self.shared.peer.clone());
        let reading = link::read(link.clone(), stream, self.announcer.clone());
        let writing = link::write(link.clone(), sink, queue, meter, timing);
        self.tasks.spawn("node reader", reading);
        self.tasks.spawn("node writer", writing);
        let attempt = Attempt { link, kept: false };
        let welcomed = self.welcome(&attempt.link).await;
        if let Err(error) = welcomed {
            self.current.send_replace(None);
            return Err(error);
        }
        Ok(attempt.keep())
    }

    async fn welcome(&mut self, link: &Arc<Link>) -> Result<(), Error> {
        let limit = self.options.timing.connect;
        let unnoted = Written::default();
        let versions: Versions = link
            .call(self.shared.next_id(), "version", NO_PARAMS, limit, &unnoted)
            .await?;
        right_daemon(&self.shared.config, &versions)?;
        // Before the subscriptions: a vote on the first winners must find the connection.
        self.current.send_replace(Some(link.clone()));
        for subscription in &self.options.subscriptions {
            let id = self.shared.next_id();
            let params = &subscription.params;
            let (): () = link
                .call(id, subscription.method, params, limit, &unnoted)
                .await?;
        }
        self.generation += 1;
        catalogue::NODE_CONNECTIONS.increment([self.shared.config.name]);
        tracing::info!(node.generation = self.generation, "connected");
        self.announcer.announce(Notification::Connected {
            generation: self.generation,
        });
        Ok(())
    }

    fn lost(&self, link: &Link) {
        catalogue::NODE_DISCONNECTIONS.increment([self.shared.config.name]);
        let reason = link.end_reason();
        tracing::warn!(reason, "connection lost");
        self.announcer.announce(Notification::Disconnected {
            generation: self.generation,
            reason,
        });
    }

    /// Lets calls in flight (votes, above all) finish, then closes.
    async fn farewell(&self, link: &Link) {
        let end = Instant::now() + FAREWELL;
        let mut quiet = 0;
        while quiet < QUIET_LOOKS && Instant::now() < end && !link.is_ended() {
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                () = self.current.closed() => break,
            }
            quiet = if link.is_idle() { quiet + 1 } else { 0 };
        }
        link.end("stopping");
    }
}

/// Ends its connection, and so the tasks of it, unless it is kept: by an error, or by being dropped.
struct Attempt {
    link: Arc<Link>,
    kept: bool,
}

impl Attempt {
    fn keep(mut self) -> Arc<Link> {
        self.kept = true;
        self.link.clone()
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.kept {
            self.link.end("given up");
        }
    }
}

/// dcrwallet answers dcrd's components too, so the wallet's own decides.
fn right_daemon(config: &Config, versions: &Versions) -> Result<(), Error> {
    let is_wallet = versions.get("dcrwalletjsonrpcapi").is_some();
    let is_dcrd = !is_wallet && versions.get("dcrdjsonrpcapi").is_some();
    let right = match config.name {
        "dcrwallet" => is_wallet,
        "dcrd" => is_dcrd,
        _ => true,
    };
    let what = match (is_wallet, is_dcrd) {
        (true, _) => "it is a dcrwallet",
        (_, true) => "it is a dcrd",
        _ => "it names no component that we know",
    };
    if right {
        return Ok(());
    }
    Err(Error::WrongDaemon {
        peer: config.peer(),
        expected: config.name,
        reason: what.to_owned(),
    })
}
