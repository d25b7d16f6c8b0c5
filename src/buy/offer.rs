//! What is about to be done, in words, and whether it was agreed to.

use std::fmt;

use super::plan::Plan;
use super::terms::Terms;
use crate::decred::{Atoms, Network};

/// One purchase as it is shown to the holder.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    pub network: Network,
    pub tickets: usize,
    pub price: Atoms,
    pub pool_fee: Atoms,
    pub fee_percent: f64,
    pub ticket_address: String,
    pub fee_address: String,
    /// Tickets whose coins must be made first.
    pub split_for: usize,
    /// All that leaves the spendable coins.
    pub spends: Atoms,
}

impl Offer {
    pub fn new(plan: &Plan, terms: &Terms) -> Self {
        let split_for = plan.split.as_ref().map_or(0, |split| split.tickets);
        Self {
            network: terms.network,
            tickets: plan.ready.len() + split_for,
            price: plan.price.ticket,
            pool_fee: plan.price.pool_fee,
            fee_percent: terms.fee_percent,
            ticket_address: terms.ticket_address.to_string(),
            fee_address: terms.fee_address.to_string(),
            split_for,
            spends: plan.spends(),
        }
    }

    /// Whether who agreed to `self` also agreed to `other`: no ticket dearer, no fee higher.
    pub fn covers(&self, other: &Offer) -> bool {
        other.tickets <= self.tickets
            && other.price <= self.price
            && other.pool_fee <= self.pool_fee
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Buy on {}:", self.network)?;
        writeln!(f, "  tickets         {}", self.tickets)?;
        writeln!(f, "  price of each   {} DCR", self.price)?;
        writeln!(
            f,
            "  pool fee        {} DCR of each, {} %, to {}",
            self.pool_fee, self.fee_percent, self.fee_address
        )?;
        writeln!(f, "  voting rights   {}", self.ticket_address)?;
        writeln!(
            f,
            "  refund, change  fresh addresses of your wallet, account default"
        )?;
        if self.split_for > 0 {
            writeln!(
                f,
                "  first           one transaction makes the coins for {} of them, and is waited for",
                self.split_for
            )?;
        }
        write!(f, "  in all          {} DCR, fees included", self.spends)
    }
}
