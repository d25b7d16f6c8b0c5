//! What callers hand to the store and get from it. Times are unix seconds; a "hash" of a token is
//! what the caller computed over it (hex, at most 64 characters): the store never sees the token.

use std::time::Duration;

use super::Result;
use super::connection::Location;
use crate::decred::{Atoms, Height, TicketHash, VoteBits, VoteVersion};
use crate::domain::{
    FeeVerdict, InstanceId, KeyIndex, NewsKind, PoolId, Preference, Rate, Revision, TicketCounts,
    TicketRecord, TicketStatus, UserId,
};
use crate::secret::Secret;

/// How to open a database.
#[derive(Debug, Clone)]
pub struct Options {
    /// `sqlite://PATH`, or `mysql://USER:PASSWORD@HOST:PORT/NAME` (`?unix_socket=PATH` for a socket).
    pub url: Secret,
    pub max_connections: u32,
    pub access: Access,
    /// The longest that one call may take, retries included.
    pub deadline: Duration,
}

impl Options {
    /// The longest that one call may take if nothing else is said.
    pub const DEADLINE: Duration = Duration::from_secs(8);

    pub fn new(url: Secret, max_connections: u32, access: Access) -> Self {
        Self {
            url,
            max_connections,
            access,
            deadline: Self::DEADLINE,
        }
    }

    /// What an operator knows the database by: its name, or the path of the file.
    pub fn database_name(&self) -> Result<String> {
        Ok(Location::parse(&self.url)?.name())
    }
}

/// How fast the database answered this process so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace {
    pub calls: u64,
    /// Those that took more than half a second, waiting and repetitions included.
    pub slow: u64,
}

/// The server of a shared database, and what our account may do there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// As it says itself: `10.11.6-MariaDB`.
    pub version: String,
    /// A role gives it rights, which `grants` does not have.
    pub has_role: bool,
    /// All but those on single columns.
    pub grants: Vec<Grant>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub on: GrantedOn,
    /// `SELECT`, `CREATE VIEW`, …
    pub privilege: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantedOn {
    Everything,
    Database,
    Table(String),
}

/// Who opens the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The one process that an SQLite file belongs to (`web`, `migrate`): takes its file lock. Makes
    /// the schema of an empty database.
    Owner,
    /// An operator's command beside a running web (`resume`, …): short transactions, no file lock.
    Guest,
}

/// Which schema the database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// No table at all, or only what an interrupted start left.
    Empty,
    Current,
    /// Made by an older program: `dcrstakepool migrate`.
    Older,
    /// Made by a newer program.
    Newer,
}

/// A person's wish to become a user, until the e-mail address is verified.
#[derive(Debug, Clone)]
pub struct SignUp {
    pub email: String,
    /// bcrypt.
    pub password_hash: Secret,
    pub token_hash: String,
    pub now: i64,
}

/// Seconds for which a sign-up can be verified.
pub const SIGN_UP_LIFE_SECS: i64 = 24 * 3600;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpOutcome {
    Recorded,
    /// Nothing stored: this user has the address.
    EmailTaken(UserId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// A user was made.
    Verified(UserId),
    /// The same link again: the user that it made.
    Already(UserId),
    /// Never issued, or older than a day.
    UnknownToken,
    /// Another sign-up with this address was verified first.
    EmailTaken,
    /// No key is left under `max_users`; nothing is stored, the link stays good.
    PoolFull,
}

/// Another password for a user.
#[derive(Debug, Clone)]
pub struct PasswordChange {
    pub user_id: UserId,
    /// The bcrypt hash that was checked: if another one is in force by now, nothing changes.
    pub former: Secret,
    /// bcrypt.
    pub new: Secret,
    /// Ends all sessions of the user but this one, in the same transaction.
    pub keep_session: String,
    pub now: i64,
}

/// What a mailed link lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    ResetPassword,
    ChangeEmail,
}

/// Seconds for which such a link can be used.
pub const LINK_LIFE_SECS: i64 = 3600;

/// A link that is about to be mailed.
#[derive(Debug, Clone)]
pub struct NewLink {
    pub token_hash: String,
    pub purpose: LinkPurpose,
    /// `None`: nothing stays stored, but it takes as long.
    pub user_id: Option<UserId>,
    /// The address to change to; else empty.
    pub email: String,
    pub now: i64,
}

/// A link that can still be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub user_id: UserId,
    /// The address to change to; else empty.
    pub email: String,
    pub(super) origin: LinkOrigin,
}

