//! A pool on today's daemons with MariaDB, from its first user to block 200.

use crate::harness::mariadb::MariaDb;
use crate::harness::pair::Pair;
use crate::harness::wait;
use crate::harness::world::World;

use super::{by_hand, claims};

#[test]
fn two_users_tickets_carry_the_chain_past_block_200() {
    let database = MariaDb::shared();
    let url = database.url(&database.create_database());
    let mut world = World::open(Pair::Current, "story", 2, |_| url.clone());

    let yes = claims::bits_of_choice(&world, "yes");
    let no = claims::bits_of_choice(&world, "no");
    let ada = world.user_joins("ada");
    ada.submit_address_by_page();
    ada.choose_by_page(&[yes & !1]);
    let ben = world.user_joins("ben");
    ben.submit_address_by_api();
    ben.set_vote_bits_by_api(no);
    assert_eq!(world.users[0].purchase_info().vote_bits, u64::from(yes));
    let told = world.users[1].purchase_info();
    assert_eq!(told.vote_bits, u64::from(no));
    assert_eq!(told.vote_version, claims::vote_version(&world));
    let by_hand = by_hand::buy(&mut world);

    world.advance_to(160);
    world.pool.voters[0].stop();
    world.advance_to(175);
    world.pool.voters[0].start_again();
    world.pool.voters[1].stop();
    world.advance_to(190);
    a_killed_voter_votes_before_it_synchronises(&mut world);
    world.pool.voters[1].start_again();
    world.advance_to(204);
    by_hand::is_voted(&mut world, &url, by_hand);

    world.assert_nothing_missed();
    claims::votes_carry(&world, &world.users[0], yes);
    claims::votes_carry(&world, &world.users[1], no);
    claims::tickets_agree(&mut world, &url);
    claims::stats_agree(&world);
    holders_go_on_without_the_pool(&mut world);
}

/// `docs/without-the-pool.md`: the pool is gone, web and all voters; each holder votes by the own key.
fn holders_go_on_without_the_pool(world: &mut World) {
    // Nobody buys when the pool is gone, and a chain that could run out of tickets has no more blocks: it
    // has a stock for a few.
    world.advance_to(world.height() + 1);
    for user in &mut world.users {
        user.save_script();
    }
    for voter in &mut world.pool.voters {
        voter.stop();
    }
    world.pool.web.stop();
    let dcrd = world.node().endpoint();
    let alone: Vec<_> = world
        .users
        .iter()
        .map(|user| user.start_voting_alone(&dcrd))
        .collect();
    let before = world.ledger.vote_count();
    for _ in 0..4 {
        world.mine_one();
    }
    world.assert_nothing_missed();
    let votes = world.ledger.vote_count() - before;
    assert!(votes >= 15, "{votes} votes");
    let told: usize = alone
        .iter()
        .map(|holder| holder.log().matches("\"outcome\":\"voted\"").count())
        .sum();
    // On the first of these blocks the voters were there still.
    assert!(told >= 15, "{told} votes are told of");
}

/// The only voter left dies; a block comes whose winners nobody votes for. Started again it votes for
/// them from what is on its disk, while its wallet, which it synchronises with, does not even answer.
fn a_killed_voter_votes_before_it_synchronises(world: &mut World) {
    for _ in 0..5 {
        world.simnet.wait_for_votes(world.patience);
        world.pool.voters[0].kill();
        world.mine_one();
        let before = world.pool.voters[0].log().len();
        world.pool.voters[0].launch_again();
        wait_for_line(world, before, "voter is ready");
        world.simnet.voting_wallets[0].process().signal("STOP");
        world.mine_one();
        let voted = wait_for_line(world, before, "block is voted");
        world.simnet.voting_wallets[0].process().signal("CONT");
        let life = world.pool.voters[0].log().split_off(before);
        if !life[..voted].contains("tickets are loaded complete=true") {
            return;
        }
        // It was done before its wallet could be stopped: once more.
    }
    panic!("the voter always synchronises first");
}

/// Where the line begins in what the first voter logged after `from`.
fn wait_for_line(world: &World, from: usize, text: &str) -> usize {
    wait::until(&format!("the voter to log: {text}"), || {
        let life = world.pool.voters[0].log().split_off(from);
        life.find(text).ok_or("not yet")
    })
}
