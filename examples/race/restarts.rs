//! Voters that die or are stopped at random moments and come back.

use std::time::Duration;

use super::harness::wait;
use super::harness::world::World;
use super::random::Random;
use super::watch::Watch;

/// Blocks that are mined while a voter is away, at most.
const AWAY_AT_MOST: usize = 3;
/// A voter dies so long after a block at most: before, in the middle of, or after its votes.
const MOMENTS_MS: u64 = 40;

#[derive(Debug)]
pub struct Restarts {
    every: Option<u32>,
    random: Random,
    away: Option<Away>,
    pub killed: u32,
    pub stopped: u32,
}

#[derive(Debug)]
struct Away {
    voter: usize,
    blocks_left: usize,
}

impl Restarts {
    pub fn new(every: Option<u32>, seed: u64) -> Self {
        Self {
            every,
            random: Random::new(seed),
            away: None,
            killed: 0,
            stopped: 0,
        }
    }

    /// After the `number`th block was mined.
    pub fn after_block(&mut self, number: u32, world: &mut World, watch: &mut Watch) {
        match self.away.take() {
            Some(Away { voter, blocks_left }) if blocks_left > 0 => {
                let blocks_left = blocks_left - 1;
                self.away = Some(Away { voter, blocks_left });
            }
            Some(Away { voter, .. }) => {
                if let Some(role) = world.pool.voters.get_mut(voter) {
                    role.launch_again();
                    watch.time_recovery(voter);
                }
            }
            None => {
                if self.every.is_some_and(|every| number.is_multiple_of(every)) {
                    self.take_away(world, watch);
                }
            }
        }
    }

    fn take_away(&mut self, world: &mut World, watch: &mut Watch) {
        let voter = self.random.below(world.pool.voters.len());
        let blocks_left = self.random.below(AWAY_AT_MOST);
        watch.collect(voter);
        wait::pause(Duration::from_millis(self.random.next() % MOMENTS_MS));
        if let Some(role) = world.pool.voters.get_mut(voter) {
            if self.random.below(2) == 0 {
                role.kill();
                self.killed += 1;
            } else {
                role.stop();
                self.stopped += 1;
            }
        }
        self.away = Some(Away { voter, blocks_left });
    }
}