/// Who made a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LinkOrigin {
    Ours {
        token_hash: String,
    },
    /// The Go program, at that moment; its row is never changed.
    Former {
        created: i64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailChange {
    Changed,
    /// Nothing changed: another user has the address.
    Taken,
    /// Nothing changed: the link was used or voided meanwhile.
    Spent,
}

/// A mail for the queue.
#[derive(Debug, Clone)]
pub struct NewMail {
    /// 32 characters, random.
    pub id: String,
    pub recipient: String,
    pub subject: String,
    /// With links that grant access.
    pub body: Secret,
    pub html: Secret,
    pub now: i64,
}

/// A mail that is this caller's alone to send, for `MAIL_LEASE_SECS`.
#[derive(Debug, Clone)]
pub struct ClaimedMail {
    pub id: String,
    pub recipient: String,
    pub subject: String,
    pub body: Secret,
    pub html: Secret,
    pub created: i64,
    /// With the one that is due now.
    pub attempts: u32,
    /// When the claim ends.
    pub until: i64,
}

/// Longer than any try takes.
pub const MAIL_LEASE_SECS: i64 = 480;
/// How long a mail that ended, without what it said, can still be counted.
pub const MAIL_KEPT_SECS: i64 = 7 * 24 * 3600;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailOutcome {
    Sent,
    Postponed { until: i64, problem: String },
    GivenUp { problem: String },
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailCounts {
    pub waiting: u64,
    /// When the oldest of those was caused.
    pub waiting_since: Option<i64>,
    /// In the last week.
    pub given_up: u64,
}

#[derive(Debug, Clone)]
pub struct User {
    pub id: UserId,
    pub email: String,
    /// bcrypt.
    pub password_hash: Secret,
    pub verified: bool,
    pub disabled: bool,
    /// A code is asked for at sign-in.
    pub second_factor: bool,
    /// The API token in force; `None` until one was made.
    pub api_token: Option<Secret>,
    /// The key and script, once an address was submitted.
    pub enrolment: Option<Enrolment>,
    pub vote_bits: VoteBits,
    pub vote_version: VoteVersion,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UserCounts {
    pub total: u64,
    /// Those who submitted an address.
    pub active: u64,
}

/// Of all tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TicketTotals {
    /// Low-fee tickets are counted as such only.
    pub counts: TicketCounts,
    /// What all own votes earned.
    pub reward: Atoms,
}

/// The addresses that a user's tickets need, written once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    pub user_id: UserId,
    pub pool_pubkey_address: String,
    pub user_pubkey_address: String,
    /// Hex.
    pub redeem_script: String,
    pub ticket_address: String,
    pub fee_address: String,
    pub height_registered: Height,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolledUser {
    pub key_index: KeyIndex,
    pub enrolment: Enrolment,
}

/// What voters must know of an enrolled user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoterUser {
    pub key_index: KeyIndex,
    /// Hex.
    pub redeem_script: String,
    pub height_registered: Height,
    pub preference: Preference,
}

#[derive(Debug, Clone)]
pub struct NewSession {
    pub id_hash: String,
    pub user_id: UserId,
    pub ip: String,
    pub agent: String,
    pub now: i64,
}

/// Seconds without a request after which a session is over.
pub const SESSION_IDLE_SECS: i64 = 6 * 3600;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id_hash: String,
    pub user_id: UserId,
    pub created: i64,
    pub last_seen: i64,
    pub ip: String,
    pub agent: String,
}

/// Seconds for which a browser that gave the right password may owe the code.
pub const HALF_SIGN_IN_SECS: i64 = 600;

/// The second factor of a user.
#[derive(Debug, Clone)]
pub struct SecondFactor {
    /// Sealed by the caller.
    pub seed: Secret,
    pub since: i64,
    /// Recovery codes that were not used.
    pub codes_left: u64,
}

/// A second factor that is turned on.
#[derive(Debug, Clone)]
pub struct NewSecondFactor {
    pub user_id: UserId,
    /// Sealed by the caller.
    pub seed: Secret,
    /// Of the code that turns it on: it is used up.
    pub step: i64,
    /// Of the recovery codes.
    pub code_hashes: Vec<String>,
    /// Ends all sessions of the user but this one, in the same transaction.
    pub keep_session: String,
    pub now: i64,
}

/// What a user shows beside the password. Good once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondProof {
    /// A code of the app, by its time step.
    Step(i64),
    /// What is stored of a recovery code.
    Recovery(String),
}

