//! The pool's fee: what a ticket must commit to the pool, and the judgement on one that was mined.
//!
//! The rule is the one of every stake pool wallet: the fee percentage of the vote subsidy that a ticket
//! can expect at the original 30 % split, whatever split consensus uses today.

use std::collections::HashSet;

use super::address::Address;
use super::hdkey::{Branch, ExtendedKeyError};
use super::params::Params;
use super::script::PayTo;
use super::ticket::Ticket;
use super::types::{Atoms, Height};

/// The subsidy shrinks by this fraction at each reduction interval.
const REDUCTION: (i64, i64) = (100, 101);

/// Stake's share of the block subsidy at the original split, in tenths.
const STAKE_TENTHS: i64 = 3;

/// A percentage is taken in hundredths, and those of a whole are these.
const HUNDREDTHS_OF_WHOLE: i128 = 10_000;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FeeScheduleError {
    #[error("the fee schedule is empty")]
    Empty,
    #[error("the fee schedule must start at height 0, not {0}")]
    Start(Height),
    #[error("the fee schedule's heights must rise: {0} comes twice or too late")]
    Order(Height),
    #[error("a fee of {0} % is not between 0.01 and 100")]
    Percent(f64),
}

/// The pool's percentages, each from its height on.
#[derive(Debug, Clone, PartialEq)]
pub struct FeeSchedule(Vec<(Height, f64)>);

impl FeeSchedule {
    /// Percentages by rising height, the first at height 0.
    pub fn new(fees: Vec<(Height, f64)>) -> Result<Self, FeeScheduleError> {
        let first = fees.first().ok_or(FeeScheduleError::Empty)?;
        if first.0 != Height(0) {
            return Err(FeeScheduleError::Start(first.0));
        }
        for pair in fees.windows(2) {
            if let [(before, _), (after, _)] = pair
                && before >= after
            {
                return Err(FeeScheduleError::Order(*after));
            }
        }
        match fees.iter().find(|(_, percent)| !in_range(*percent)) {
            Some((_, percent)) => Err(FeeScheduleError::Percent(*percent)),
            None => Ok(Self(fees)),
        }
    }

    /// One percentage for all heights.
    pub fn flat(percent: f64) -> Result<Self, FeeScheduleError> {
        Self::new(vec![(Height(0), percent)])
    }

    /// In percent.
    pub fn percent_at(&self, height: Height) -> f64 {
        self.0
            .iter()
            .rev()
            .find(|(from, _)| *from <= height)
            .map_or(0.0, |(_, percent)| *percent)
    }

    pub fn entries(&self) -> &[(Height, f64)] {
        &self.0
    }
}

fn in_range(percent: f64) -> bool {
    (0.01..=100.0).contains(&percent)
}

/// `floor(percent × 100)` in a double, as every wallet computes it: 2.3 gives 229, 0.29 gives 28.
#[expect(
    clippy::cast_possible_truncation,
    reason = "clamped to what an i128 holds exactly"
)]
fn hundredths(percent: f64) -> i128 {
    (percent * 100.0).floor().clamp(0.0, 10_000.0) as i128
}

/// One vote's subsidy at `height` by the split that the network began with, in atoms.
pub fn original_vote_subsidy(params: &Params, height: Height) -> Atoms {
    if height.0 < params.stake_validation_height.saturating_sub(1) {
        return Atoms(0);
    }
    let interval = params.subsidy_reduction_interval.max(1);
    let block = reduce(params.base_subsidy.0, height.0 / interval);
    let votes = i64::from(params.tickets_per_block.max(1));
    // Base subsidies are below 2^36, so tripling cannot overflow.
    Atoms(block.saturating_mul(STAKE_TENTHS) / (10 * votes))
}

/// The subsidy `s` of the rule for a ticket mined at `height`: the original one, reduced as often as a
/// ticket may meet reductions while it waits; in atoms.
pub fn subsidy(params: &Params, height: Height) -> Atoms {
    let interval = params.subsidy_reduction_interval.max(1);
    let original = original_vote_subsidy(params, height);
    Atoms(reduce(
        original.0,
        params.ticket_pool_size.div_ceil(interval),
    ))
}

