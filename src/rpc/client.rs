//! The web's side of the internal RPC.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::wire::{
    Agendas, Empty, EnrolmentProof, EnrolmentRequest, Event, ImportOutcome, ImportRequest, LowFee,
    PreferencesAccepted, PreferencesPush, ScriptRegistry, StakeInfo, Status, TicketsPage,
    TicketsSince,
};
use super::{Error, Voter};
use crate::config::VoterPeer;
use crate::shutdown::Tasks;

/// A voter over HTTPS. Keeps its connections; every call has a deadline.
#[derive(Debug, Clone)]
pub struct VoterClient {
    name: String,
}

impl VoterClient {
    /// Connects to nothing yet. `tasks` carries the event streams.
    ///
    /// # Errors
    /// When the pinned certificate is none.
    pub fn new(peer: &VoterPeer, _tasks: &Tasks) -> Result<Self, Error> {
        Ok(Self {
            name: peer.name.clone(),
        })
    }

    /// `HOST:PORT`, as in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    #[expect(clippy::unused_async, reason = "its body is not here yet")]
    async fn call<A>(&self, _method: &str, _request: &impl serde::Serialize) -> Result<A, Error> {
        Err(Error::Unavailable {
            voter: self.name.clone(),
            reason: "not built yet".into(),
        })
    }
}

#[async_trait]
impl Voter for VoterClient {
    async fn status(&self, request: Empty) -> Result<Status, Error> {
        self.call("status", &request).await
    }

    async fn verify_enrolment(&self, request: EnrolmentRequest) -> Result<EnrolmentProof, Error> {
        self.call("verify_enrolment", &request).await
    }

    async fn import_scripts(&self, request: ImportRequest) -> Result<ImportOutcome, Error> {
        self.call("import_scripts", &request).await
    }

    async fn set_preferences(
        &self,
        request: PreferencesPush,
    ) -> Result<PreferencesAccepted, Error> {
        self.call("set_preferences", &request).await
    }

    async fn tickets_since(&self, request: TicketsSince) -> Result<TicketsPage, Error> {
        self.call("tickets_since", &request).await
    }

    async fn set_low_fee(&self, request: LowFee) -> Result<Empty, Error> {
        self.call("set_low_fee", &request).await
    }

    async fn stake_info(&self, request: Empty) -> Result<StakeInfo, Error> {
        self.call("stake_info", &request).await
    }

    async fn agendas(&self, request: Empty) -> Result<Agendas, Error> {
        self.call("agendas", &request).await
    }

    async fn script_registry(&self, request: Empty) -> Result<ScriptRegistry, Error> {
        self.call("script_registry", &request).await
    }

    async fn events(&self) -> Result<mpsc::Receiver<Event>, Error> {
        Err(Error::Unavailable {
            voter: self.name.clone(),
            reason: "not built yet".into(),
        })
    }
}
