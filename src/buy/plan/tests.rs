use super::*;
use crate::decred::Hash;
use crate::decred::tx::Tree;

const DCR: i64 = Atoms::PER_COIN;

fn coins(values: &[i64]) -> Vec<Coin> {
    (0_u32..)
        .zip(values)
        .map(|(index, value)| Coin {
            out_point: OutPoint {
                hash: Hash([7; 32]),
                index,
                tree: Tree::REGULAR,
            },
            value: Atoms(*value),
            script: vec![1],
        })
        .collect()
}

fn price(ticket: i64, pool_fee: i64) -> Price {
    Price {
        ticket: Atoms(ticket),
        pool_fee: Atoms(pool_fee),
    }
}

/// What a split will have put into the wallet.
fn coins_of(split: &SplitPlan) -> Vec<Coin> {
    let values: Vec<i64> = (0..split.tickets)
        .flat_map(|_| [split.fee_coin.0, split.rest_coin.0])
        .chain((split.change.0 > 0).then_some(split.change.0))
        .collect();
    coins(&values)
}

fn check_ticket(ticket: &TicketPlan, price: Price) {
    assert_eq!(ticket.fee_commitment.0, price.pool_fee.0.max(1));
    let committed = ticket.fee_commitment.0 + ticket.rest_commitment.0;
    assert_eq!(committed, price.ticket.0 + TICKET_FEE.0);
    assert_eq!(
        ticket.fee_coin.value.0,
        ticket.fee_commitment.0 + ticket.fee_change.0
    );
    assert_eq!(
        ticket.rest_coin.value.0,
        ticket.rest_commitment.0 + ticket.rest_change.0
    );
    assert!(ticket.fee_change.0 >= 0 && ticket.rest_change.0 >= 0);
    assert!(ticket.fee_change.0 + ticket.rest_change.0 < price.ticket.0);
}

fn check_split(split: &SplitPlan) {
    let inputs: i64 = split.inputs.iter().map(|coin| coin.value.0).sum();
    let tickets = i64::try_from(split.tickets).unwrap();
    let outputs = tickets * (split.fee_coin.0 + split.rest_coin.0) + split.change.0;
    assert_eq!(inputs, outputs + split.transaction_fee.0);
    assert!(split.fee_coin >= DUST && split.rest_coin >= DUST);
    assert!(split.change == Atoms(0) || split.change >= DUST);
    let bytes = size(split.inputs.len(), 2 * split.tickets);
    assert!(split.transaction_fee >= fee(bytes));
    assert!(split.transaction_fee.0 <= fee(bytes + OUTPUT_BYTES).0 + DUST.0);
}

#[test]
fn large_coins_are_split_and_the_split_is_found_again() {
    let price = price(115 * DCR, 12_345_678);
    let first = plan(coins(&[500 * DCR, 3 * DCR, 500 * DCR]), price, 3).unwrap();
    assert!(first.ready.is_empty());
    let split = first.split.unwrap();
    check_split(&split);
    assert_eq!(split.inputs.len(), 1, "the largest coin is enough");

    let second = plan(coins_of(&split), price, 3).unwrap();
    assert_eq!((second.ready.len(), second.split), (3, None));
    for ticket in &second.ready {
        check_ticket(ticket, price);
        assert_eq!(
            (ticket.fee_change, ticket.rest_change),
            (Atoms(0), Atoms(0))
        );
    }
}

#[test]
fn a_lower_price_gives_change_and_a_higher_one_needs_a_new_split() {
    let before = price(100 * DCR, 10_000_000);
    let split = plan(coins(&[500 * DCR]), before, 2).unwrap().split.unwrap();
    let lower = price(90 * DCR, 9_500_000);
    let cheaper = plan(coins_of(&split), lower, 2).unwrap();
    assert_eq!(cheaper.ready.len(), 2);
    for ticket in &cheaper.ready {
        check_ticket(ticket, lower);
        assert!(ticket.rest_change.0 > 9 * DCR);
    }
    let higher = plan(coins_of(&split), price(101 * DCR, 10_100_000), 2).unwrap();
    assert!(higher.ready.is_empty() && higher.split.is_some());
}

#[test]
fn only_the_missing_coins_are_made() {
    let price = price(100 * DCR, 10_000_000);
    let fitting = [10_000_000, 100 * DCR + 5420 - 10_000_000];
    let plan = plan(coins(&[fitting[0], fitting[1], 400 * DCR]), price, 3).unwrap();
    assert_eq!(plan.ready.len(), 1);
    let split = plan.split.as_ref().unwrap();
    assert_eq!(split.tickets, 2);
    check_split(split);
    let spent: Vec<_> = split.inputs.iter().map(|coin| coin.value).collect();
    assert_eq!(spent, [Atoms(400 * DCR)], "the fitting ones are kept");
    assert_eq!(
        plan.spends().0,
        3 * (100 * DCR + TICKET_FEE.0) + split.transaction_fee.0
    );
}

#[test]
fn a_much_larger_coin_is_never_a_ticket_by_itself() {
    // Its change would count against the price in the pool's rule.
    let price = price(100 * DCR, 10_000_000);
    let plan = plan(coins(&[130 * DCR, 10_000_000, 300 * DCR]), price, 1).unwrap();
    assert!(plan.ready.is_empty());
}

#[test]
fn the_cheapest_tickets_of_a_young_chain_find_their_split_too() {
    for pool_fee in [0, 1, 1906, 6029, 6030, 6031] {
        let price = price(20_000, pool_fee);
        let split = plan(coins(&[DCR]), price, 5).unwrap().split.unwrap();
        check_split(&split);
        let again = plan(coins_of(&split), price, 5).unwrap();
        assert_eq!(again.ready.len(), 5, "pool fee {pool_fee}");
        again.ready.iter().for_each(|t| check_ticket(t, price));
    }
}

#[test]
fn too_little_says_how_much() {
    let price = price(100 * DCR, 10_000_000);
    let error = plan(coins(&[60 * DCR, 40 * DCR]), price, 1).unwrap_err();
    let PlanError::Funds { needed, available } = error else {
        panic!("{error}")
    };
    assert_eq!(available, Atoms(100 * DCR));
    assert!(needed.0 > 100 * DCR + TICKET_FEE.0 && needed.0 < 100 * DCR + 20_000);
    assert!(matches!(
        plan(Vec::new(), price, 1),
        Err(PlanError::Funds { .. })
    ));
}

#[test]
fn transactions_stay_below_what_the_network_passes_on() {
    let price = price(DCR, 10_000_000);
    assert_eq!(
        plan(coins(&[10_000 * DCR]), price, 5000),
        Err(PlanError::TooManyTickets)
    );
    let small: Vec<i64> = std::iter::repeat_n(DCR / 1000, 5000).collect();
    assert_eq!(plan(coins(&small), price, 1), Err(PlanError::TooManyCoins));
    assert_eq!(
        plan(coins(&[DCR]), self::price(0, 10_000), 1),
        Err(PlanError::Price)
    );
}
