//! Wallets that lock themselves, and wallets that begin anew.

use std::time::{Duration, Instant};

use dcrstakepool::rpc::wire::SignerKind;

use crate::harness::simnet::VOTING_SEED;
use crate::harness::wait;

use super::stage::{NODES, Part, Stage};
use super::truth;

/// Blocks while something is wrong.
const BLOCKS: u32 = 6;

/// All wallets lock themselves. Votes are signed in memory, an alarm says what to do, and is over when it is
/// done.
#[test]
fn locked_wallets_cost_no_vote() {
    let mut stage = Stage::open("locked");
    for wallet in &stage.world.simnet.voting_wallets {
        wallet.lock();
    }
    stage.mine_for(BLOCKS);
    for voter in 0..NODES {
        has_alarm(&stage, voter, "wallet_locked");
        assert_eq!(
            stage.status(voter).map(|s| s.signer),
            Ok(SignerKind::Memory)
        );
    }
    stage.feels_something();
    for wallet in &stage.world.simnet.voting_wallets {
        wallet.unlock();
    }
    let recovery = stage.becomes_normal();
    stage.nothing_was_lost();
    stage.tell(
        "all wallets locked while votes are signed in memory",
        recovery,
    );
}

/// A wallet is lost, and one made from the same seed takes its place while the voter runs on: it gets
/// addresses and scripts, is rescanned, and knows all tickets. Then it signs all votes alone.
#[test]
#[ignore = "for --all"]
fn a_fresh_wallet_from_the_seed_becomes_useful_by_itself() {
    let mut stage = Stage::open("fresh");
    let wallet = &mut stage.world.simnet.voting_wallets[1];
    wallet.replace(VOTING_SEED);
    stage.mine_for(2);
    let start = Instant::now();
    stage.start(Part::Wallet(1));
    let recovery = stage.becomes_normal();
    truth::is_known_by_wallet(&stage, 1);
    let knows = start.elapsed();
    let lives = stage.world.pool.voters[1].log();
    assert!(lives.contains("the wallet's rescan is done"), "no rescan");
    truth::is_told_by_voter(&stage, 1);

    signs_by_wallet(&mut stage, 1);
    stage.stop(Part::Voter(0));
    stage.mine_for(BLOCKS);
    assert_eq!(stage.status(1).map(|s| s.signer), Ok(SignerKind::Wallet));
    stage.start(Part::Voter(0));
    stage.becomes_normal();
    truth::is_told_by_all(&stage);
    stage.nothing_was_lost();
    stage.tell(
        &format!(
            "a fresh wallet from the seed knew all tickets after {:.1} s and signed {BLOCKS} blocks alone",
            knows.as_secs_f64()
        ),
        recovery,
    );
}

/// Wallet and voter are set up anew on an empty disk, from seed and configuration.
#[test]
#[ignore = "for --all"]
fn a_voting_node_on_a_new_machine_learns_everything() {
    let mut stage = Stage::open("machine");
    stage.stop(Part::Voter(1));
    stage.world.simnet.voting_wallets[1].replace(VOTING_SEED);
    let folder = stage.world.pool.voters[1].folder().join("data");
    std::fs::remove_dir_all(folder).expect("a voter's data");
    stage.mine_for(2);
    stage.start(Part::Wallet(1));
    let node = stage.world.simnet.nodes[2].height();
    stage.world.simnet.voting_wallets[1].wait_synced(node);
    stage.start(Part::Voter(1));
    stage.supervise();
    let recovery = stage.becomes_normal();
    truth::is_known_by_wallet(&stage, 1);
    truth::is_told_by_all(&stage);
    stage.stop(Part::Voter(0));
    stage.mine_for(BLOCKS);
    stage.start(Part::Voter(0));
    stage.supervise();
    stage.becomes_normal();
    truth::is_told_by_all(&stage);
    stage.nothing_was_lost();
    stage.tell("a wallet from the seed and a voter without data", recovery);
}

/// Starts the voter again, without the memory signer.
fn signs_by_wallet(stage: &mut Stage, voter: usize) {
    stage.stop(Part::Voter(voter));
    stage.world.pool.voters[voter].edit("[voter]\n", "[voter]\nsigner = \"wallet\"\n");
    stage.start(Part::Voter(voter));
    stage.supervise();
    stage.becomes_normal();
}

/// Waits for the alarm.
pub fn has_alarm(stage: &Stage, voter: usize, id: &str) {
    let what = format!("voter {} to raise {id}", voter + 1);
    wait::until_within(Duration::from_secs(30), &what, || {
        let status = stage.status(voter)?;
        let alarms = status.alarms.iter();
        let on: Vec<_> = alarms.map(|alarm| alarm.id.as_str()).collect();
        if on.contains(&id) {
            Ok(())
        } else {
            Err(format!("alarms: {on:?}"))
        }
    });
}
