//! From a plan and fresh addresses to unsigned transactions.

use super::plan::{Coin, SplitPlan, TicketPlan};
use super::terms::Terms;
use crate::decred::ticket::{self, Commitment, TicketError, TicketInput};
use crate::decred::tx::{TxIn, TxOut};
use crate::decred::{Atoms, PayTo, Transaction};

/// Where change of nothing goes.
const NOBODY: PayTo = PayTo::PubKeyHash([0; 20]);

/// No part of the ticket's reward may be left to the miner.
const NO_FEE_LIMITS: u16 = 0;

/// Fresh addresses that a split needs.
pub fn split_addresses(plan: &SplitPlan) -> usize {
    2 * plan.tickets + usize::from(plan.change > Atoms(0))
}

/// The transaction that makes coins for tickets; `fresh` are as many as `split_addresses` says.
pub fn split(plan: &SplitPlan, fresh: &[PayTo]) -> Transaction {
    let values = (0..plan.tickets)
        .flat_map(|_| [plan.fee_coin, plan.rest_coin])
        .chain((plan.change > Atoms(0)).then_some(plan.change));
    Transaction {
        version: 1,
        inputs: plan.inputs.iter().map(spend).collect(),
        outputs: values
            .zip(fresh)
            .map(|(value, to)| TxOut::new(value, to.script()))
            .collect(),
        lock_time: 0,
        expiry: 0,
    }
}

fn spend(coin: &Coin) -> TxIn {
    TxIn::unsigned(coin.out_point, coin.value)
}

/// The holder's own fresh addresses for one ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketAddresses {
    /// Gets the price and the reward with the vote.
    pub refund: PayTo,
    pub fee_change: Option<PayTo>,
    pub rest_change: Option<PayTo>,
}

/// The ticket: voting right to the pool's script, the fee committed to the pool, all else to the holder.
pub fn ticket(
    plan: &TicketPlan,
    terms: &Terms,
    price: Atoms,
    own: &TicketAddresses,
) -> Result<Transaction, TicketError> {
    let submission = PayTo::ScriptHash(terms.script.hash160());
    let commitment = |to, amount| Commitment {
        to,
        amount,
        fee_limits: NO_FEE_LIMITS,
    };
    let input = |coin: &Coin, commitment, change, change_to: Option<PayTo>| TicketInput {
        spends: coin.out_point,
        value: coin.value,
        commitment,
        change_to: change_to.unwrap_or(NOBODY),
        change,
    };
    let fee = commitment(terms.fee_to, plan.fee_commitment);
    let rest = commitment(own.refund, plan.rest_commitment);
    ticket::build(
        submission,
        price,
        &[
            input(&plan.fee_coin, fee, plan.fee_change, own.fee_change),
            input(&plan.rest_coin, rest, plan.rest_change, own.rest_change),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::super::plan::plan;
    use super::super::terms::PurchaseInfo;
    use super::*;
    use crate::decred::fee::{self, FeeAddresses, FeeSchedule};
    use crate::decred::purchase::TICKET_FEE;
    use crate::decred::tx::{OutPoint, Tree};
    use crate::decred::{Hash, Height, Ticket};

    fn terms() -> Terms {
        Terms::new(&PurchaseInfo {
            pool_address: "SsmRzMovvwa1bAHZ3BT7Ncwz2g84iZBmgbd".to_owned(),
            pool_fees: 7.5,
            script: "512102fdfe2076c340945c582646d3ccdf0f9b03b54c82aca561c671c771768102845a21021439913739a200bf336b07fff0a175cfc81c15786f04423285e147d06ad8247752ae".to_owned(),
            ticket_address: "Sct4KkAwQf3s12bweyMUHZu7W76JoC6xUrC".to_owned(),
        })
        .unwrap()
    }

    fn coin(value: i64, index: u32) -> Coin {
        Coin {
            out_point: OutPoint {
                hash: Hash([1; 32]),
                index,
                tree: Tree::REGULAR,
            },
            value: Atoms(value),
            script: Vec::new(),
        }
    }

    fn own(number: u8) -> PayTo {
        PayTo::PubKeyHash([number; 20])
    }

    /// From a large coin over the split to a ticket that the pool finds good.
    #[test]
    fn the_pool_accepts_what_is_bought() {
        let terms = terms();
        for ticket_price in [20_000, 1_738_526, 31_633_136_657] {
            let price = Atoms(ticket_price);
            let tip = Height(300);
            let cost = terms.price(tip, price).unwrap();
            let planned = plan(vec![coin(50_000_000_000, 0)], cost, 1).unwrap();
            let split_plan = planned.split.unwrap();
            let fresh = [own(1), own(2), own(3)];
            assert_eq!(split_addresses(&split_plan), fresh.len());
            let split_tx = split(&split_plan, &fresh);
            let coins: Vec<_> = (0..)
                .zip(&split_tx.outputs)
                .map(|(index, output)| coin(output.value.0, index))
                .collect();
            let planned = plan(coins, cost, 1).unwrap();
            let change = planned.ready[0].fee_change > Atoms(0);
            let addresses = TicketAddresses {
                refund: own(4),
                fee_change: change.then_some(own(5)),
                rest_change: None,
            };
            let tx = ticket(&planned.ready[0], &terms, price, &addresses).unwrap();
            let ticket = Ticket::parse(&tx).unwrap();
            assert_eq!(ticket.address(terms.network), terms.ticket_address);
            assert_eq!(ticket.commitments[1].to, own(4));
            let inputs: i64 = tx.inputs.iter().map(|input| input.value_in.0).sum();
            let outputs: i64 = tx.outputs.iter().map(|output| output.value.0).sum();
            assert_eq!(inputs - outputs, TICKET_FEE.0);

            let mut pool = FeeAddresses::new();
            pool.add(&terms.fee_address);
            let schedule = FeeSchedule::flat(7.5).unwrap();
            for mined in [301, 302, 400, 444] {
                let params = terms.network.params();
                fee::judge(&ticket, params, Height(mined), &schedule, &pool).unwrap();
            }
        }
    }
}
