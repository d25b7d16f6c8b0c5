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

/// A purchase that has no end after so many blocks never has one: dcrwallet was seen to stand still, with
/// every call to it, under many purchases on a busy machine. It is started again.
const STANDS_STILL: u32 = 20;

/// What each user is buying, and since which height.
#[derive(Debug, Default)]
pub struct Stock {
    running: Vec<Option<(Buying, u32)>>,
}

impl Stock {
    /// Before the first vote.
    pub fn fill(world: &mut World) {
        while world.unspent_tickets() < ENOUGH {
            world.everyone_buys(AT_ONCE);
        }
    }

    /// Before each block.
    pub fn keep(&mut self, world: &mut World) {
        let height = world.height();
        let enough = world.unspent_tickets() >= ENOUGH;
        self.running.resize_with(world.users.len(), || None);
        for (running, user) in self.running.iter_mut().zip(&mut world.users) {
            match running.take() {
                None if enough => {}
                None => *running = Some((user.start_buying(&world.pool, AT_ONCE), height)),
                Some((mut purchase, since)) => {
                    if purchase.ended() {
                        // The price may have changed meanwhile: the next one is tried soon.
                        if let Err(said) = purchase.outcome() {
                            println!("{said}");
                        }
                    } else if height.saturating_sub(since) > STANDS_STILL {
                        println!("{}'s wallet stands still and is started again", user.email);
                        drop(purchase);
                        user.wallet.process().kill();
                        user.wallet.launch_again();
                    } else {
                        *running = Some((purchase, since));
                    }
                }
            }
        }
        if world.unspent_tickets() < FEW {
            wait::pause(WHILE_BUYING);
        }
    }
}
