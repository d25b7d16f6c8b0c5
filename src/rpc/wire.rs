//! The messages of `POST /rpc/v1/METHOD`, JSON both ways. A field that is not here is refused.

use serde::{Deserialize, Serialize};

pub use crate::domain::TicketCounts;

use crate::decred::{Atoms, BlockHash, Height, TicketHash, VoteBits, VoteVersion, agenda};
use crate::domain::{InstanceId, KeyIndex, PoolId, Preference, Revision, TicketRecord, UserId};

/// Every path starts with it; another number is another contract.
pub const PATH: &str = "/rpc/v1/";

/// Largest body either side reads: 10,000 scripts or preferences fit four times.
pub const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// `code` of an error answer `{"code": …, "message": …}`.
pub mod code {
    /// Malformed, unknown field, unknown method.
    pub const BAD_REQUEST: &str = "bad_request";
    pub const UNAUTHORIZED: &str = "unauthorized";
    /// The voter's own dcrd or dcrwallet cannot answer now: counts as an unreachable voter.
    pub const UNAVAILABLE: &str = "unavailable";
    /// The wallet derives other keys, or refuses the script: halts enrolment.
    pub const DISAGREES: &str = "disagrees";
    /// Another pool's id, or another network.
    pub const WRONG_POOL: &str = "wrong_pool";
    /// An older preference revision than the voter has.
    pub const STALE: &str = "stale";
    /// A push that lacks too many known users.
    pub const SHRINKING: &str = "shrinking";
}

/// The body of every refused call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorBody {
    pub code: String,
    pub message: String,
}

