//! Which coins become which tickets: amounts only, no wallet.
//!
//! A ticket has two inputs: one that carries the pool's fee and one that carries the rest. Coins that
//! fit are used as they are, what they have too much comes back as change of the ticket; for the
//! tickets that find no fitting coins one split makes them.

use crate::decred::Atoms;
use crate::decred::purchase::{DUST, FEE_PER_BYTE, Price, TICKET_FEE};
use crate::decred::tx::OutPoint;

/// The largest transaction that is passed on, in bytes.
const MAX_STANDARD_BYTES: usize = 100_000;

/// Bytes of a regular transaction: what it has once, for each input signed by one key, for each output.
const TX_BYTES: usize = 24;
const INPUT_BYTES: usize = 41 + 17 + 109;
const OUTPUT_BYTES: usize = 36;

/// A coin of the wallet that one of its keys can spend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coin {
    pub out_point: OutPoint,
    pub value: Atoms,
    pub script: Vec<u8>,
}

/// One ticket to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketPlan {
    pub fee_coin: Coin,
    /// What `fee_coin` commits to the pool.
    pub fee_commitment: Atoms,
    pub fee_change: Atoms,
    pub rest_coin: Coin,
    /// What `rest_coin` commits to its owner.
    pub rest_commitment: Atoms,
    pub rest_change: Atoms,
}

/// One transaction that makes coins for several tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitPlan {
    pub inputs: Vec<Coin>,
    /// Tickets that it makes coins for.
    pub tickets: usize,
    pub fee_coin: Atoms,
    pub rest_coin: Atoms,
    /// Zero: no change output.
    pub change: Atoms,
    pub transaction_fee: Atoms,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub price: Price,
    /// Tickets for which the coins are there.
    pub ready: Vec<TicketPlan>,
    /// For the others.
    pub split: Option<SplitPlan>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error(
        "{needed} DCR are needed; the confirmed spendable coins of account default are {available} DCR"
    )]
    Funds { needed: Atoms, available: Atoms },
    #[error("its coins are too small: they do not fit into one transaction; merge some first")]
    TooManyCoins,
    #[error("so many tickets do not fit into one split: buy fewer at a time")]
    TooManyTickets,
    #[error("the ticket price makes no sense")]
    Price,
}

/// Plans `count` tickets with the `coins` that may be spent.
pub fn plan(mut coins: Vec<Coin>, price: Price, count: usize) -> Result<Plan, PlanError> {
    coins.sort_by_key(|coin| (coin.value, coin.out_point));
    let mut ready = Vec::new();
    while ready.len() < count {
        let Some(ticket) = take_ticket(&mut coins, price)? else {
            break;
        };
        ready.push(ticket);
    }
    let missing = count - ready.len();
    let split = match missing {
        0 => None,
        tickets => Some(split(coins, price, tickets)?),
    };
    Ok(Plan {
        price,
        ready,
        split,
    })
}

/// Takes two coins that fit one ticket out of `coins`, which are sorted.
fn take_ticket(coins: &mut Vec<Coin>, price: Price) -> Result<Option<TicketPlan>, PlanError> {
    let rest_part = price.rest_part().ok_or(PlanError::Price)?;
    let fee_part = price.fee_part();
    let fits = |coin: &Coin, needed: Atoms| {
        let most = needed.checked_add(tolerance(price));
        coin.value >= needed && most.is_some_and(|most| coin.value <= most)
    };
    let Some(rest_at) = coins.iter().position(|coin| fits(coin, rest_part)) else {
        return Ok(None);
    };
    let rest_coin = coins.remove(rest_at);
    let Some(fee_at) = coins.iter().position(|coin| fits(coin, fee_part)) else {
        coins.insert(rest_at, rest_coin);
        return Ok(None);
    };
    let fee_coin = coins.remove(fee_at);
    let over = |coin: &Coin, part: Atoms| coin.value.checked_sub(part).ok_or(PlanError::Price);
    Ok(Some(TicketPlan {
        fee_change: over(&fee_coin, fee_part)?,
        fee_commitment: fee_part,
        fee_coin,
        rest_change: over(&rest_coin, rest_part)?,
        rest_commitment: rest_part,
        rest_coin,
    }))
}

