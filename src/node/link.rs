//! One connection, from dial to end: who waits on it, who writes, who reads.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::Peer;
use super::client::Timing;
use super::error::{Error, Unavailable, tidy};
use super::frame::{self, Incoming, Refusal};
use super::metered::Meter;
use super::notification::{self, Announcer};
use super::pending::Pending;
use super::written::Written;

/// Frames that may wait for the writer; a caller waits for room, within its deadline.
const WRITE_QUEUE: usize = 1024;
/// Frames that go out with one flush.
const WRITE_BATCH: usize = 64;

const CLOSED: &str = "closed by the daemon";

type Answer = Result<Utf8Bytes, Refusal>;
type Waiter = oneshot::Sender<Answer>;

/// A call on its way to the socket.
#[derive(Debug)]
pub(super) struct Frame {
    text: String,
    written: Written,
}

/// A live (or ended) connection. Ids never repeat between links of a client, and each link has its
/// own table: an answer can only reach a call that was written to the same connection.
#[derive(Debug)]
pub(super) struct Link {
    /// No two links of a client have the same.
    pub(super) id: u64,
    peer: Arc<Peer>,
    frames: mpsc::Sender<Frame>,
    pending: Mutex<Pending<Waiter>>,
    ended: CancellationToken,
    reason: OnceLock<String>,
}

/// Removes a call's entry, however the caller leaves.
struct Entry<'a> {
    link: &'a Link,
    id: u64,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.link.pending().take(self.id);
    }
}

impl Link {
    pub(super) fn new(id: u64, peer: Arc<Peer>) -> (Arc<Self>, mpsc::Receiver<Frame>) {
        let (frames, queue) = mpsc::channel(WRITE_QUEUE);
        let link = Self {
            id,
            peer,
            frames,
            pending: Mutex::new(Pending::new()),
            ended: CancellationToken::new(),
            reason: OnceLock::new(),
        };
        (Arc::new(link), queue)
    }

    /// Writes a call and waits for its answer, at most `deadline` for both together; `written` is told between.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        id: u64,
        method: &'static str,
        params: impl Serialize,
        deadline: Duration,
        written: &Written,
    ) -> Result<T, Error> {
        let request = frame::request(id, method, params)
            .map_err(|error| self.garbled(method, &error.to_string()))?;
        let answer = timeout(deadline, self.exchange(id, request, written.clone()))
            .await
            .map_err(|_| self.unavailable(Unavailable::TimedOut(deadline)))?;
        match answer {
            None => Err(self.unavailable(Unavailable::Disconnected(self.end_reason()))),
            Some(Err(Refusal { code, message })) => Err(Error::Rpc {
                peer: self.peer.as_ref().clone(),
                method,
                code,
                message,
            }),
            // The position is worth saying; the text may hold a secret.
            Some(Ok(text)) => frame::result(&text).map_err(|error| {
                self.garbled(
                    method,
                    &format!("{:?} error at column {}", error.classify(), error.column()),
                )
            }),
        }
    }

    /// `None` when the connection ended first.
    async fn exchange(&self, id: u64, text: String, written: Written) -> Option<Answer> {
        let (waiter, answer) = oneshot::channel();
        let inserted = self.pending().insert(id, waiter);
        inserted.ok()?;
        let _entry = Entry { link: self, id };
        self.frames.send(Frame { text, written }).await.ok()?;
        answer.await.ok()
    }

    /// Ends the connection: all who wait learn it at once, nobody new may wait. The first reason counts.
    pub(super) fn end(&self, reason: &str) {
        let _ = self.reason.set(tidy(reason));
        let waiters = self.pending().close();
        self.ended.cancel();
        // Dropped outside the lock: waking a caller may run its `Entry`.
        drop(waiters);
    }

    /// Resolves with the end of the connection.
    pub(super) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    pub(super) fn end_reason(&self) -> String {
        self.reason.get().cloned().unwrap_or_default()
    }

    /// Whether no call waits for its answer.
    pub(super) fn is_idle(&self) -> bool {
        self.pending().is_empty()
    }

    fn pending(&self) -> MutexGuard<'_, Pending<Waiter>> {
        // No code that can panic runs under this lock.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unavailable(&self, reason: Unavailable) -> Error {
        Error::Unavailable {
            peer: self.peer.as_ref().clone(),
            reason,
        }
    }

    fn garbled(&self, method: &'static str, reason: &str) -> Error {
        Error::Garbled {
            peer: self.peer.as_ref().clone(),
            method,
            reason: tidy(reason),
        }
    }
}

