//! What the product does, without HTML and without SQL: accounts, enrolment, preferences, the
//! watching of voters, and the numbers that pages show.
//!
//! Invariant: what was accepted is in the database before a method returns; no method that a page
//! calls waits for a wallet, but `enrol`, which must.

mod accounts;
mod alarms;
mod alerts;
mod chain;
pub mod clocks;
mod closing;
mod confirm;
mod database;
mod derivation;
mod door;
mod email_change;
mod enrolment;
mod error;
mod follow;
mod former;
mod gauges;
mod halt;
mod hashing;
mod held;
pub mod hints;
mod inspect;
mod invalid_tickets;
mod jwt;
mod known_tickets;
mod lease;
mod limits;
mod links;
mod log;
mod low_fee;
mod news;
mod password_reset;
mod passwords;
mod post;
mod preferences;
mod prospects;
pub(crate) mod random;
mod recent;
mod restored;
mod samples;
mod second_factor;
mod sessions;
mod settings;
mod start;
mod statistics;
mod sync;
mod teach_tickets;
mod tickets;
mod tokens;
mod totals;
mod types;
mod upkeep;
mod users;
mod vote_times;
mod voters;

pub mod keys;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::db::{self, Sample, Store};
use crate::decred::{Height, VoteVersion};
use crate::domain::{PoolId, UserId};
use crate::mail::Delivery;
use crate::rpc::wire::Agendas;
use crate::secret::Secret;
use crate::shutdown::Tasks;

use alarms::Reasons;
use chain::Heights;
use database::DatabaseState;
use derivation::Derivation;
use door::Door;
use enrolment::Lanes;
use known_tickets::KnownTickets;
use lease::Lease;
use limits::Clients;
use low_fee::LowFeeList;
use passwords::Hasher;
use post::Post;
use recent::{FRESH, Moment, Recent};
use sync::TableKeeper;
use totals::Totals;
use upkeep::Upkeep;

pub use upkeep::BACKUP_HOURS;

pub use crate::db::{
    AuditEntry, AuditLine, MailCounts, TicketFilter, TicketKind, TicketPlace, WaitingSignUp,
};
pub use alerts::{Alerting, Hook, HookWord, Word};
pub use door::{AdminSign, MAX_SIGN_TEXT};
pub use error::{
    ChangeEmailError, ChangePasswordError, ConfirmEmailError, EnrolError, Error, NotNow,
    PasswordProblem, ProofError, ResetPasswordError, SecondSignInError, SignInError, SignUpError,
    TokenError, TurnOnError, VotingError,
};
pub use former::{FormerKeys, TakeOver, TakeOverError};
pub use halt::Recheck;
pub use inspect::TokenCounts;
pub use invalid_tickets::{
    AddInvalidError, AddInvalidReport, InvalidTicket, InvalidTickets, TicketResult, VoterAnswer,
    VoterResult,
};
pub use limits::{LimitError, Limited, Limits};
pub use log::{LOG_PER_PAGE, LogPage};
pub use low_fee::{LOW_FEE_PER_PAGE, LowFeeAnswer, LowFeeEntry, LowFeeLife, LowFeePage};
pub use prospects::{Group, Month, Prospects, TicketOverview};
pub use recent::AsOf;
pub use samples::{Day, History, LATENCY_CLASSES, Latencies, Point};
pub use second_factor::{Offer, SecondFactorState};
pub use settings::{DoorSign, Settings};
pub use start::{Fault, VotersAtStart};
pub use tokens::TokenIssuer;
pub use types::{
    Enrolled, Halt, Health, OwnerProof, PurchaseInfo, SessionEntry, SignIn, Stats, StatusReport,
    TicketPage, TicketStory, User, VoterReport,
};
pub use users::{Found, Operator, Person, USERS_PER_PAGE, UserAction, UserAnswer, UserPage};
pub use voters::Peer;

/// Tickets on one page: what a phone on a slow line has at once.
pub const TICKETS_PER_PAGE: u32 = 50;

/// What a pool is made of.
#[derive(Debug)]
pub struct Parts {
    pub settings: Settings,
    pub store: Store,
    pub pool_id: PoolId,
    pub peers: Vec<Peer>,
    pub delivery: Delivery,
    pub alerting: Alerting,
    pub clock: Clock,
    pub tasks: Tasks,
}

/// The pool. Shared by all request handlers and background tasks.
#[derive(Debug)]
pub struct Pool {
    settings: Settings,
    door: RwLock<Door>,
    /// Held while what an admin said is written or read.
    door_turn: tokio::sync::Mutex<()>,
    store: Store,
    id: PoolId,
    peers: Vec<Arc<Peer>>,
    post: Post,
    alerting: Alerting,
    clock: Clock,
    tasks: Tasks,
    hasher: Hasher,
    clients: Clients,
    derivation: Derivation,
    enrolling: Lanes,
    heights: Mutex<Heights>,
    reasons: Mutex<Reasons>,
    upkeep: Mutex<Upkeep>,
    known_tickets: Mutex<KnownTickets>,
    database: Mutex<DatabaseState>,
    lease: Lease,
    /// Who was signed in by which session, and when that was last used, unix seconds.
    recent_sessions: Recent<String, (Arc<User>, i64)>,
    /// Whose API token was which.
    recent_tokens: Recent<UserId, (Arc<User>, Secret)>,
    recent_overviews: Recent<UserId, Arc<prospects::Reading>>,
    tables: tokio::sync::Mutex<TableKeeper>,
    low_fee: tokio::sync::Mutex<Option<Arc<LowFeeList>>>,
    shown: Mutex<Shown>,
    /// The numbers that pages show; `None` while none ever came.
    stats: watch::Sender<Option<Arc<Stats>>>,
    /// Wakes the task that refreshes the numbers.
    numbers_due: Notify,
}

