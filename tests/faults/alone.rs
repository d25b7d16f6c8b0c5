//! Only one voter is left, and something befalls it too: blocks wait for it, and none of its winners may
//! be missed.

use std::time::{Duration, Instant};

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::harness::ledger::WINNERS;
use crate::harness::wait;

use super::stage::{Part, Stage};

const BLOCKS: u32 = 8;

/// Voter 1 is alone, and has voted for the tip.
fn left_alone(name: &str) -> Stage {
    let mut stage = Stage::open(name);
    stage.world.simnet.wait_for_votes(wait::PATIENCE);
    stage.kill(Part::Voter(1));
    stage.mine_for(2);
    stage
}

/// A block comes whose winners nobody can vote yet.
fn block_waits(stage: &mut Stage) {
    stage.world.mine_one();
    let tip = stage.world.node().best_hash();
    wait::pause(Duration::from_secs(2));
    assert_eq!(
        stage.world.simnet.votes_on(&tip),
        0,
        "nobody is there to vote"
    );
}

/// The block that waits is voted, the other voter comes back, and all is well.
fn ends_well(mut stage: Stage, what: &str) {
    let start = Instant::now();
    stage.world.simnet.wait_for_votes(wait::PATIENCE);
    let waited = start.elapsed().as_secs_f64();
    stage.mine_for(BLOCKS);
    stage.start(Part::Voter(1));
    let recovery = stage.becomes_normal();
    stage.nothing_was_lost();
    stage.tell(
        &format!("one voter left, {what}, voted {waited:.1} s after its end"),
        recovery,
    );
}

#[test]
#[ignore = "for --all"]
fn winners_that_come_while_the_line_is_cut_are_voted_after_it() {
    let mut stage = left_alone("alone-cut");
    stage.lines[0].dcrd.cut();
    block_waits(&mut stage);
    stage.lines[0].dcrd.heal();
    ends_well(stage, "a block comes while its line to dcrd is cut");
}

#[test]
#[ignore = "for --all"]
fn winners_that_come_while_the_line_is_silent_are_voted_after_it() {
    let mut stage = left_alone("alone-silent");
    stage.lines[0].dcrd.silence();
    block_waits(&mut stage);
    // New connections would work: it must notice that the one it has is dead.
    stage.lines[0].dcrd.heal();
    ends_well(stage, "a block comes while its line to dcrd is half-open");
}

#[test]
#[ignore = "for --all"]
fn winners_that_come_while_its_dcrd_is_dead_are_voted_after_it() {
    let mut stage = left_alone("alone-dcrd");
    stage.kill(Part::Dcrd(0));
    block_waits(&mut stage);
    stage.start(Part::Dcrd(0));
    ends_well(stage, "a block comes while its dcrd is dead");
}

#[test]
#[ignore = "for --all"]
fn winners_that_come_while_it_is_frozen_are_voted_after_it() {
    let mut stage = left_alone("alone-frozen");
    stage.freeze(Part::Voter(0));
    block_waits(&mut stage);
    stage.thaw(Part::Voter(0));
    ends_well(stage, "a block comes while it is frozen");
}

/// Reconnects and winners in all orders.
#[test]
fn a_flapping_line_costs_no_vote() {
    let seed: u64 = rand::random();
    eprintln!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut stage = left_alone("alone-flapping");
    let mut cuts = 0;
    for _ in 0..15 {
        stage.world.mine_one();
        let tip = stage.world.node().best_hash();
        let mut patience = 100;
        while stage.world.simnet.votes_on(&tip) < WINNERS {
            assert!(
                patience > 0,
                "no connection is good enough for votes on {tip}"
            );
            patience -= 1;
            stage.lines[0].dcrd.cut();
            wait::pause(Duration::from_millis(dice.random_range(1..300)));
            stage.lines[0].dcrd.heal();
            wait::pause(Duration::from_millis(dice.random_range(1..600)));
            cuts += 1;
        }
    }
    ends_well(
        stage,
        &format!("its line to dcrd cut {cuts} times, seed {seed}"),
    );
}

/// Killed at any moment, started at once, as by its unit.
#[test]
#[ignore = "for --all"]
fn the_only_voter_is_killed_again_and_again() {
    let seed: u64 = rand::random();
    eprintln!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut stage = left_alone("alone-killed");
    for _ in 0..20 {
        stage.world.mine_one();
        wait::pause(Duration::from_millis(dice.random_range(0..400)));
        stage.kill(Part::Voter(0));
        wait::pause(Duration::from_millis(dice.random_range(0..200)));
        stage.start(Part::Voter(0));
        stage.world.simnet.wait_for_votes(stage.world.patience);
    }
    ends_well(stage, &format!("killed 20 times, seed {seed}"));
}