/// Reads until the connection ends; never waits for anybody but the socket.
pub(super) async fn read<S>(link: Arc<Link>, mut stream: S, announcer: Announcer)
where
    S: Stream<Item = Result<Message, tungstenite::Error>> + Unpin,
{
    loop {
        let message = tokio::select! {
            // First: an ended connection must not speak any more.
            biased;
            () = link.ended() => return,
            message = stream.next() => message,
        };
        let received = Instant::now();
        let outcome = match message {
            Some(Ok(Message::Text(text))) => dispatch(&link, &announcer, text, received),
            Some(Ok(Message::Binary(_))) => Err("a binary message".to_owned()),
            Some(Ok(Message::Close(_))) | None => Err(CLOSED.to_owned()),
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(describe(&error)),
        };
        if let Err(reason) = outcome {
            link.end(&reason);
            return;
        }
    }
}

/// The error is a reason to end the connection: after garbage nothing later can be trusted to be whole.
fn dispatch(
    link: &Link,
    announcer: &Announcer,
    text: Utf8Bytes,
    received: Instant,
) -> Result<(), String> {
    let incoming = frame::classify(&text).map_err(|error| {
        format!(
            "garbage ({:?} error) of {} bytes",
            error.classify(),
            text.len()
        )
    })?;
    match incoming {
        Incoming::Answer { id, refusal } => {
            let waiter = link.pending().take(id);
            if let Some(waiter) = waiter {
                // A caller that has left is no concern of ours.
                drop(waiter.send(refusal.map_or(Ok(text), Err)));
            } else {
                tracing::debug!(rpc.id = id, "answer to nobody: late, double or unknown");
            }
        }
        Incoming::Notification { method } => {
            let notification = notification::decode(&method, &text, received)
                .map_err(|error| format!("garbage in {}: {}", tidy(&method), tidy(&error)))?;
            if let Some(notification) = notification {
                announcer.announce(notification);
            }
        }
        Incoming::Stray => tracing::debug!("message that answers nothing"),
    }
    Ok(())
}

/// Writes calls as they come, and pings a silent peer until it answers or is given up.
pub(super) async fn write<S>(
    link: Arc<Link>,
    mut sink: S,
    mut queue: mpsc::Receiver<Frame>,
    meter: Meter,
    timing: Timing,
) where
    S: Sink<Message, Error = tungstenite::Error> + Unpin,
{
    let mut pulse = interval(timing.ping_every);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = meter.received();
    // Counted in pulses, not by the clock: after a pause of our own the daemon gets its time all the same.
    let mut quiet = Duration::ZERO;
    loop {
        let writing = tokio::select! {
            () = link.ended() => break,
            frame = queue.recv() => match frame {
                Some(frame) => timeout(timing.write, write_batch(&mut sink, frame, &mut queue)).await,
                None => break,
            },
            _ = pulse.tick() => {
                let before = std::mem::replace(&mut heard, meter.received());
                quiet = if heard == before { quiet + timing.ping_every } else { Duration::ZERO };
                if quiet > timing.silence {
                    link.end("the daemon is silent");
                    break;
                }
                timeout(timing.write, sink.send(Message::Ping(tungstenite::Bytes::new()))).await
            }
        };
        match writing {
            Ok(Ok(())) => {}
            Ok(Err(error)) => link.end(&describe(&error)),
            Err(_) => link.end("the daemon does not read"),
        }
    }
    // A farewell is polite, not needed.
    let _ = timeout(Duration::from_millis(200), sink.close()).await;
}

/// The end of a connection in few words.
fn describe(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            CLOSED.to_owned()
        }
        tungstenite::Error::ConnectionClosed
        | tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            CLOSED.to_owned()
        }
        error => error.to_string(),
    }
}

async fn write_batch<S>(
    sink: &mut S,
    first: Frame,
    queue: &mut mpsc::Receiver<Frame>,
) -> Result<(), tungstenite::Error>
where
    S: Sink<Message, Error = tungstenite::Error> + Unpin,
{
    let mut batch = vec![first.written];
    sink.feed(Message::text(first.text)).await?;
    while batch.len() < WRITE_BATCH
        && let Ok(frame) = queue.try_recv()
    {
        batch.push(frame.written);
        sink.feed(Message::text(frame.text)).await?;
    }
    sink.flush().await?;
    batch.iter().for_each(Written::is_now);
    Ok(())
}