/// One use of a second factor.
#[derive(Debug, Clone)]
pub struct SecondUse {
    pub user_id: UserId,
    pub proof: SecondProof,
    /// Random, another for each call: up to 64 characters.
    pub mark: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HalfSignIn {
    /// It is a whole one now; the half one is over.
    Completed,
    /// The proof was used before. The half sign-in stays.
    Refused,
    /// Used, ended, or too old.
    Over,
}

/// A user's new preference. `choices` (agenda id, choice id) say in words what `bits` say.
#[derive(Debug, Clone)]
pub struct NewPreference {
    pub user_id: UserId,
    pub version: VoteVersion,
    pub bits: VoteBits,
    pub choices: Vec<(String, String)>,
}

/// All preferences, as a voter needs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreferenceTable {
    pub pool_id: PoolId,
    /// The newest revision of all.
    pub revision: Revision,
    pub preferences: Vec<Preference>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halt {
    pub since: i64,
    /// The voter that disagreed.
    pub voter: String,
    /// What differed.
    pub reason: String,
}

/// The numbers up to which a database has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// The last user id that was given away.
    pub last_user: i64,
    pub last_revision: Revision,
    /// Of the last reset.
    pub vote_version: VoteVersion,
    /// Scripts that voters hold and this database has not, as an operator confirmed.
    pub scripts_lacked: u64,
}

/// Where reading a voter's tickets goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TicketCursor {
    pub instance: Option<InstanceId>,
    pub sequence: u64,
}

/// One page that a voter answered, and where the next one starts.
#[derive(Debug, Clone)]
pub struct TicketPage {
    /// The voter's URL.
    pub voter: String,
    pub instance: InstanceId,
    pub sequence: u64,
    pub tickets: Vec<TicketRecord>,
    /// Tickets that vanished from the mempool without having been mined.
    pub gone: Vec<TicketHash>,
    /// The voter is believed also where it takes back what another one told: that one was on a branch
    /// with less work.
    pub overrules: bool,
    /// The voter's best block: what it tells happened by then.
    pub tip: Option<Height>,
}

/// What a voter did when a ticket was called; microseconds since the block was announced to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoteTime {
    pub ticket: TicketHash,
    /// Its name.
    pub voter: String,
    pub signed_us: u64,
    /// When its dcrd had answered.
    pub answered_us: u64,
    /// `first`: its dcrd had no vote yet; `ready`: it had the same; `other`: it had one with other bits.
    pub outcome: String,
}

/// For how long those are kept.
pub const VOTE_TIMES_KEPT_SECS: i64 = 400 * 86_400;

/// A user as the Go program left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerUser {
    pub id: UserId,
    pub email: String,
    pub verified: bool,
    /// Empty without a script.
    pub ticket_address: String,
    pub pool_pubkey_address: String,
    /// May be empty with a script, too.
    pub fee_address: String,
    /// What an interrupted take-over has written.
    pub key_index: Option<KeyIndex>,
}

/// What our own rows say about such a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenUser {
    pub id: UserId,
    /// `None`: another account has it, or there is none.
    pub email: Option<String>,
    pub key_index: KeyIndex,
    /// To be written where there is none.
    pub fee_address: Option<String>,
}

/// A user's API token is replaced.
#[derive(Debug, Clone)]
pub struct TokenChange {
    pub user: UserId,
    pub former: Option<Secret>,
    pub new: Secret,
}

/// What one mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NewsTopic {
    /// What happened to tickets.
    Tickets,
    VoteVersion,
}

impl NewsTopic {
    pub fn of(kind: NewsKind) -> Self {
        match kind {
            NewsKind::VoteVersion => NewsTopic::VoteVersion,
            NewsKind::Missed | NewsKind::LowFee | NewsKind::Voted | NewsKind::Expired => {
                NewsTopic::Tickets
            }
        }
    }
}

/// Something that a user is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub kind: NewsKind,
    /// The ticket's hash, or the vote version.
    pub subject: String,
    /// As it is now.
    pub ticket: Option<TicketRecord>,
}

/// What becomes of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Told,
    /// It is not true any more, or not wanted. It may become news again.
    Dropped,
}

/// A mail and what it tells.
#[derive(Debug, Clone)]
pub struct Telling {
    pub user_id: UserId,
    pub topic: NewsTopic,
    /// As the news was read.
    pub up_to: Height,
    pub news: Vec<(News, Fate)>,
    /// `None`: nothing is to be queued.
    pub mail: Option<NewMail>,
    pub now: i64,
}

/// How long it is known what was told.
pub const NEWS_KEPT_SECS: i64 = 30 * 24 * 3600;

/// Tickets of a user that wait for their vote, bought in one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingTickets {
    pub mined: Height,
    /// Immature or live.
    pub status: TicketStatus,
    pub verdict: FeeVerdict,
    pub count: u64,
}

/// What a user's tickets earned in a stretch of blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earned {
    /// The first of the blocks.
    pub height: Height,
    pub votes: u64,
    pub reward: Atoms,
}