/// Takes 100/101, rounded down each time.
fn reduce(value: i64, times: u32) -> i64 {
    let (numerator, denominator) = REDUCTION;
    let mut value = value;
    for _ in 0..times {
        // Once at zero it stays there: heights from outside cannot make this long.
        if value <= 0 {
            break;
        }
        value = value.saturating_mul(numerator) / denominator;
    }
    value
}

/// What must be committed to the pool, in atoms, for a ticket of `price` that pays `transaction_fee` (may
/// be negative) and is mined at `height`. `None` when the rule has no answer: nothing to share.
pub fn required(
    params: &Params,
    height: Height,
    price: Atoms,
    transaction_fee: Atoms,
    percent: f64,
) -> Option<Atoms> {
    let s = i128::from(subsidy(params, height).0);
    let v = i128::from(price.0);
    let base = v + i128::from(transaction_fee.0);
    let divisor = HUNDREDTHS_OF_WHOLE.checked_mul(s + v)?;
    if base <= 0 || divisor <= 0 {
        return None;
    }
    let product = hundredths(percent).checked_mul(s)?.checked_mul(base)?;
    i64::try_from(product.checked_div_euclid(divisor)?)
        .ok()
        .map(Atoms)
}

/// The addresses that the pool's fee may go to.
#[derive(Debug, Clone, Default)]
pub struct FeeAddresses(HashSet<[u8; 20]>);

impl FeeAddresses {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the children 0 to `max_index` of a fee wallet's external branch.
    pub fn add_branch(&mut self, branch: &Branch, max_index: u32) -> Result<(), ExtendedKeyError> {
        self.0
            .reserve(usize::try_from(max_index).unwrap_or_default());
        for index in 0..=max_index {
            match branch.key(index) {
                Ok(key) => self.0.insert(key.hash160()),
                // One index in 2^127 has no key: no wallet has it either.
                Err(ExtendedKeyError::NoSuchChild(_)) => false,
                Err(error) => return Err(error),
            };
        }
        Ok(())
    }

    /// Adds one stored fee address; false when it is of no kind that can be a fee address.
    pub fn add(&mut self, address: &Address) -> bool {
        match address.pay_to() {
            Some(PayTo::PubKeyHash(hash)) => {
                self.0.insert(hash);
                true
            }
            _ => false,
        }
    }

    pub fn contains(&self, to: &PayTo) -> bool {
        matches!(to, PayTo::PubKeyHash(hash) if self.0.contains(hash))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Why a ticket is not voted until an admin adds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LowFee {
    #[error("the first commitment does not pay a fee address of the pool")]
    Address,
    #[error("it commits {paid} DCR to the pool, {required} are required")]
    Amount { paid: Atoms, required: Atoms },
    #[error("its change is larger than its price")]
    Change,
    #[error("its amounts make no sense")]
    Amounts,
}

/// Judges a ticket that was mined at `height`: what it pays to the pool, or why that is too little.
pub fn judge(
    ticket: &Ticket,
    params: &Params,
    height: Height,
    schedule: &FeeSchedule,
    addresses: &FeeAddresses,
) -> Result<Atoms, LowFee> {
    let fee = ticket.fee_commitment().ok_or(LowFee::Amounts)?;
    if !addresses.contains(&fee.to) {
        return Err(LowFee::Address);
    }
    if ticket.change > ticket.price {
        return Err(LowFee::Change);
    }
    let transaction_fee = ticket
        .committed()
        .and_then(|committed| committed.checked_sub(ticket.price))
        .and_then(|rest| rest.checked_sub(ticket.change))
        .ok_or(LowFee::Amounts)?;
    let required = required(
        params,
        height,
        ticket.price,
        transaction_fee,
        schedule.percent_at(height),
    )
    .ok_or(LowFee::Amounts)?;
    if fee.amount < required {
        return Err(LowFee::Amount {
            paid: fee.amount,
            required,
        });
    }
    Ok(fee.amount)
}
