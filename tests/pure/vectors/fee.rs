use dcrstakepool::decred::fee::{self, FeeAddresses, FeeSchedule, LowFee};
use dcrstakepool::decred::hdkey::ExtendedPubKey;
use dcrstakepool::decred::{Address, Atoms, Height, Network, PayTo, Ticket, Transaction};
use serde_json::Value;

use super::{at, atoms, height, network, number, text};

fn ticket(vector: &Value) -> (Transaction, Ticket) {
    let tx = Transaction::from_hex(text(vector, "hex")).unwrap();
    assert_eq!(tx.to_hex(), text(vector, "hex"));
    let ticket = Ticket::parse(&tx).unwrap();
    assert_eq!(ticket.hash.to_string(), text(vector, "ticket"));
    (tx, ticket)
}

fn pool_addresses(vectors: &Value) -> FeeAddresses {
    let branch = ExtendedPubKey::parse(network(vectors), text(vectors, "cold_wallet_extpub"))
        .unwrap()
        .external_branch()
        .unwrap();
    let mut addresses = FeeAddresses::new();
    let max = u32::try_from(number(vectors, "max_users")).unwrap();
    addresses.add_branch(&branch, max).unwrap();
    assert_eq!(addresses.len(), usize::try_from(max).unwrap() + 1);
    addresses
}

pub fn purchases(_: &str, vectors: &Value) {
    let params = network(vectors).params();
    let given = at(vectors, "params");
    assert_eq!(params.base_subsidy, atoms(given, "base"));
    assert_eq!(
        params.subsidy_reduction_interval,
        height(given, "interval").0
    );
    assert_eq!(params.ticket_pool_size, height(given, "ticket_pool_size").0);
    let addresses = pool_addresses(vectors);
    for vector in super::list(vectors, "vectors") {
        purchase(vectors, vector, &addresses);
    }
}

fn purchase(vectors: &Value, vector: &Value, addresses: &FeeAddresses) {
    let params = network(vectors).params();
    let (tx, ticket) = ticket(vector);
    let percent = at(vector, "pool_fee_percent").as_f64().unwrap();
    assert_eq!(ticket.price, atoms(vector, "price"));
    assert_eq!(ticket.committed(), Some(atoms(vector, "commitment_sum")));
    let outputs: i64 = tx.outputs.iter().map(|output| output.value.0).sum();
    assert_eq!(outputs, number(vector, "outputs_sum"));
    let inputs: i64 = tx.inputs.iter().map(|input| input.value_in.0).sum();
    assert_eq!(inputs, number(vector, "inputs_sum"));
    let commitment = *ticket.fee_commitment().unwrap();
    assert_eq!(commitment.amount, atoms(vector, "actual_commitment"));

    // The wallet that bought it computed with the height after its tip.
    let bought = Height(height(vector, "purchase_tip_height").0);
    assert_eq!(
        fee::original_vote_subsidy(params, bought),
        atoms(vector, "subsidy_pre_dcp0010")
    );
    assert_eq!(
        fee::subsidy(params, bought),
        atoms(vector, "subsidy_after_adjust")
    );
    let fee_paid = Atoms(ticket.committed().unwrap().0 - outputs);
    assert_eq!(fee_paid, atoms(vector, "tx_fee"));
    assert_eq!(
        fee::required(params, bought, ticket.price, fee_paid, percent),
        Some(atoms(vector, "required_fee"))
    );
    if at(vector, "mined_height").is_null() {
        return;
    }
    let mined = height(vector, "mined_height");
    assert_eq!(
        fee::subsidy(params, mined),
        atoms(vector, "subsidy_at_mined_height_after_adjust")
    );
    let required = atoms(vector, "required_fee_at_mined_height");
    assert_eq!(
        fee::required(params, mined, ticket.price, fee_paid, percent),
        Some(required)
    );
    let schedule = FeeSchedule::flat(percent).unwrap();
    let verdict = fee::judge(&ticket, params, mined, &schedule, addresses);
    assert_eq!(verdict, Ok(commitment.amount), "{}", ticket.hash);
    assert!(
        at(vector, "commit_addr_is_user_fee_addr")
            .as_bool()
            .unwrap()
    );
}

