//! The voters as web sees them: what each said last, and the task that watches it.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, timeout};

use super::chain::Trail;
use super::low_fee::LowFeeTold;
use super::restored::Excess;
use super::sync::RefusedPush;
use super::{Pool, clocks, settings};
use crate::decred::Height;
use crate::rpc::wire::{Agendas, ConfigDigests, Empty, Event, StakeInfo, Status};
use crate::rpc::{Error, Voter};

/// How often a voter is asked when nothing happens.
const POLL: Duration = Duration::from_secs(3);
/// How often one that is away is tried; jittered downwards.
const RETRY_MILLIS: u64 = 1_000;
/// For an answer that needs no long work.
pub(super) const QUICK: Duration = Duration::from_secs(5);
/// The network's numbers are asked again after this many seconds without a block.
const NUMBERS_AGE: i64 = 20;

/// A voter of the configuration.
pub struct Peer {
    name: String,
    /// Its number among the voters.
    place: usize,
    voter: Arc<dyn Voter>,
    /// What its `[pool]` section must be like.
    digests: ConfigDigests,
    view: Mutex<View>,
    wake: Notify,
    /// It was looked at: there may be work.
    seen: Notify,
}

/// What is known of a voter.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    pub connected: bool,
    /// Why it is away or wrong.
    pub problem: Option<Problem>,
    /// The last status, however old.
    pub status: Option<Arc<Status>>,
    pub seen_at: Option<i64>,
    /// By how many seconds its machine's clock is ahead of ours.
    pub clock_ahead: Option<i64>,
    pub stake: Option<(StakeInfo, i64)>,
    pub agendas: Option<Arc<Agendas>>,
    pub differing_keys: Vec<String>,
    /// Digests (ours, its own) after the last complete import.
    pub scripts_taught: Option<(String, String)>,
    /// Our push that it refused.
    pub preferences_refused: Option<RefusedPush>,
    /// Digests (ours, its own) after it took all preferences.
    pub preferences_taught: Option<(String, String)>,
    /// What it knows and the database does not, after a second look.
    pub excess: Option<Excess>,
    /// The same in words, if an operator must know.
    pub ahead: Option<String>,
    /// Where it was lately.
    pub trail: Trail,
    /// The low-fee list that it took.
    pub low_fee_told: Option<LowFeeTold>,
    pub reading: Reading,
}

/// How a voter's tickets are read into the database.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    /// From the start: it was not followed until now.
    pub again: bool,
    /// All of them are being read, from the start.
    pub all: bool,
    /// While they are read: it is right where the one that was followed before said otherwise.
    pub overrules: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub text: String,
    /// It is there but not the right one: time does not heal that.
    pub wrong: bool,
    /// Unix seconds.
    pub since: i64,
}

impl Peer {
    /// `digests` are what the voter's `Status::config` must be.
    pub fn new(name: String, voter: Arc<dyn Voter>, digests: ConfigDigests) -> Self {
        Self {
            name,
            place: 0,
            voter,
            digests,
            view: Mutex::default(),
            wake: Notify::new(),
            seen: Notify::new(),
        }
    }

    /// `HOST:PORT`, as in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its best block when it was last seen.
    pub(super) fn tip(&self) -> Option<Height> {
        let view = self.view();
        let status = view.status.as_ref()?;
        status.best.as_ref().map(|tip| tip.height)
    }

    /// Its number among the voters, from 0.
    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// Gives it its number.
    pub(super) fn at(self, place: usize) -> Self {
        Self { place, ..self }
    }

    pub(super) fn voter(&self) -> &dyn Voter {
        &*self.voter
    }

