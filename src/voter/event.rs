//! What the loop hears: the daemons' notifications, reports of its own tasks, requests.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::blocks::Block;
use super::disk::Kind;
use super::life::Settled;
use super::past::Unread;
use super::preferences::Refusal;
use super::scripts::{BadScript, Script, ScriptHash};
use super::signer::Signers;
use crate::decred::agenda::Agendas;
use crate::decred::fee::FeeAddresses;
use crate::decred::ticket::Ticket;
use crate::decred::{Atoms, BlockHash, Height, TicketHash};
use crate::domain::{PoolId, Preference};
use crate::node::Notification;
use crate::node::notification::WinningTickets;
use crate::rpc::wire::{
    DcrdStatus, Event as WireEvent, ImportRequest, ImportedScript, LowFeeLists, LowFeeTicket,
    PreferencesAccepted, PreferencesPush, RescanProgress, ScriptRegistry, SignerKind, Status,
    TicketCounts, TicketsPage, TicketsSince, Tip, VoteReport, WalletStatus,
};

/// Everything that makes the loop turn.
#[derive(Debug)]
pub enum Event {
    Dcrd(Notification),
    Wallet(Notification),
    Report(Report),
    Request(Request),
    /// A deadline has passed.
    Tick,
    Stop,
}

/// What a task of the loop found out.
#[derive(Debug)]
pub enum Report {
    /// Winners whose block's height was confirmed.
    Winners(WinningTickets),
    /// dcrd has announced the winners of all tips again.
    Rebroadcast,
    /// The follower starts from this block: what was known of blocks above it is taken back, they come
    /// one by one.
    Root(BlockHash, Height),
    Connected(Box<Block>),
    Disconnected,
    /// dcrd's best block.
    Best(Tip),
    Found(Vec<Found>),
    /// They vanished from the mempool, and dcrd does not know them.
    Gone(Vec<TicketHash>),
    /// dcrd's lists of tickets were read to their end.
    Loaded,
    /// All blocks of the past below this height were read for the scripts of this revision; `None`: all
    /// there are.
    PastRead(u64, Option<Height>),
    /// dcrd's word on tickets that were revoked late: whether they expired.
    Expired(Vec<(TicketHash, bool)>),
    /// Asked for, and dcrd knows no such transaction, or it is no ticket.
    NoTicket(TicketHash),
    Subsidy(Height, Atoms),
    Cast(Box<CastReport>),
    FeeAddresses(Arc<FeeAddresses>),
    Dcrd(DcrdStatus),
    Wallet(WalletStatus),
    /// The version to vote with and its agendas, which change together: bits are never judged by the
    /// agendas of another version.
    Agendas(Agendas),
    Signers(Arc<Signers>),
    Alarm(&'static str, Option<String>),
    /// A part of the state could not be written.
    NotSaved(Kind),
    Rescan(Option<RescanProgress>),
    /// The database's preferences.
    Preferences(PoolId, Vec<Preference>),
}

/// A ticket that was asked for.
#[derive(Debug, Clone)]
pub struct Found {
    pub ticket: Arc<Ticket>,
    pub mined: Option<(BlockHash, Height)>,
    /// How it ended, if someone knows.
    pub settled: Option<Settled>,
}

/// How a vote went.
#[derive(Debug)]
pub struct CastReport {
    pub block: BlockHash,
    pub report: VoteReport,
    /// `None`: it was never signed.
    pub signer: Option<SignerKind>,
}

/// A question to the loop, with the way back.
#[derive(Debug)]
pub enum Request {
    Status(oneshot::Sender<Status>),
    /// Answered when the scripts are safe on disk.
    Register(
        ImportRequest,
        oneshot::Sender<Result<Registered, RegisterError>>,
    ),
    Preferences(
        PreferencesPush,
        oneshot::Sender<Result<PreferencesAccepted, Refusal>>,
    ),
    TicketsSince(TicketsSince, oneshot::Sender<TicketsPage>),
    SetLowFee(Vec<LowFeeTicket>, oneshot::Sender<LowFeeLists>),
    Numbers(oneshot::Sender<Numbers>),
    Agendas(oneshot::Sender<Option<Agendas>>),
    ScriptRegistry(oneshot::Sender<ScriptRegistry>),
    Subscribe(oneshot::Sender<mpsc::Receiver<WireEvent>>),
    /// All scripts, and from where the wallet must be rescanned.
    Duties(oneshot::Sender<Duties>),
    /// Answered when the mark is safe on disk; `None` clears it.
    MarkRescan(Option<Height>, oneshot::Sender<()>),
    /// Which of these tickets were never seen.
    Unknown(Vec<TicketHash>, oneshot::Sender<Vec<TicketHash>>),
    /// Tickets that were revoked so late that their height does not tell whether they expired.
    RevokedLate(oneshot::Sender<Vec<TicketHash>>),
    /// The blocks of the past that must be read, if any.
    Unread(oneshot::Sender<Option<Unread>>),
    Unmined(oneshot::Sender<Unmined>),
    /// How a ticket stands here.
    Standing(TicketHash, oneshot::Sender<Standing>),
    /// Whether a script is one of ours.
    Owns(ScriptHash, oneshot::Sender<bool>),
    /// Own tickets that may still vote, with the blocks that hold them.
    Unspent(oneshot::Sender<Vec<(TicketHash, BlockHash)>>),
}

/// Own tickets that no block holds.
#[derive(Debug, Clone)]
pub struct Unmined {
    pub tickets: Vec<TicketHash>,
    /// The block up to which this is known.
    pub tip: Option<BlockHash>,
}

/// What the index says of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Ours, and not spent.
    Open(Whereabouts),
    /// Ours; it voted or was revoked.
    Spent(Whereabouts),
    /// Not in the index: perhaps nobody looked yet.
    Unknown,
}

/// What web is told of a ticket of ours beside its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Whereabouts {
    pub ticket_address: Option<String>,
    pub mined_height: Option<Height>,
}

/// What became of `Request::Register`.
#[derive(Debug, Clone)]
pub struct Registered {
    /// One for each script of the request.
    pub outcomes: Vec<ImportedScript>,
    /// Whether one of them was new.
    pub any_new: bool,
    /// All scripts of the request.
    pub scripts: Vec<Arc<Script>>,
    pub rescan_from: Option<Height>,
}

#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Script(#[from] BadScript),
    #[error("the voter cannot write its state: {0}")]
    NotSaved(String),
}

/// What the wallet should know.
#[derive(Debug, Clone)]
pub struct Duties {
    pub scripts: Vec<Arc<Script>>,
    pub rescan_from: Option<Height>,
}

/// Of the pool's own tickets.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    pub counts: TicketCounts,
    pub total_reward: Atoms,
    pub height: Height,
}