pub fn edges(_: &str, vectors: &Value) {
    let params = network(vectors).params();
    let addresses = pool_addresses(vectors);
    let schedule = FeeSchedule::flat(at(vectors, "percent").as_f64().unwrap()).unwrap();
    let mined = height(vectors, "mined_height");
    let cases = at(vectors, "cases").as_object().unwrap();
    for (name, case) in cases {
        let (_, ticket) = ticket(case);
        assert_eq!(ticket.price, atoms(vectors, "price"), "{name}");
        assert_eq!(ticket.change, atoms(case, "change"), "{name}");
        let verdict = fee::judge(&ticket, params, mined, &schedule, &addresses);
        let paid = atoms(case, "commitment");
        match text(case, "verdict") {
            "valid" => assert_eq!(verdict, Ok(paid), "{name}"),
            "invalid" if name.starts_with("feeaddr_") => {
                assert_eq!(verdict, Err(LowFee::Address), "{name}");
            }
            "invalid" => {
                let required = Atoms(paid.0 + 1);
                assert_eq!(verdict, Err(LowFee::Amount { paid, required }), "{name}");
            }
            other => panic!("{name}: verdict {other}"),
        }
    }
}

/// Rules beyond the recorded purchases: each makes the formula useless to whoever would game it.
#[test]
fn change_and_nonsense_amounts_are_low_fee() {
    let files = super::files();
    let (_, vectors) = files
        .iter()
        .find(|(name, _)| name == "fee_edge.json")
        .unwrap();
    let params = network(vectors).params();
    let addresses = pool_addresses(vectors);
    let schedule = FeeSchedule::flat(7.5).unwrap();
    let (_, exact) = ticket(at(vectors, "cases.exact"));
    let judge = |ticket: &Ticket| fee::judge(ticket, params, Height(394), &schedule, &addresses);
    assert!(judge(&exact).is_ok());

    let mut change = exact.clone();
    change.change = Atoms(change.price.0 + 1);
    assert_eq!(judge(&change), Err(LowFee::Change));

    let mut worthless = exact.clone();
    worthless.price = Atoms(0);
    for commitment in &mut worthless.commitments {
        commitment.amount = Atoms(0);
    }
    assert_eq!(judge(&worthless), Err(LowFee::Amounts));

    let mut none = exact;
    none.commitments.clear();
    assert_eq!(judge(&none), Err(LowFee::Amounts));
}

#[test]
fn a_schedule_starts_at_the_genesis_block_and_rises() {
    use fee::FeeScheduleError as Error;
    let schedule = FeeSchedule::new(vec![(Height(0), 7.5), (Height(900_000), 5.0)]).unwrap();
    for (height, percent) in [(0, 7.5), (899_999, 7.5), (900_000, 5.0), (u32::MAX, 5.0)] {
        assert!((schedule.percent_at(Height(height)) - percent).abs() < f64::EPSILON);
    }
    assert_eq!(FeeSchedule::new(Vec::new()), Err(Error::Empty));
    assert_eq!(
        FeeSchedule::new(vec![(Height(1), 5.0)]),
        Err(Error::Start(Height(1)))
    );
    assert_eq!(
        FeeSchedule::new(vec![(Height(0), 5.0), (Height(0), 6.0)]),
        Err(Error::Order(Height(0)))
    );
    for percent in [0.0, -1.0, 100.01, f64::NAN, f64::INFINITY] {
        assert!(matches!(FeeSchedule::flat(percent), Err(Error::Percent(_))));
    }
}

#[test]
fn stored_fee_addresses_count_and_scripts_do_not() {
    let network = Network::Simnet;
    let mut addresses = FeeAddresses::new();
    assert!(addresses.is_empty());
    assert!(addresses.add(&Address::pubkey_hash(network, [7; 20])));
    assert!(!addresses.add(&Address::script_hash(network, [8; 20])));
    assert!(addresses.contains(&PayTo::PubKeyHash([7; 20])));
    assert!(!addresses.contains(&PayTo::ScriptHash([7; 20])));
}
