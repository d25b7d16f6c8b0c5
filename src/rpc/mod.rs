//! The internal RPC between web and voters: one contract, `wire.rs` and `Voter`, that the
//! client, the server and the fakes of tests share.

mod auth;
pub mod client;
mod dispatch;
mod events;
pub mod gauges;
pub mod method;
pub mod server;
mod service;
pub mod wire;

pub use auth::header as bearer;

use async_trait::async_trait;

use wire::{
    AddTickets, AddedTickets, Agendas, Empty, EnrolmentProof, EnrolmentRequest, Event,
    ImportOutcome, ImportRequest, LowFee, LowFeeLists, PreferencesAccepted, PreferencesPush,
    ScriptRegistry, StakeInfo, Status, TicketsPage, TicketsSince,
};

/// Why a call brought no answer. `Unavailable` is transport trouble (never a disagreement); `Refused`
/// is the voter's own word, with a code of `wire::code`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("voter {voter} cannot be reached: {reason}")]
    Unavailable { voter: String, reason: String },
    #[error("voter {voter} answers what cannot be understood: {reason}")]
    Garbled { voter: String, reason: String },
    #[error("voter {voter} shows another certificate than the pinned one")]
    WrongCertificate { voter: String },
    #[error("voter {voter} refuses the token")]
    Unauthorized { voter: String },
    #[error("voter refuses: {message} ({code})")]
    Refused { code: String, message: String },
}

/// What a voter does for web. Every method may be repeated without harm.
#[async_trait]
pub trait Voter: Send + Sync + 'static {
    async fn status(&self, request: Empty) -> Result<Status, Error>;
    async fn verify_enrolment(&self, request: EnrolmentRequest) -> Result<EnrolmentProof, Error>;
    async fn import_scripts(&self, request: ImportRequest) -> Result<ImportOutcome, Error>;
    async fn set_preferences(&self, request: PreferencesPush)
    -> Result<PreferencesAccepted, Error>;
    async fn tickets_since(&self, request: TicketsSince) -> Result<TicketsPage, Error>;
    async fn add_tickets(&self, request: AddTickets) -> Result<AddedTickets, Error>;
    async fn set_low_fee(&self, request: LowFee) -> Result<LowFeeLists, Error>;
    async fn stake_info(&self, request: Empty) -> Result<StakeInfo, Error>;
    async fn agendas(&self, request: Empty) -> Result<Agendas, Error>;
    async fn script_registry(&self, request: Empty) -> Result<ScriptRegistry, Error>;
    /// A stream of what happens, for live numbers; ends when the connection does.
    async fn events(&self) -> Result<tokio::sync::mpsc::Receiver<Event>, Error>;
}
