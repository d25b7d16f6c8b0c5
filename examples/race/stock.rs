//! Tickets for the blocks to come, bought while blocks are mined.

use std::time::Duration;

use super::harness::user::Buying;
use super::harness::wait;
use super::harness::world::World;

/// Bought and not voted: more than two maturities' worth.
const ENOUGH: usize = 240;
/// Below this, blocks wait for the purchase.
const FEW: usize = 130;
const AT_ONCE: u32 = 20;
/// A purchase asks once a second whether its split was mined.
const WHILE_BUYING: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
pub struct Stock {
    running: Vec<Buying>,
}

impl Stock {
    /// Before each block.
    pub fn keep(&mut self, world: &World) {
        if self.running.is_empty() {
            if world.unspent_tickets() < ENOUGH {
                self.buy(world);
            }
        } else if self.running.iter_mut().all(Buying::ended) {
            for purchase in self.running.drain(..) {
                purchase.finish();
            }
        } else if world.unspent_tickets() < FEW {
            wait::pause(WHILE_BUYING);
        }
    }

    fn buy(&mut self, world: &World) {
        for user in &world.users {
            user.wallet.wait_for_height(world.height());
        }
        let users = world.users.iter();
        self.running = users
            .map(|user| user.start_buying(&world.pool, AT_ONCE))
            .collect();
    }
}
