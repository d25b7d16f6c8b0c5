//! `[pool]`: what web and every voter must agree on, and how the pool presents itself.

use crate::decred::Height;
use crate::secret::Secret;

/// The pool.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    pub name: String,
    pub description: String,
    pub email: String,
    pub link: String,
    /// Banner on every page; empty: none.
    pub notice: String,
    /// Ascending heights, the first is 0; never empty.
    pub fees: Vec<FeeStep>,
    /// No sign-ups, no address submissions.
    pub closed: bool,
    pub closed_message: String,
    /// Extended public key of the voting wallets' account 0. A secret: see 02, invariants.
    pub voting_extpub: Secret,
    pub cold_extpub: Secret,
    /// Tickets that pay their fee to these are good, too.
    pub former_cold_extpubs: Vec<Secret>,
    /// Voters that must confirm an enrolment.
    pub min_voters: usize,
    /// Highest key index that is ever used.
    pub max_users: u32,
}

/// A fee in force from a height on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeeStep {
    pub from: Height,
    /// 0 to 100, at most two decimals. Kept as the operator wrote it: the fee rule's rounding is
    /// defined on the double.
    pub percent: f64,
}

impl PoolConfig {
    /// The fee at `height`.
    pub fn fee_percent_at(&self, height: Height) -> f64 {
        self.fees
            .iter()
            .rev()
            .find(|step| step.from <= height)
            .map_or(0.0, |step| step.percent)
    }
}
