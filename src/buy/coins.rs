//! Which of the wallet's unspent outputs are coins for tickets.

use super::plan::{Coin, Plan, plan};
use crate::decred::purchase::Price;
use crate::decred::tx::{OutPoint, Tree};
use crate::decred::{Atoms, PayTo, TxHash};
use crate::node::dcrwallet::{PreviousOutput, Unspent};

/// Coins of other accounts are not touched.
pub(super) const ACCOUNT: &str = "default";

/// A ticket's parents must be in a block: with less, dcrd does not take it.
pub(super) const CONFIRMATIONS: u32 = 1;

/// Stake opcodes before a script that a key can spend: change of tickets, payouts of votes and
/// revocations. Output 0 of a ticket has another and is no coin.
const SPENDABLE_TAGS: [u8; 3] = [0xbb, 0xbc, 0xbd];

/// The transaction to wait for when the tickets' coins are there but for a block: the split of a run
/// that was broken off.
pub(super) fn unmined(unspent: &[Unspent], price: Price, count: usize) -> Option<TxHash> {
    let enough = |plan: &Plan| plan.split.is_none();
    if plan(coins(unspent, CONFIRMATIONS), price, count).is_ok_and(|plan| enough(&plan)) {
        return None;
    }
    let planned = plan(coins(unspent, 0), price, count).ok().filter(enough)?;
    planned
        .ready
        .iter()
        .flat_map(|ticket| [&ticket.fee_coin, &ticket.rest_coin])
        .map(|coin| coin.out_point.hash)
        .find(|hash| {
            unspent
                .iter()
                .any(|coin| coin.hash == *hash && !has(coin, CONFIRMATIONS))
        })
}

fn has(unspent: &Unspent, confirmations: u32) -> bool {
    unspent.confirmations >= i64::from(confirmations)
}

pub(super) fn coins(unspent: &[Unspent], confirmations: u32) -> Vec<Coin> {
    unspent
        .iter()
        .filter(|unspent| has(unspent, confirmations))
        .filter_map(coin)
        .collect()
}

pub(super) fn previous_output(coin: &Coin) -> PreviousOutput {
    PreviousOutput {
        hash: coin.out_point.hash,
        index: coin.out_point.index,
        tree: u8::try_from(coin.out_point.tree.0).unwrap_or_default(),
        script: hex::encode(&coin.script),
    }
}

/// A coin that one key of the account can spend; `None` for anything else.
fn coin(unspent: &Unspent) -> Option<Coin> {
    if !unspent.spendable || unspent.account != ACCOUNT || unspent.amount <= Atoms(0) {
        return None;
    }
    let script = hex::decode(&unspent.script).ok()?;
    let plain = match script.split_first() {
        Some((tag, rest)) if SPENDABLE_TAGS.contains(tag) => rest,
        _ => script.as_slice(),
    };
    matches!(PayTo::parse(plain), Some(PayTo::PubKeyHash(_))).then(|| Coin {
        out_point: OutPoint {
            hash: unspent.hash,
            index: unspent.index,
            tree: if unspent.tree == 0 {
                Tree::REGULAR
            } else {
                Tree::STAKE
            },
        },
        value: unspent.amount,
        script: script.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::Hash;
    use crate::decred::purchase::TICKET_FEE;

    fn unspent(script: &str) -> Unspent {
        serde_json::from_value(serde_json::json!({
            "txid": "9014490c8f8883a93f6f0042926f30f08ccf3aa8f3cfd21f9b1c070d92b3e646",
            "vout": 2, "tree": 1, "txtype": 1, "address": "", "account": "default",
            "scriptPubKey": script, "amount": 0.5, "confirmations": 18, "spendable": true,
        }))
        .unwrap()
    }

    #[test]
    fn the_split_of_a_broken_run_is_waited_for() {
        const KEY_HASH: &str = "76a914bb5e96404f3062592f2ff8d9b834533c891eba8a88ac";
        let price = Price {
            ticket: Atoms(10 * Atoms::PER_COIN),
            pool_fee: Atoms(Atoms::PER_COIN),
        };
        let with = |index, amount, confirmations| Unspent {
            hash: Hash([if confirmations == 0 { 1 } else { 2 }; 32]),
            index,
            amount: Atoms(amount),
            confirmations,
            ..unspent(KEY_HASH)
        };
        let rest = 9 * Atoms::PER_COIN + TICKET_FEE.0;
        let large = with(7, 500 * Atoms::PER_COIN, 9);
        let halves = |confirmations| {
            vec![
                with(0, Atoms::PER_COIN, confirmations),
                with(1, rest, confirmations),
                large.clone(),
            ]
        };
        assert_eq!(unmined(&halves(0), price, 1), Some(Hash([1; 32])));
        assert_eq!(unmined(&halves(1), price, 1), None, "nothing to wait for");
        assert_eq!(unmined(&halves(0), price, 2), None, "waiting is not enough");
        assert_eq!(unmined(&[large], price, 1), None, "a split is needed");
    }

    #[test]
    fn coins_are_what_one_own_key_can_spend() {
        let hash = "76a914bb5e96404f3062592f2ff8d9b834533c891eba8a88ac";
        let found = coin(&unspent(hash)).unwrap();
        assert_eq!(found.value, Atoms(50_000_000));
        assert_eq!(found.out_point.tree, Tree::STAKE);
        for tag in ["bb", "bc", "bd"] {
            assert!(coin(&unspent(&format!("{tag}{hash}"))).is_some());
        }
        // Output 0 of a ticket, a script hash, something unknown, nothing.
        for script in [
            &format!("ba{hash}"),
            "a914bcd1110d178ba82ecb4bdaf94cdf36bf61593c3687",
            "6a",
            "",
        ] {
            assert!(coin(&unspent(script)).is_none(), "{script}");
        }
        let other = Unspent {
            account: "savings".to_owned(),
            ..unspent(hash)
        };
        let watched = Unspent {
            spendable: false,
            ..unspent(hash)
        };
        assert!(coin(&other).is_none() && coin(&watched).is_none());
    }
}
