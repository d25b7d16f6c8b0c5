//! The judgement on a ticket's pool fee, with what it needs: schedule and the pool's own addresses.

use std::sync::Arc;

use crate::decred::fee::{self, FeeAddresses, FeeSchedule, LowFee};
use crate::decred::params::Params;
use crate::decred::ticket::Ticket;
use crate::decred::{Atoms, Height};
use crate::domain::FeeVerdict;

/// Judges fees once the pool's addresses are known; they are derived in the background after start.
#[derive(Debug, Clone)]
pub struct Judge {
    params: &'static Params,
    schedule: FeeSchedule,
    addresses: Option<Arc<FeeAddresses>>,
}

impl Judge {
    pub fn new(params: &'static Params, schedule: FeeSchedule) -> Self {
        Self {
            params,
            schedule,
            addresses: None,
        }
    }

    /// Those it knows; `None` until they are derived.
    pub fn addresses(&self) -> Option<Arc<FeeAddresses>> {
        self.addresses.clone()
    }

    pub fn know(&mut self, addresses: Arc<FeeAddresses>) {
        self.addresses = Some(addresses);
    }

    /// The verdict and what the ticket pays to the pool; `None` until the addresses are known.
    pub fn verdict(&self, ticket: &Ticket, mined: Height) -> Option<(FeeVerdict, Atoms)> {
        let addresses = self.addresses.as_ref()?;
        Some(
            match fee::judge(ticket, self.params, mined, &self.schedule, addresses) {
                Ok(paid) => (FeeVerdict::Good, paid),
                Err(reason) => {
                    tracing::info!(ticket.hash = %ticket.hash, %reason, "ticket with a low fee");
                    (FeeVerdict::Low, paid(&reason))
                }
            },
        )
    }
}

fn paid(reason: &LowFee) -> Atoms {
    match reason {
        LowFee::Amount { paid, .. } => *paid,
        _ => Atoms(0),
    }
}