    pub(super) fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the watcher look at once.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// A call with a limit of our own, whatever the transport's are.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        timeout(limit, call).await.unwrap_or_else(|_| {
            Err(Error::Unavailable {
                voter: self.name.clone(),
                reason: format!("no answer within {} seconds", limit.as_secs()),
            })
        })
    }

    /// The error without the name, which goes before it wherever it is shown.
    fn reason(&self, error: &Error) -> String {
        let text = error.to_string();
        let named = format!("voter {} ", self.name);
        text.strip_prefix(&named).unwrap_or(&text).to_owned()
    }

    fn note_problem(&self, text: String, wrong: bool, now: i64) {
        let mut view = self.view();
        let former = view.problem.as_ref();
        // Why it cannot be reached may change every second.
        if former.is_none_or(|former| former.wrong != wrong) {
            tracing::warn!(voter = self.name, wrong, "voter is away: {text}");
        }
        let since = match &view.problem {
            Some(problem) if problem.wrong == wrong => problem.since,
            _ => now,
        };
        view.connected = false;
        view.low_fee_told = None;
        view.problem = Some(Problem { text, wrong, since });
    }
}

impl View {
    /// Connected to a wallet and a daemon that can do their work.
    pub fn able(&self) -> bool {
        self.connected
            && self.status.as_ref().is_some_and(|status| {
                let wallet = &status.wallet;
                status.dcrd.connected
                    && wallet.connected
                    && wallet.daemon_connected
                    && wallet.unlocked
            })
    }
}

