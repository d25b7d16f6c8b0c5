//! The internal RPC's side of the voter: questions become requests to the loop; what needs the daemons is
//! asked here, so that the loop waits for nobody.

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use super::add;
use super::event::{RegisterError, Registered, Request};
use super::links::Links;
use super::verify::{Verifier, import_answer};
use crate::node;
use crate::rpc::wire::{
    ADD_TICKETS_MOST, AddTickets, AddedTickets, Agenda, AgendaChoice, Agendas, Empty,
    EnrolmentProof, EnrolmentRequest, Event, ImportOutcome, ImportRequest, LowFee, LowFeeLists,
    PreferencesAccepted, PreferencesPush, ScriptOutcome, ScriptRegistry, StakeInfo, Status,
    TicketsPage, TicketsSince, code,
};
use crate::rpc::{Error, Voter};

/// So many scripts are imported into the wallet before the answer; more are left to the background.
const IMPORTED_AT_ONCE: usize = 20;

/// What web talks to.
#[derive(Debug)]
pub struct Service {
    links: Links,
    verifier: Verifier,
}

impl Service {
    pub fn new(links: Links, verifier: Verifier) -> Self {
        Self { links, verifier }
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, Error> {
        self.links
            .ask(request)
            .await
            .ok_or_else(|| refused(code::UNAVAILABLE, &"the voter is stopping"))
    }

    /// The wallet gets the scripts of an enrolment before the user sees the address.
    async fn give_to_wallet(&self, registered: &Registered) -> Result<(), Error> {
        if registered.scripts.len() > IMPORTED_AT_ONCE {
            return Ok(());
        }
        let wallet = self.links.wallet.pinned();
        let wallet = wallet.map_err(|error| unavailable(&error))?;
        if !self.links.wallet_fit.holds(wallet.client()) {
            let reason = "the wallet behind this connection is not known to be the pool's";
            return Err(refused(code::UNAVAILABLE, &reason));
        }
        let ready = self.links.wallet_ready.holds(wallet.client());
        for (script, imported) in registered.scripts.iter().zip(&registered.outcomes) {
            // A wallet that was exchanged may lack an older one with its past: it gets both in the background.
            if imported.outcome == ScriptOutcome::Already && !ready {
                continue;
            }
            let import = wallet.import_script(&script.redeem.to_hex()).await;
            import.map_err(|error| import_answer(&error))?;
        }
        Ok(())
    }
}

/// The voter's own word.
pub(super) fn refused(code: &str, message: &dyn ToString) -> Error {
    Error::Refused {
        code: code.to_owned(),
        message: message.to_string(),
    }
}

pub(super) fn unavailable(error: &node::Error) -> Error {
    refused(code::UNAVAILABLE, error)
}

#[async_trait]
impl Voter for Service {
    async fn status(&self, _: Empty) -> Result<Status, Error> {
        self.ask(Request::Status).await
    }

    async fn verify_enrolment(&self, request: EnrolmentRequest) -> Result<EnrolmentProof, Error> {
        self.verifier.verify(&self.links, &request).await
    }

    async fn import_scripts(&self, request: ImportRequest) -> Result<ImportOutcome, Error> {
        let answer = self.ask(|reply| Request::Register(request, reply)).await?;
        let registered = answer.map_err(|error| match &error {
            RegisterError::Refused(refusal) => refused(refusal.code(), refusal),
            RegisterError::Script(_) => refused(code::BAD_REQUEST, &error),
            RegisterError::NotSaved(_) => refused(code::UNAVAILABLE, &error),
        })?;
        let given = self.give_to_wallet(&registered).await;
        if registered.any_new {
            self.links.pokes.sync.notify_one();
        }
        given?;
        Ok(ImportOutcome {
            scripts: registered.outcomes,
            rescan_from: registered.rescan_from,
        })
    }

    async fn set_preferences(
        &self,
        request: PreferencesPush,
    ) -> Result<PreferencesAccepted, Error> {
        self.ask(|reply| Request::Preferences(request, reply))
            .await?
            .map_err(|refusal| refused(refusal.code(), &refusal))
    }

    async fn tickets_since(&self, request: TicketsSince) -> Result<TicketsPage, Error> {
        self.ask(|reply| Request::TicketsSince(request, reply))
            .await
    }

    async fn add_tickets(&self, request: AddTickets) -> Result<AddedTickets, Error> {
        if request.hashes.len() > ADD_TICKETS_MOST {
            let reason = format!("more than {ADD_TICKETS_MOST} tickets in one request");
            return Err(refused(code::BAD_REQUEST, &reason));
        }
        let tickets = add::add(&self.links, &request.hashes).await;
        Ok(AddedTickets {
            tickets: tickets.map_err(|error| unavailable(&error))?,
        })
    }

    async fn set_low_fee(&self, request: LowFee) -> Result<LowFeeLists, Error> {
        self.ask(|reply| Request::SetLowFee(request.tickets, reply))
            .await
    }

    async fn stake_info(&self, _: Empty) -> Result<StakeInfo, Error> {
        let dcrd = &self.links.dcrd;
        let best = dcrd.best_block().await.map_err(|e| unavailable(&e))?;
        let (header, price, mempool) = tokio::try_join!(
            dcrd.header_info(best.hash),
            dcrd.stake_difficulty(),
            dcrd.mempool_tickets(),
        )
        .map_err(|error| unavailable(&error))?;
        let own = self.ask(Request::Numbers).await?;
        Ok(StakeInfo {
            height: best.height,
            ticket_price: price.next,
            pool_size: header.pool_size,
            mempool_tickets: mempool.len() as u64,
            total_subsidy: own.total_reward,
            own: own.counts,
        })
    }

    async fn agendas(&self, _: Empty) -> Result<Agendas, Error> {
        let known = self.ask(Request::Agendas).await?;
        let known = known.ok_or_else(|| refused(code::UNAVAILABLE, &"not known yet"))?;
        let choice = |choice: crate::decred::agenda::Choice| AgendaChoice {
            id: choice.id,
            description: choice.description,
            bits: choice.bits,
            is_abstain: choice.is_abstain,
            is_no: choice.is_no,
        };
        Ok(Agendas {
            version: known.version,
            agendas: known
                .agendas
                .into_iter()
                .map(|agenda| Agenda {
                    id: agenda.id,
                    description: agenda.description,
                    mask: agenda.mask,
                    status: agenda.status,
                    choices: agenda.choices.into_iter().map(choice).collect(),
                })
                .collect(),
        })
    }

    async fn script_registry(&self, _: Empty) -> Result<ScriptRegistry, Error> {
        self.ask(Request::ScriptRegistry).await
    }

    async fn events(&self) -> Result<mpsc::Receiver<Event>, Error> {
        self.ask(Request::Subscribe).await
    }
}