/// How much more than needed a coin may have to be used as it is. Change counts against the price in the
/// pool's rule, so it stays far below it.
fn tolerance(price: Price) -> Atoms {
    Atoms((price.ticket.0 / 4).max(DUST.0))
}

/// Makes the coins of `tickets` tickets out of the largest of `coins`, which are sorted.
fn split(coins: Vec<Coin>, price: Price, tickets: usize) -> Result<SplitPlan, PlanError> {
    let fee_coin = price.fee_coin();
    let rest_coin = price.rest_coin().ok_or(PlanError::Price)?;
    let wanted = i64::try_from(tickets)
        .ok()
        .and_then(|tickets| {
            fee_coin
                .checked_add(rest_coin)?
                .0
                .checked_mul(tickets)
                .map(Atoms)
        })
        .ok_or(PlanError::Price)?;
    let outputs = 2 * tickets + 1;
    let available = sum(&coins);
    if size(1, outputs) > MAX_STANDARD_BYTES {
        return Err(PlanError::TooManyTickets);
    }
    let mut inputs: Vec<Coin> = Vec::new();
    let mut total = Atoms(0);
    for coin in coins.into_iter().rev() {
        total = total.checked_add(coin.value).ok_or(PlanError::Price)?;
        inputs.push(coin);
        let bytes = size(inputs.len(), outputs);
        if bytes > MAX_STANDARD_BYTES {
            return Err(PlanError::TooManyCoins);
        }
        let transaction_fee = fee(bytes);
        let needed = wanted
            .checked_add(transaction_fee)
            .ok_or(PlanError::Price)?;
        if let Some(over) = total.checked_sub(needed).filter(|over| *over >= Atoms(0)) {
            return Ok(finish(
                inputs,
                tickets,
                (fee_coin, rest_coin),
                over,
                transaction_fee,
            ));
        }
    }
    let needed = wanted
        .checked_add(fee(size(1, outputs)))
        .ok_or(PlanError::Price)?;
    Err(PlanError::Funds { needed, available })
}

/// What is over becomes change, or fee where it is too little to be sent.
fn finish(
    inputs: Vec<Coin>,
    tickets: usize,
    (fee_coin, rest_coin): (Atoms, Atoms),
    over: Atoms,
    transaction_fee: Atoms,
) -> SplitPlan {
    let (change, extra) = if over >= DUST {
        (over, 0)
    } else {
        (Atoms(0), over.0)
    };
    SplitPlan {
        inputs,
        tickets,
        fee_coin,
        rest_coin,
        change,
        transaction_fee: Atoms(transaction_fee.0.saturating_add(extra)),
    }
}

fn size(inputs: usize, outputs: usize) -> usize {
    TX_BYTES + inputs * INPUT_BYTES + outputs * OUTPUT_BYTES
}

fn fee(bytes: usize) -> Atoms {
    Atoms(
        i64::try_from(bytes)
            .unwrap_or(i64::MAX)
            .saturating_mul(FEE_PER_BYTE),
    )
}

fn sum(coins: &[Coin]) -> Atoms {
    Atoms(
        coins
            .iter()
            .fold(0, |total, coin| coin.value.0.saturating_add(total)),
    )
}

impl Plan {
    /// All that leaves the wallet's spendable coins, what comes back later included.
    pub fn spends(&self) -> Atoms {
        let each = self.price.ticket.0.saturating_add(TICKET_FEE.0);
        let tickets = self.ready.len() + self.split.as_ref().map_or(0, |split| split.tickets);
        let tickets = i64::try_from(tickets).unwrap_or(i64::MAX);
        let split = self
            .split
            .as_ref()
            .map_or(0, |split| split.transaction_fee.0);
        Atoms(each.saturating_mul(tickets).saturating_add(split))
    }
}

#[cfg(test)]
mod tests;
