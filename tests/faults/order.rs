//! Everything is restarted, in any order.

use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use crate::harness::wait;

use super::base::Database;
use super::stage::{NODES, Part, Stage};

fn every_part(dice: &mut StdRng) -> Vec<Part> {
    let nodes = (0..NODES).flat_map(|n| [Part::Dcrd(n), Part::Wallet(n), Part::Voter(n)]);
    let mut parts: Vec<_> = nodes.chain([Part::Web]).collect();
    parts.shuffle(dice);
    parts
}

/// First one after the other, as at an upgrade; then all at once, as when the lights come back: a role
/// whose daemon is not there yet ends, and its supervisor starts it again.
#[test]
#[ignore = "for --all"]
fn everything_is_restarted_in_random_order_twice() {
    let seed: u64 = rand::random();
    eprintln!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut stage = Stage::open_on("order", Database::MariaDb);
    for part in every_part(&mut dice) {
        stage.stop(part);
        stage.mine_for(2);
        stage.start(part);
        stage.becomes_normal();
    }
    stage.nothing_was_lost();

    let parts = every_part(&mut dice);
    stage.world.simnet.wait_for_votes(stage.world.patience);
    for part in &parts {
        stage.kill(*part);
    }
    stage.world.mine_one();
    for part in &parts {
        stage.start(*part);
        wait::pause(Duration::from_millis(200));
    }
    stage.supervise();
    let recovery = stage.becomes_normal();
    stage.nothing_was_lost();
    stage.tell(
        &format!("everything restarted one by one, then all at once, seed {seed}"),
        recovery,
    );
}
