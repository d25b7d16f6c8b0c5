//! Processes die, freeze, and come back.

use std::time::Duration;

use crate::harness::wait;

use super::stage::{Part, Stage};

/// Blocks that come while something is away.
const BLOCKS: u32 = 8;
const FROZEN: Duration = Duration::from_secs(18);

fn killed(name: &str, part: Part) {
    let mut stage = Stage::open(name);
    stage.kill(part);
    stage.mine_for(BLOCKS);
    stage.feels_something();
    stage.start(part);
    let recovery = stage.becomes_normal();
    stage.nothing_was_lost();
    stage.tell(&format!("kill -9 of {part}"), recovery);
}

#[test]
fn a_killed_dcrd_costs_no_vote() {
    killed("kill-dcrd", Part::Dcrd(0));
}

#[test]
#[ignore = "for --all"]
fn a_killed_dcrwallet_costs_no_vote() {
    killed("kill-wallet", Part::Wallet(0));
}

#[test]
#[ignore = "for --all"]
fn a_killed_voter_costs_no_vote() {
    killed("kill-voter", Part::Voter(0));
}

#[test]
#[ignore = "for --all"]
fn a_killed_web_costs_no_vote() {
    killed("kill-web", Part::Web);
}

fn frozen(name: &str, part: Part) {
    let mut stage = Stage::open(name);
    stage.freeze(part);
    stage.mine_during(FROZEN);
    stage.thaw(part);
    let recovery = stage.becomes_normal();
    stage.nothing_was_lost();
    stage.tell(
        &format!("SIGSTOP of {part} for {} s", FROZEN.as_secs()),
        recovery,
    );
}

#[test]
fn a_frozen_dcrd_costs_no_vote() {
    frozen("freeze-dcrd", Part::Dcrd(0));
}

#[test]
#[ignore = "for --all"]
fn a_frozen_dcrwallet_costs_no_vote() {
    frozen("freeze-wallet", Part::Wallet(0));
}

#[test]
#[ignore = "for --all"]
fn a_frozen_voter_costs_no_vote() {
    frozen("freeze-voter", Part::Voter(0));
}

#[test]
#[ignore = "for --all"]
fn a_frozen_web_costs_no_vote() {
    frozen("freeze-web", Part::Web);
}

/// No voter lives when a block comes; the first that comes back votes on it, alone.
#[test]
fn a_block_that_waits_for_its_voters_is_voted_by_the_first_that_comes_back() {
    let mut stage = Stage::open("all-down");
    stage.world.simnet.wait_for_votes(wait::PATIENCE);
    stage.kill(Part::Voter(0));
    stage.kill(Part::Voter(1));
    stage.world.mine_one();
    let tip = stage.world.node().best_hash();
    // Nobody is there who could vote.
    wait::pause(Duration::from_secs(2));
    assert_eq!(stage.world.simnet.votes_on(&tip), 0);
    stage.start(Part::Voter(0));
    stage.mine_for(BLOCKS);
    stage.start(Part::Voter(1));
    let recovery = stage.becomes_normal();
    stage.nothing_was_lost();
    stage.tell(
        "all voters down while a block waits, one comes back",
        recovery,
    );
}
