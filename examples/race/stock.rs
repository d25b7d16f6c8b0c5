//! Tickets for the blocks to come, bought while blocks are mined.

use std::time::Duration;

use super::harness::user::Buying;
use super::harness::wait;
use super::harness::world::World;

/// Bought and not voted: below it, more are bought. A maturity alone is worth 80.
const ENOUGH: usize = 320;
/// Below it, blocks wait for the purchase: a chain without live tickets makes no blocks.
const FEW: usize = 220;
/// Of one user. A block takes 20 of all.
const AT_ONCE: u32 = 40;
/// A purchase asks once a second whether its split was mined.
const WHILE_BUYING: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub struct Stock {
    running: Vec<Buying>,
}

impl Stock {
    /// Before the first vote.
    pub fn fill(world: &mut World) {
        while world.unspent_tickets() < ENOUGH {
            world.everyone_buys(AT_ONCE);
        }
    }

    /// Before each block.
    pub fn keep(&mut self, world: &World) {
        if self.running.is_empty() {
            if world.unspent_tickets() < ENOUGH {
                self.buy(world);
            }
        } else if self.running.iter_mut().all(Buying::ended) {
            for purchase in self.running.drain(..) {
                // The price may have changed meanwhile: the next one is tried soon.
                if let Err(said) = purchase.outcome() {
                    println!("{said}");
                }
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
