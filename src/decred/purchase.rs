//! What a pool's ticket costs its holder: the price, the part of it that is committed to the pool, and the
//! two coins that carry both.

use super::fee;
use super::params::Params;
use super::types::{Atoms, Height};

/// Least fee of a transaction, in atoms for each of its bytes: the network's default.
pub const FEE_PER_BYTE: i64 = 10;

/// A ticket with two inputs, signed, has 542 bytes.
pub const TICKET_FEE: Atoms = Atoms(542 * FEE_PER_BYTE);

/// Smaller outputs of a regular transaction are not passed on.
pub const DUST: Atoms = Atoms(6030);

/// Within so many blocks a ticket is mined or its price is outdated.
const SOON: u32 = 144;

/// What one ticket costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    pub ticket: Atoms,
    /// What is committed to the pool, out of the ticket's price.
    pub pool_fee: Atoms,
}

impl Price {
    /// Of a `ticket` price that is in force after `tip`, to a pool that takes `percent`.
    pub fn of(params: &Params, tip: Height, ticket: Atoms, percent: f64) -> Option<Self> {
        let height = dearest_height(params, tip)?;
        let pool_fee = fee::required(params, height, ticket, TICKET_FEE, percent)?;
        Some(Self { ticket, pool_fee })
    }

    /// What the first input commits to the pool: never nothing, a commitment has an owner.
    pub fn fee_part(self) -> Atoms {
        self.pool_fee.max(Atoms(1))
    }

    /// What the second input commits to the holder.
    pub fn rest_part(self) -> Option<Atoms> {
        self.ticket
            .checked_add(TICKET_FEE)?
            .checked_sub(self.fee_part())
            .filter(|rest| *rest > Atoms(0))
    }

    /// The coin for the first input.
    pub fn fee_coin(self) -> Atoms {
        self.fee_part().max(DUST)
    }

    /// The coin for the second input.
    pub fn rest_coin(self) -> Option<Atoms> {
        self.rest_part().map(|rest| rest.max(DUST))
    }
}

/// The pool judges a ticket by the height at which it is mined, which nobody knows before: where it may ask
/// most. The subsidy, and the fee with it, only falls with height; it rises once, from nothing.
pub fn dearest_height(params: &Params, tip: Height) -> Option<Height> {
    let next = tip.0.checked_add(1)?;
    let first_subsidy = params.stake_validation_height.saturating_sub(1);
    Some(Height(
        next.max(first_subsidy.min(next.saturating_add(SOON))),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::Network;

    #[test]
    fn the_fee_is_enough_at_every_height_the_ticket_may_be_mined_at() {
        let params = Network::Simnet.params();
        let ticket = Atoms(2_000_000_000);
        // Before votes are needed, at a reduction of the subsidy, far out.
        for tip in [0, 100, 140, 141, 142, 143, 255, 256, 383, 384, 10_000] {
            let price = Price::of(params, Height(tip), ticket, 7.5).unwrap();
            for mined in tip + 1..tip + 100 {
                let needed = fee::required(params, Height(mined), ticket, TICKET_FEE, 7.5).unwrap();
                assert!(price.pool_fee >= needed, "tip {tip}, mined {mined}");
            }
        }
    }

    #[test]
    fn the_two_coins_carry_price_and_network_fee() {
        let params = Network::Mainnet.params();
        for ticket in [20_000, 1_738_526, 31_633_136_657] {
            let price = Price::of(params, Height(900_000), Atoms(ticket), 5.0).unwrap();
            let rest = price.rest_part().unwrap();
            assert_eq!(price.fee_part().0 + rest.0, ticket + TICKET_FEE.0);
            assert!(price.fee_coin() >= DUST && price.rest_coin().unwrap() >= DUST);
        }
        let unheard = Price {
            ticket: Atoms(1),
            pool_fee: Atoms(1_000_000),
        };
        assert_eq!(unheard.rest_coin(), None);
    }
}
