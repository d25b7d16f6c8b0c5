//! What happened while nobody was there to see it: tickets bought, blocks that waited, tickets that win the
//! moment they are mature.

use std::collections::HashSet;
use std::time::Duration;

use dcrstakepool::decred::TicketHash;

use crate::harness::wait;

use super::stage::{NODES, Part, Stage};
use super::truth::{self, Fates};

/// Of simnet: blocks from a mined ticket to the first that may call it.
const MATURITY: u32 = 16;
/// A ticket that must be called soon: the pool holds a few hundred, and a block calls five.
const SOON: Duration = Duration::from_mins(3);
const TICKETS_AT_ONCE: u32 = 20;

/// A whole voting node is away while tickets are bought and mined. Back again it knows them, has given them
/// to its wallet, and votes them when the other node's voter is away.
#[test]
fn a_node_votes_tickets_that_were_bought_while_it_was_away() {
    let mut stage = Stage::open("bought");
    for part in [Part::Voter(1), Part::Wallet(1), Part::Dcrd(1)] {
        stage.stop(part);
    }
    let bought = buy(&mut stage);
    stage.mine_for(1);
    for part in [Part::Dcrd(1), Part::Wallet(1), Part::Voter(1)] {
        stage.start(part);
    }
    stage.supervise();
    let recovery = stage.becomes_normal();
    truth::is_told_by_voter(&stage, 1);
    truth::is_known_by_wallet(&stage, 1);

    stage.stop(Part::Voter(0));
    let votes_on_chain = |stage: &Stage| count_votes(&truth::of_chain(stage.world.node()), &bought);
    let took = stage.mine_until(SOON, "votes of the new tickets", |stage| {
        votes_on_chain(stage) >= 5
    });
    let voted = votes_on_chain(&stage);
    stage.start(Part::Voter(0));
    stage.becomes_normal();
    truth::is_told_by_all(&stage);
    stage.nothing_was_lost();
    stage.tell(
        &format!(
            "{} tickets bought while a node was away; {voted} of them voted by it alone in {} s",
            bought.len(),
            took.as_secs()
        ),
        recovery,
    );
}

/// Nobody votes for a block for a while; then all come back.
#[test]
#[ignore = "for --all"]
fn a_block_waits_for_all_voters() {
    let mut stage = Stage::open("waits");
    (0..NODES).for_each(|voter| stage.stop(Part::Voter(voter)));
    stage.world.node().generate(1);
    let tip = stage.world.node().best_hash();
    wait::pause(Duration::from_secs(5));
    assert_eq!(stage.world.simnet.votes_on(&tip), 0);
    (0..NODES).for_each(|voter| stage.start(Part::Voter(voter)));
    let recovery = stage.becomes_normal();
    stage.nothing_was_lost();
    stage.tell("all voters away while a block waits", recovery);
}

/// The Go program handled the two notifications at once, and such tickets missed.
#[test]
#[ignore = "for --all"]
fn a_ticket_that_matures_and_wins_in_one_block_is_voted() {
    let mut stage = Stage::open("mature");
    let from = stage.watch.from;
    let mut bought = 0;
    let found = loop {
        bought += buy(&mut stage).len();
        stage.mine_for(MATURITY);
        let fates = truth::of_chain(stage.world.node());
        let found = called_when_mature(&fates, from);
        if found > 0 {
            break found;
        }
        assert!(bought < 1000, "none of {bought} tickets was called at once");
    };
    let recovery = stage.becomes_normal();
    stage.nothing_was_lost();
    stage.tell(
        &format!("{found} of {bought} new tickets matured and won in one block, and voted"),
        recovery,
    );
}

/// Votes of tickets that the block called in which they became mature. A vote is in the block after the one
/// that it votes on.
fn called_when_mature(fates: &Fates, from: u32) -> usize {
    let at_once = fates.values().filter(|fate| {
        let Some(((_, mined), (_, _, voted, _))) = fate.mined.zip(fate.vote) else {
            return false;
        };
        voted.0 >= from && voted.0 == mined.0 + MATURITY + 1
    });
    at_once.count()
}

/// Everyone buys; gives the new tickets, mined.
fn buy(stage: &mut Stage) -> HashSet<TicketHash> {
    let before = truth::of_chain(stage.world.node());
    stage.world.pace = Duration::from_millis(500);
    stage.world.everyone_buys(TICKETS_AT_ONCE);
    stage.world.pace = Duration::ZERO;
    let after = truth::of_chain(stage.world.node());
    let new = after.keys().filter(|ticket| !before.contains_key(*ticket));
    let new: HashSet<_> = new.copied().collect();
    assert!(!new.is_empty(), "nobody bought a ticket");
    new
}

fn count_votes(fates: &Fates, tickets: &HashSet<TicketHash>) -> usize {
    let voted = tickets
        .iter()
        .filter(|ticket| fates.get(*ticket).is_some_and(|fate| fate.vote.is_some()));
    voted.count()
}