/// What all tickets of a user come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketSums {
    pub total: u64,
    /// By the block that they were bought in, the oldest first.
    pub waiting: Vec<WaitingTickets>,
    /// Oldest first.
    pub earned: Vec<Earned>,
    /// The user said that the redeem script is saved.
    pub script_saved: bool,
}

/// How things stood at a block, for pictures over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub height: Height,
    /// The block's own time stamp, unix seconds.
    pub block_time: i64,
    /// Of the next block.
    pub ticket_price: Atoms,
    /// Live tickets of the whole network.
    pub pool_size: u64,
    pub live: u64,
    pub immature: u64,
    /// Of all time, as are missed and expired.
    pub voted: u64,
    pub missed: u64,
    pub expired: u64,
    /// Own votes on this block; where rows were thinned, on all blocks that this one stands for.
    pub votes: u64,
    /// `None` without own votes.
    pub latency: Option<VoteLatency>,
}

/// How long the voters took, from a block's notification to the last own vote accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoteLatency {
    pub median_us: u64,
    pub slowest_us: u64,
}

/// A kind of tickets that a user may look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketKind {
    Status(TicketStatus),
    /// Missed or expired, and the stake is on its way back.
    Revoked,
    /// Pays less than the pool's fee, added by an admin or not.
    LowFee,
}

/// Which of a user's tickets; all by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TicketFilter {
    pub kind: Option<TicketKind>,
    /// How the ticket's hash begins, in lower-case hex; empty: any.
    pub hash_prefix: String,
}

/// A ticket's place in the list of its owner's, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketPlace {
    pub height: Option<Height>,
    pub hash: TicketHash,
}

impl TicketPlace {
    pub fn of(ticket: &TicketRecord) -> Self {
        Self {
            height: ticket.mined.map(|(_, height)| height),
            hash: ticket.hash,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditEntry {
    pub at: i64,
    /// Stable, for searching: `sign_in`, `halt_overridden`, …
    pub event: String,
    pub user_id: Option<UserId>,
    pub ip: String,
    /// Never a secret.
    pub detail: String,
}

/// How long the audit log knows from where something was done.
pub const AUDIT_IP_SECS: i64 = 30 * 24 * 3600;

/// What to look for in the audit log; all by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub user_id: Option<UserId>,
    /// Or with this detail.
    pub by: Option<String>,
    /// Empty: any.
    pub event: String,
}

/// An entry as it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditLine {
    pub entry: AuditEntry,
    /// The user's address now; empty: no user.
    pub email: String,
}

/// A ticket that is voted although its fee is too low: an admin added it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LowFeeTicket {
    pub ticket_hash: TicketHash,
    pub ticket_address: String,
    /// The admin; 0: an operator's command.
    pub added_by: UserId,
    /// The height at which the ticket expires.
    pub ticket_expiry: Height,
    pub created: i64,
    /// In force until then, or until the ticket has voted.
    pub expires: i64,
}

/// Who changes the list of added tickets, for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LowFeeChange {
    pub by: Option<UserId>,
    pub ip: String,
    pub now: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LowFeeAddition {
    Added,
    /// It was in force already.
    Already,
    /// It was in the list, and has voted.
    Voted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LowFeeRemoval {
    Removed,
    /// It was not in the list.
    NotListed,
    /// It has voted: the list keeps it.
    Voted,
}

/// Which low-fee tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LowFeeLife {
    /// May still vote.
    Open,
    /// Voted, missed or expired.
    Past,
}

/// Whose ignored low-fee tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LowFeeOwner {
    Everybody,
    User(UserId),
    TicketAddress(String),
}

/// A ticket whose fee is too low, added or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LowFeeEntry {
    pub ticket: TicketRecord,
    /// The owner's; empty when there is no such user.
    pub email: String,
    /// `None`: nobody added it.
    pub added: Option<LowFeeTicket>,
}

/// Whose allowance is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// Whoever has this address, whatever the case of its letters; perhaps nobody.
    Email(String),
    User(UserId),
    /// Nobody's: a captcha, by its nonce in hex.
    Captcha(String),
}

impl From<&str> for Account {
    fn from(email: &str) -> Self {
        Account::Email(email.to_owned())
    }
}

impl From<UserId> for Account {
    fn from(id: UserId) -> Self {
        Account::User(id)
    }
}

/// One use of an account that is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// A short name without blanks.
    pub what: &'static str,
    pub account: Account,
    pub rate: Rate,
    /// Unix milliseconds.
    pub now: i64,
}

/// Somebody who signed up and has not opened the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingSignUp {
    /// As it was written.
    pub email: String,
    pub token_hash: String,
    pub created: i64,
}

/// What an admin said to visitors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSign {
    pub notice: String,
    pub closed: bool,
    pub closed_message: String,
    pub set_at: i64,
    pub set_by: UserId,
}