/// What pages show without asking anyone.
#[derive(Debug, Default)]
struct Shown {
    /// What voters did that was last written down, and at which block.
    noted_votes: Option<(Height, Vec<db::VoteTime>)>,
    /// There are as many users as there may be.
    full: bool,
    /// As they were last counted.
    totals: Option<Totals>,
    agendas: Option<Arc<Agendas>>,
    /// What was last written to `Samples`.
    sampled: Option<Sample>,
    /// The past, and when it was prepared, unix seconds.
    history: Option<(Arc<History>, i64)>,
    /// The highest vote version that all reachable voters ever agreed on.
    agreed: Option<VoteVersion>,
    /// The vote version to which this process moved everyone's preferences.
    moved_to: Option<VoteVersion>,
    /// Those of the agendas above for which stored bits were looked at.
    checked: Option<Arc<Agendas>>,
    /// Whose tickets are followed.
    leader: Option<String>,
    /// Since when it is on a branch with less work, unix seconds.
    leader_behind_since: Option<i64>,
    /// The block up to which all tickets were read.
    tickets_read: Option<Height>,
}

impl Pool {
    /// Fails when the extended public keys are not good.
    pub fn new(parts: Parts) -> Result<Self, Error> {
        let derivation = Derivation::new(&parts.settings)?;
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Ok(Self {
            derivation,
            hasher: Hasher::new(passwords::threads(cores))?,
            clients: Clients::default(),
            door: RwLock::new(Door::of(parts.settings.sign.clone())),
            door_turn: tokio::sync::Mutex::default(),
            settings: parts.settings,
            store: parts.store,
            id: parts.pool_id,
            peers: numbered(parts.peers),
            post: Post::new(parts.delivery),
            alerting: parts.alerting,
            clock: parts.clock,
            tasks: parts.tasks,
            heights: Mutex::default(),
            reasons: Mutex::default(),
            upkeep: Mutex::default(),
            known_tickets: Mutex::default(),
            database: Mutex::default(),
            lease: Lease::new(),
            recent_sessions: Recent::new(FRESH),
            recent_tokens: Recent::new(FRESH),
            recent_overviews: Recent::new(prospects::FRESH),
            enrolling: Lanes::default(),
            tables: tokio::sync::Mutex::default(),
            low_fee: tokio::sync::Mutex::default(),
            shown: Mutex::default(),
            stats: watch::Sender::default(),
            numbers_due: Notify::new(),
        })
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Resolves when the role is asked to stop.
    pub async fn stopping(&self) {
        self.tasks.stopping().await;
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> bool {
        self.store.ping().await.is_ok()
    }

    /// A key of its own for one purpose, derived from `web.api_secret`.
    pub fn derived_key(&self, purpose: keys::Purpose) -> [u8; 32] {
        keys::derive(&self.settings.api_secret, purpose)
    }

    /// Why newcomers are not let in, as far as the last numbers tell: pages wait for nothing.
    pub fn closed_reason(&self) -> Option<String> {
        let full = || self.shown().full.then(|| FULL.to_owned());
        self.sign().closed_reason().or_else(full)
    }

    /// Whether sign-up is possible now; else the reason to show.
    pub async fn open(&self) -> Result<(), String> {
        if let Some(reason) = self.sign().closed_reason() {
            return Err(reason);
        }
        // Without a database the attempt itself brings the error; no page waits for one that is away.
        let last = self.last_user_id_soon().await;
        if last.is_some_and(|last| self.is_full(last)) {
            return Err(FULL.to_owned());
        }
        Ok(())
    }

    /// Whether the next user would have a number that is too high.
    fn is_full(&self, last: UserId) -> bool {
        last.0 >= i64::from(self.settings.max_users)
    }

    /// What is read of accounts from here on.
    fn reading_accounts(&self) -> Moment {
        Moment::new(&self.clock, self.store.changes_of_accounts())
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes to the audit log, and that it did to the log. What was done stays done when that fails.
    async fn audit(&self, event: &str, user: Option<UserId>, client: Option<IpAddr>, detail: &str) {
        tracing::info!(
            audit.event = event,
            user.id = user.map(|user| user.0),
            "audit"
        );
        let entry = AuditEntry {
            at: self.clock.unix_seconds(),
            event: event.to_owned(),
            user_id: user,
            ip: client.map(|ip| ip.to_string()).unwrap_or_default(),
            detail: detail.to_owned(),
        };
        if let Err(error) = self.store.audit(entry).await {
            tracing::warn!(event, %error, "audit log not written");
        }
    }
}

fn numbered(peers: Vec<Peer>) -> Vec<Arc<Peer>> {
    let peers = peers.into_iter().enumerate();
    peers
        .map(|(place, peer)| Arc::new(peer.at(place)))
        .collect()
}

/// Why nobody can sign up or enrol any more.
const FULL: &str = "the pool is full";
