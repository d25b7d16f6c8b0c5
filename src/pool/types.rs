//! What the pool's methods give to pages and API.

use crate::db::{self, MailCounts, VoteTime};
use crate::decred::{Atoms, Height, VoteBits, VoteVersion};
use crate::domain::{TicketRecord, UserId};
use crate::rpc::wire::{self, TicketCounts};
use crate::secret::Secret;

/// An account, without its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub verified: bool,
    pub disabled: bool,
    /// A code is asked for at sign-in.
    pub second_factor: bool,
    /// Set once a public key was accepted.
    pub enrolled: Option<Enrolled>,
    pub vote_bits: VoteBits,
    pub vote_version: VoteVersion,
}

/// What a right password came to.
#[derive(Debug)]
pub enum SignIn {
    Done(UserId),
    /// The browser with this cookie still owes a code.
    OwesCode(Secret),
}

/// By what the owner of an account shows to be the owner before it is changed.
#[derive(Debug, Default)]
pub struct OwnerProof {
    pub password: Secret,
    /// Looked at where there is a second factor.
    pub code: Secret,
}

/// What a user has after enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    pub ticket_address: String,
    /// Hex.
    pub redeem_script: String,
    pub pool_pubkey_address: String,
    pub user_pubkey_address: String,
    pub fee_address: String,
    pub height_registered: Height,
}

impl From<db::User> for User {
    fn from(user: db::User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            verified: user.verified,
            disabled: user.disabled,
            second_factor: user.second_factor,
            enrolled: user.enrolment.map(Enrolled::from),
            vote_bits: user.vote_bits,
            vote_version: user.vote_version,
        }
    }
}

impl From<db::Enrolment> for Enrolled {
    fn from(enrolment: db::Enrolment) -> Self {
        Self {
            ticket_address: enrolment.ticket_address,
            redeem_script: enrolment.redeem_script,
            pool_pubkey_address: enrolment.pool_pubkey_address,
            user_pubkey_address: enrolment.user_pubkey_address,
            fee_address: enrolment.fee_address,
            height_registered: enrolment.height_registered,
        }
    }
}

/// What a wallet needs to buy tickets.
#[derive(Debug, Clone, PartialEq)]
pub struct PurchaseInfo {
    /// Where the pool's fee goes.
    pub fee_address: String,
    pub fee_percent: f64,
    /// Hex.
    pub redeem_script: String,
    pub ticket_address: String,
    pub vote_bits: VoteBits,
    pub vote_version: VoteVersion,
}

/// One page of a user's tickets, newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TicketPage {
    pub tickets: Vec<TicketRecord>,
    /// From 0.
    pub page: u32,
    pub total: u64,
}

/// The public numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// When a voter last gave numbers, unix seconds.
    pub refreshed_at: i64,
    pub height: Height,
    pub ticket_price: Atoms,
    /// Live tickets of the whole network.
    pub pool_size: u64,
    /// Of the whole network.
    pub mempool_tickets: u64,
    pub own: TicketCounts,
    pub total_subsidy: Atoms,
    pub users: u64,
    /// Users that have an address.
    pub active_users: u64,
    pub fee_percent: f64,
    pub open: bool,
}

/// A ticket, and what each voting node did when it was called: the node's number, where it still is one of
/// ours; the fastest first.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketStory {
    pub ticket: TicketRecord,
    pub votes: Vec<(Option<usize>, VoteTime)>,
}

impl Stats {
    /// Share of the network's live tickets that are the pool's.
    pub fn proportion_live(&self) -> f64 {
        ratio(self.own.live, self.pool_size)
    }

    /// Share of the called tickets that were missed.
    pub fn proportion_missed(&self) -> f64 {
        ratio(
            self.own.missed,
            self.own.missed.saturating_add(self.own.voted),
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of tickets")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// Enrolment is stopped: a voter disagreed.
pub use crate::db::Halt;

/// The line of `/status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    Ok,
    /// Some voter is away, or the database.
    Degraded,
    /// Fewer than `min_voters`.
    Critical,
    /// No voter, or halted.
    Emergency,
}

/// A signed-in browser of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEntry {
    /// Names it; opens nothing.
    pub id: String,
    /// Whether it is the one that asks.
    pub here: bool,
    /// The client's address at sign-in; empty when it was not known.
    pub from: String,
    /// Unix seconds.
    pub since: i64,
    /// To a minute, unix seconds.
    pub last_seen: i64,
}

/// What `/status` and `/alertz` show.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusReport {
    pub health: Health,
    /// `None` also while the database does not say.
    pub halt: Option<Halt>,
    pub database_away: bool,
    pub voters: Vec<VoterReport>,
    /// Also those of the voters.
    pub alarms: Vec<wire::Alarm>,
    /// `None`: there is no queue, or it was not read yet.
    pub mails: Option<MailCounts>,
    /// Whether this web process does the background work of all.
    pub leads: bool,
}

/// A voter as the watcher last saw it.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not one state"
)]
pub struct VoterReport {
    /// Its URL.
    pub name: String,
    pub connected: bool,
    /// Connected, and its daemons can do their work.
    pub able: bool,
    /// Why it is away or unusable.
    pub problem: Option<String>,
    /// The last status, however old.
    pub status: Option<wire::Status>,
    /// When the status came, unix seconds.
    pub seen_at: Option<i64>,
    /// Keys of `[pool]` that differ from ours.
    pub differing_keys: Vec<String>,
    /// What it knows and the database does not, in words.
    pub ahead: Option<String>,
    /// By how many seconds its machine's clock is ahead of ours.
    pub clock_ahead: Option<i64>,
    pub scripts_in_sync: bool,
    pub preferences_in_sync: bool,
}
