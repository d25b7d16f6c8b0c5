//! Accidents by chance, several at once, as long as one node is left in peace.

use std::fmt;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::harness::proxy::Proxy;

use super::stage::{Lines, NODES, Part, Stage};

const ROUNDS: usize = 8;

/// Which line of a node.
#[derive(Debug, Clone, Copy)]
enum Line {
    Dcrd,
    Wallet,
    Web,
}

#[derive(Debug, Clone, Copy)]
enum Accident {
    Killed(Part),
    Frozen(Part),
    Cut(usize, Line),
    Silent(usize, Line),
    Slow(usize, Line),
}

impl fmt::Display for Accident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed(part) => write!(f, "{part} killed"),
            Self::Frozen(part) => write!(f, "{part} frozen"),
            Self::Cut(n, line) => write!(f, "line {line:?} of {} cut", n + 1),
            Self::Silent(n, line) => write!(f, "line {line:?} of {} silent", n + 1),
            Self::Slow(n, line) => write!(f, "line {line:?} of {} slow", n + 1),
        }
    }
}

impl Accident {
    /// To this node, or to web.
    fn by_chance(node: usize, dice: &mut StdRng) -> Self {
        let parts = [
            Part::Dcrd(node),
            Part::Wallet(node),
            Part::Voter(node),
            Part::Web,
        ];
        let part = *parts.choose(dice).expect("there are parts");
        let lines = [Line::Dcrd, Line::Wallet, Line::Web];
        let line = *lines.choose(dice).expect("there are lines");
        match dice.random_range(0..5) {
            0 => Self::Killed(part),
            1 => Self::Frozen(part),
            2 => Self::Cut(node, line),
            3 => Self::Silent(node, line),
            _ => Self::Slow(node, line),
        }
    }

    fn happens(self, stage: &mut Stage) {
        match self {
            Self::Killed(part) => stage.kill(part),
            Self::Frozen(part) => stage.freeze(part),
            Self::Cut(node, line) => line.of(&stage.lines[node]).cut(),
            Self::Silent(node, line) => line.of(&stage.lines[node]).silence(),
            Self::Slow(node, line) => {
                let delay = Duration::from_millis(200);
                line.of(&stage.lines[node]).slow(delay, 4096);
            }
        }
    }

    fn is_over(self, stage: &mut Stage) {
        match self {
            // Two accidents may have met it: it runs once.
            Self::Killed(part) => {
                stage.kill(part);
                stage.start(part);
            }
            Self::Frozen(part) => stage.thaw(part),
            Self::Cut(node, line) | Self::Silent(node, line) | Self::Slow(node, line) => {
                line.of(&stage.lines[node]).heal();
            }
        }
    }
}

impl Line {
    fn of(self, lines: &Lines) -> &Proxy {
        match self {
            Line::Dcrd => &lines.dcrd,
            Line::Wallet => &lines.wallet,
            Line::Web => &lines.web,
        }
    }
}

#[test]
#[ignore = "for --all"]
fn accidents_by_chance_cost_no_vote_while_one_node_is_left_in_peace() {
    let seed = seed();
    eprintln!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut stage = Stage::open("chaos");
    let mut longest = Duration::ZERO;
    for round in 0..ROUNDS {
        let node = dice.random_range(0..NODES);
        let accidents: Vec<_> = (0..dice.random_range(1..=3))
            .map(|_| Accident::by_chance(node, &mut dice))
            .collect();
        for accident in &accidents {
            eprintln!("round {round}, block {}: {accident}", stage.world.height());
            accident.happens(&mut stage);
            stage.mine_for(dice.random_range(0..4));
        }
        for accident in &accidents {
            accident.is_over(&mut stage);
            stage.mine_for(dice.random_range(0..2));
        }
        stage.supervise();
        longest = longest.max(stage.becomes_normal());
    }
    stage.nothing_was_lost();
    stage.tell(
        &format!("{ROUNDS} accidents by chance, seed {seed}"),
        longest,
    );
}

/// A failure says its seed: `FAULTS_SEED` plays it again.
fn seed() -> u64 {
    let wanted = std::env::var("FAULTS_SEED").ok();
    wanted.map_or_else(rand::random, |seed| seed.parse().expect("a number"))
}