impl Pool {
    /// Watches one voter until the role stops. Only looks at it, so that its state is never older than
    /// a few seconds, whatever else hangs; see `attend`.
    pub(super) async fn watch(&self, peer: &Peer) {
        let mut events = None;
        let mut events_from = Instant::now();
        while !self.tasks.is_stopping() {
            let connected = tokio::select! {
                () = self.tasks.stopping() => return,
                connected = self.look(peer) => connected,
            };
            if !connected {
                events = None;
            } else if events.is_none() && events_from <= Instant::now() {
                events = peer.within(QUICK, peer.voter.events()).await.ok();
                // A stream that ends at once is not asked for in a tight loop.
                events_from = after(Duration::from_millis(RETRY_MILLIS));
            }
            let pause = if connected {
                POLL
            } else {
                Duration::from_millis(rand::random_range(RETRY_MILLIS / 2..=RETRY_MILLIS))
            };
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = peer.wake.notified() => {}
                () = sleep(pause) => {}
                alive = next_event(&mut events) => if !alive { events = None },
            }
        }
    }

    /// Does after each look what it showed to be necessary, until the role stops.
    pub(super) async fn attend(&self, peer: &Peer) {
        loop {
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = peer.seen.notified() => {}
            }
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = self.bring_together(peer) => {}
            }
        }
    }

    /// Teaches a voter what it lacks, learns what it knows.
    pub(super) async fn bring_together(&self, peer: &Peer) {
        self.agree_on_version().await;
        if !peer.view().connected {
            return;
        }
        self.teach(peer).await;
        self.teach_low_fee(peer).await;
        let unread = self.learn_tickets(peer).await;
        self.teach_tickets(peer).await;
        if self.follow(peer).await || unread {
            peer.seen.notify_one();
        }
    }

    /// Asks for status, numbers and agendas. Returns whether the voter is there and the right one.
    pub(super) async fn look(&self, peer: &Peer) -> bool {
        let now = self.clock.unix_seconds();
        let status = match peer.within(QUICK, peer.voter.status(Empty {})).await {
            Ok(status) => status,
            Err(error) => {
                peer.note_problem(peer.reason(&error), is_wrong(&error), now);
                self.looked_at(peer);
                return false;
            }
        };
        if let Some(reason) = self.foreign(&status) {
            peer.note_problem(reason, true, now);
            self.looked_at(peer);
            return false;
        }
        let differing = settings::differing_keys(&peer.digests, &status.config);
        let tip_changed = self.take_status(peer, status, differing, now);
        if tip_changed {
            self.look_at_numbers(peer, now).await;
            self.numbers_due.notify_one();
        }
        self.looked_at(peer);
        true
    }

    fn looked_at(&self, peer: &Peer) {
        self.note_reasons();
        peer.seen.notify_one();
    }

    /// Why this voter is not one of ours.
    pub(super) fn foreign(&self, status: &Status) -> Option<String> {
        let network = self.settings.network.to_string();
        if status.network != network {
            return Some(format!("it is on {}, not on {network}", status.network));
        }
        match status.pool_id {
            Some(id) if id != self.id => Some(format!(
                "it belongs to the pool {id}, this database to {}: is it the wrong database, or an \
                 empty one? Nobody's votes change; `dcrstakepool resume --accept-preferences` gives \
                 the voter to this database",
                self.id
            )),
            _ => None,
        }
    }

    /// The keys in which a voter's configuration differs from ours.
    pub(super) fn differing(peer: &Peer, status: &Status) -> Vec<String> {
        settings::differing_keys(&peer.digests, &status.config)
    }

    /// Keeps a status. Returns whether the numbers are due.
    fn take_status(&self, peer: &Peer, status: Status, differing: Vec<String>, now: i64) -> bool {
        if let Some(tip) = &status.best {
            let mut heights = self.heights.lock().unwrap_or_else(PoisonError::into_inner);
            heights.note(tip.height, now);
        }
        let mut view = peer.view();
        if !view.connected {
            tracing::info!(
                voter = peer.name,
                version = status.version,
                "voter is there"
            );
        }
        if view.differing_keys != differing && !differing.is_empty() {
            tracing::error!(
                voter = peer.name,
                keys = differing.join(", "),
                "voter is configured differently: enrolment is closed"
            );
        }
        let former = view.status.as_ref().and_then(|former| former.best.as_ref());
        let tip_changed = former != status.best.as_ref();
        let old = match &view.stake {
            // From the future: the clock was set back.
            Some((_, at)) => !(0..NUMBERS_AGE).contains(&now.saturating_sub(*at)),
            None => true,
        };
        view.connected = true;
        view.problem = None;
        view.differing_keys = differing;
        view.seen_at = Some(now);
        view.clock_ahead = status
            .clock
            .map(|theirs| clocks::ahead(theirs, now, self.clock.unix_seconds()));
        if let Some(tip) = &status.best {
            view.trail.note(tip);
        }
        view.status = Some(Arc::new(status));
        tip_changed || old
    }

    /// The network's numbers and the agendas; without an answer the former ones stay.
    async fn look_at_numbers(&self, peer: &Peer, now: i64) {
        let (stake, agendas) = futures_util::future::join(
            peer.within(QUICK, peer.voter.stake_info(Empty {})),
            peer.within(QUICK, peer.voter.agendas(Empty {})),
        )
        .await;
        for error in [stake.as_ref().err(), agendas.as_ref().err()]
            .into_iter()
            .flatten()
        {
            tracing::debug!(voter = peer.name, %error, "numbers not refreshed");
        }
        let mut view = peer.view();
        if let Ok(stake) = stake {
            view.stake = Some((stake, now));
        }
        if let Ok(agendas) = agendas
            && view.agendas.as_deref() != Some(&agendas)
        {
            view.agendas = Some(Arc::new(agendas));
        }
    }
}

/// Whether time will not heal it.
pub(super) fn is_wrong(error: &Error) -> bool {
    match error {
        Error::Unavailable { .. } | Error::Garbled { .. } => false,
        Error::WrongCertificate { .. } | Error::Unauthorized { .. } => true,
        Error::Refused { code, .. } => code != crate::rpc::wire::code::UNAVAILABLE,
    }
}

fn after(pause: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(pause).unwrap_or(now)
}

/// Waits for an event that makes a look worth while; swallows those that wait behind it. False when
/// the stream has ended. Without a stream it waits for ever.
async fn next_event(events: &mut Option<mpsc::Receiver<Event>>) -> bool {
    let Some(events) = events else {
        return std::future::pending().await;
    };
    loop {
        match events.recv().await {
            None => return false,
            Some(Event::Vote { .. }) => {}
            Some(_) => break,
        }
    }
    while events.try_recv().is_ok() {}
    true
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({})", self.name)
    }
}
