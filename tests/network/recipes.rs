//! The harness's own ground: both pairs make a chain, and wallets have coins, before any pool is there.

use crate::harness::folder::Folder;
use crate::harness::ledger::Ledger;
use crate::harness::pair::Pair;
use crate::harness::simnet::Simnet;

fn a_network_comes_up(pair: Pair) {
    let folder = Folder::new(pair.name());
    let mut simnet = Simnet::start(pair, folder.path(), 2);
    let wallet = simnet.user_wallet();
    simnet.fund(&[&wallet], 10.0);
    assert!(
        wallet.spendable() > 9.99,
        "the user has {}",
        wallet.spendable()
    );
    let mut ledger = Ledger::default();
    ledger.read(&simnet.nodes[1]);
    assert_eq!(ledger.height(), simnet.height());
    assert_eq!(
        simnet.voting_wallets[0].extpub(),
        simnet.voting_wallets[1].extpub()
    );
}

#[test]
fn a_network_of_current_daemons_comes_up() {
    a_network_comes_up(Pair::Current);
}

#[test]
fn a_network_of_legacy_daemons_comes_up() {
    a_network_comes_up(Pair::Legacy);
}
