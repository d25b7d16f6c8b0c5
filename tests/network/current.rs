//! A pool on today's daemons, from its first user to block 200.

use crate::harness::ledger::STAKE_VALIDATION;
use crate::harness::pair::Pair;
use crate::harness::world::World;

#[test]
fn two_users_tickets_carry_the_chain_past_block_200() {
    let mut world = World::open(Pair::Current, "story", |folder| {
        format!("sqlite://{}", folder.join("pool.db").display())
    });
    world.user_joins("ada").submit_address_by_page();
    world.user_joins("ben").submit_address_by_api();
    while world.height() < STAKE_VALIDATION - 20 {
        world.everyone_buys(20);
        let next = world.height() + 4;
        world.mine_to(next);
    }
    world.mine_to(150);
    world.assert_nothing_missed();
}