/// A request or answer without content: `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    pub instance: InstanceId,
    /// `None` until the first push of a new voter.
    pub pool_id: Option<PoolId>,
    /// `mainnet`, `testnet3` or `simnet`.
    pub network: String,
    /// Version and commit of the voter's program.
    pub version: String,
    /// dcrd's best block; `None` while it was never reached.
    pub best: Option<Tip>,
    pub dcrd: DcrdStatus,
    pub wallet: WalletStatus,
    pub vote_version: VoteVersion,
    pub tickets: TicketCounts,
    /// dcrd's lists and the blocks since the first script were all read: what is missing in `tickets` is
    /// missing here, not just late.
    pub tickets_loaded: bool,
    /// The next block of the past that must be read for tickets; `None`: none.
    pub unread_from: Option<Height>,
    pub preferences: PreferencesStatus,
    pub scripts: ScriptRegistry,
    pub config: ConfigDigests,
    pub rescan: Option<RescanProgress>,
    pub signer: SignerKind,
    /// Newest last, at most 100.
    pub blocks: Vec<BlockVotes>,
    /// What a person must look at, in words; empty when all is well.
    pub alarms: Vec<Alarm>,
    /// The clock of the voter's machine at this answer, unix seconds; older voters do not say.
    #[serde(default)]
    pub clock: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tip {
    pub hash: BlockHash,
    pub height: Height,
    /// Cumulative work, big-endian hex as dcrd's `getblockheader` gives `chainwork`; empty if unknown.
    pub chain_work: String,
    /// Unix seconds of the block's own time stamp.
    pub time: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DcrdStatus {
    pub connected: bool,
    pub version: String,
    /// dcrd itself says that it has the whole chain.
    pub synced: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not one state"
)]
pub struct WalletStatus {
    pub connected: bool,
    pub version: String,
    pub unlocked: bool,
    pub daemon_connected: bool,
    pub height: Option<Height>,
    pub voting: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreferencesStatus {
    /// The highest revision held.
    pub revision: Revision,
    pub count: u64,
    /// `domain::preferences_digest` of all that is held.
    pub digest: String,
    /// Confirmed by web or database since the voter's start. While it is false votes wait for it (up to
    /// half a second each): web then pushes at once, an empty difference if nothing differs.
    pub confirmed: bool,
    /// Why the last push was refused, until one is accepted.
    pub refused: Option<String>,
}

/// BLAKE-256 hex of each `[pool]` key that web and voters must share, and of the network. Digests are
/// keyed by name so that a difference can be named; secrets are compared by a digest keyed with the
/// shared token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConfigDigests(pub std::collections::BTreeMap<String, String>);

impl ConfigDigests {
    /// The key without which a voter cannot vote this pool's tickets.
    pub const VOTING_KEY: &str = "pool.voting_wallet_extpub";
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RescanProgress {
    pub from: Height,
    /// Whether the rescan is running now (else it waits for the wallet).
    pub running: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignerKind {
    Memory,
    Wallet,
}

/// How the voter did on one block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockVotes {
    pub hash: BlockHash,
    pub height: Height,
    /// Own, accepted tickets among the winners.
    pub own_winners: u32,
    pub votes: Vec<VoteReport>,
    /// Winners that got no vote although they are, or may be, the pool's own.
    pub unvoted: Vec<Unvoted>,
    /// From the notification to the last own vote accepted; `None` without own winners.
    pub last_accepted_us: Option<u64>,
}

/// A winner without a vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unvoted {
    pub ticket: TicketHash,
    /// `not voted: …`
    pub reason: String,
    /// By the pool's own rule (a low fee that no admin accepted). Else it is a failure: what the vote
    /// needed was not known while it could help.
    pub by_rule: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoteReport {
    pub ticket: TicketHash,
    pub bits: VoteBits,
    pub version: VoteVersion,
    pub outcome: VoteOutcome,
    /// dcrd's words when it refused.
    pub reason: String,
    /// Microseconds since the notification was received.
    pub looked_up_us: u64,
    pub signed_us: u64,
    pub sent_us: u64,
    pub answered_us: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoteOutcome {
    Accepted,
    /// Another node sent the same bytes.
    AlreadyKnown,
    /// Another node voted this ticket with other bits.
    AlreadyVoted,
    /// Nothing to do: ticket spent, not live, block too old, enough votes.
    Useless,
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// Stable, for monitors: `wallet_locked`, `dcrd_behind`, `preferences_refused`, …
    pub id: String,
    pub message: String,
    /// Unix seconds.
    pub since: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentRequest {
    pub user_id: UserId,
    pub key_index: KeyIndex,
    pub user_pubkey_address: String,
}

/// What the voter's wallet derives; it was compared with the voter's own derivation, and web compares
/// it with its own. A difference inside the voter is refused with `code::DISAGREES`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentProof {
    pub pool_pubkey_address: String,
    /// Hex.
    pub redeem_script: String,
    pub ticket_address: String,
    pub height: Height,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    pub pool_id: PoolId,
    pub scripts: Vec<ScriptImport>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptImport {
    pub user_id: UserId,
    pub key_index: KeyIndex,
    /// Hex.
    pub redeem_script: String,
    pub height_registered: Height,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportOutcome {
    /// One for each script of the request, in its order.
    pub scripts: Vec<ImportedScript>,
    /// From where the wallet will be (or is being) rescanned, if it must.
    pub rescan_from: Option<Height>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedScript {
    pub user_id: UserId,
    pub outcome: ScriptOutcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptOutcome {
    /// It was new to this voter.
    Imported,
    Already,
}

impl ImportOutcome {
    /// Scripts that were new to the voter.
    pub fn imported(&self) -> usize {
        let new = |script: &&ImportedScript| script.outcome == ScriptOutcome::Imported;
        self.scripts.iter().filter(new).count()
    }
}

/// All preferences (`full`) or those that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreferencesPush {
    pub pool_id: PoolId,
    pub full: bool,
    pub preferences: Vec<Preference>,
    /// An operator confirmed by `resume --accept-preferences` what the voter refused.
    pub accept: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreferencesAccepted {
    pub revision: Revision,
    pub digest: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketsSince {
    /// The instance that `sequence` belongs to; `None` or another one: start over.
    pub instance: Option<InstanceId>,
    pub sequence: u64,
    pub limit: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketsPage {
    pub instance: InstanceId,
    /// Where the next page starts.
    pub sequence: u64,
    pub tickets: Vec<TicketRecord>,
    /// Tickets that vanished from the mempool without having been mined; one that comes back is among
    /// `tickets` of a later page.
    pub gone: Vec<TicketHash>,
    pub more: bool,
}

/// Tickets that the voter may lack; at most `ADD_TICKETS_MOST`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddTickets {
    pub hashes: Vec<TicketHash>,
}

/// Hashes in one `AddTickets`: each may cost a few calls to dcrd.
pub const ADD_TICKETS_MOST: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddedTickets {
    /// One for each hash of the request, in its order.
    pub tickets: Vec<AddedTicket>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddedTicket {
    pub ticket_hash: TicketHash,
    pub outcome: TicketOutcome,
    /// Of a ticket of ours: whose it is follows from it.
    pub ticket_address: Option<String>,
    /// Of a ticket of ours that is mined: when it expires follows from it.
    pub mined_height: Option<Height>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketOutcome {
    /// The voter had it.
    Known,
    /// It has it now, and the wallet gets it.
    Added,
    /// dcrd knows no such transaction, or it is no ticket.
    NotFound,
    /// It pays to no script of the pool's users.
    NotOurs,
    /// It voted or was revoked.
    Spent,
}

/// The whole of what admins added; a ticket that is left out is no longer added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LowFee {
    pub tickets: Vec<LowFeeTicket>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LowFeeTicket {
    pub ticket_hash: TicketHash,
    pub ticket_address: String,
}

/// Where low-fee tickets stand after a `LowFee`, by hash.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LowFeeLists {
    /// Of the request, in force from now on: also those that the voter has not seen yet.
    pub accepted: Vec<LowFeeTicket>,
    /// Not voted: low-fee tickets that nobody asked for, and what the request names by another address
    /// than the ticket's own.
    pub ignored: Vec<LowFeeTicket>,
}

/// Numbers of the network from dcrd.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StakeInfo {
    pub height: Height,
    /// Of the next block.
    pub ticket_price: Atoms,
    /// Live tickets of the whole network.
    pub pool_size: u64,
    pub mempool_tickets: u64,
    /// Sum of the rewards of own votes.
    pub total_subsidy: Atoms,
    pub own: TicketCounts,
}

/// Agendas of the voter's vote version, from dcrd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agendas {
    pub version: VoteVersion,
    pub agendas: Vec<Agenda>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agenda {
    pub id: String,
    pub description: String,
    pub mask: u16,
    pub status: String,
    pub choices: Vec<AgendaChoice>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgendaChoice {
    pub id: String,
    pub description: String,
    pub bits: u16,
    pub is_abstain: bool,
    pub is_no: bool,
}

impl From<agenda::Agendas> for Agendas {
    fn from(found: agenda::Agendas) -> Self {
        let choice = |choice: agenda::Choice| AgendaChoice {
            id: choice.id,
            description: choice.description,
            bits: choice.bits,
            is_abstain: choice.is_abstain,
            is_no: choice.is_no,
        };
        let agenda = |agenda: agenda::Agenda| Agenda {
            id: agenda.id,
            description: agenda.description,
            mask: agenda.mask,
            status: agenda.status,
            choices: agenda.choices.into_iter().map(choice).collect(),
        };
        Self {
            version: found.version,
            agendas: found.agendas.into_iter().map(agenda).collect(),
        }
    }
}

impl From<Agendas> for agenda::Agendas {
    fn from(told: Agendas) -> Self {
        let choice = |choice: AgendaChoice| agenda::Choice {
            id: choice.id,
            description: choice.description,
            bits: choice.bits,
            is_abstain: choice.is_abstain,
            is_no: choice.is_no,
        };
        let agenda = |agenda: Agenda| agenda::Agenda {
            id: agenda.id,
            description: agenda.description,
            mask: agenda.mask,
            status: agenda.status,
            choices: agenda.choices.into_iter().map(choice).collect(),
        };
        Self {
            version: told.version,
            agendas: told.agendas.into_iter().map(agenda).collect(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptRegistry {
    pub count: u64,
    pub highest_key_index: Option<KeyIndex>,
    /// `domain::scripts_digest` of all that is held.
    pub digest: String,
}

/// An item of `GET /rpc/v1/events`, one JSON object per `data:` line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    Block {
        tip: Tip,
    },
    Vote {
        block: BlockHash,
        report: VoteReport,
    },
    Tickets {
        sequence: u64,
    },
    Connection {
        peer: String,
        connected: bool,
    },
    Alarm {
        alarm: Alarm,
    },
}
