//! The chain turns back and goes another way: every tip is voted on, and tickets undo and redo what happened
//! to them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use dcrstakepool::decred::vote::ParsedVote;
use dcrstakepool::decred::{Height, TicketHash, Transaction};
use dcrstakepool::domain::TicketStatus;

use crate::harness::dcrd::Dcrd;
use crate::harness::ledger::{Ledger, WINNERS};
use crate::harness::wait;
use crate::harness::world::World;

use super::stage::{NODES, Stage};
use super::truth;

#[test]
fn three_blocks_are_taken_back_and_come_again() {
    blocks_are_taken_back_and_come_again(3);
}

#[test]
#[ignore = "for --all"]
fn two_blocks_are_taken_back_and_come_again() {
    blocks_are_taken_back_and_come_again(2);
}

#[test]
#[ignore = "for --all"]
fn one_block_is_taken_back_and_comes_again() {
    blocks_are_taken_back_and_come_again(1);
}

/// The last `depth` blocks, which hold votes and a purchase, are declared invalid on every node. The chain
/// goes on from before them; then they are valid again, and the chain returns to them.
fn blocks_are_taken_back_and_come_again(depth: u32) {
    let mut stage = Stage::open(&format!("reorg{depth}"));
    let bought = buy_into_the_tip(&mut stage.world, 3);
    for _ in 1..depth {
        mine(&mut stage.world);
    }
    truth::is_told_by_all(&stage);
    let (old_tip, fork) = (stage.world.node().best_hash(), stage.world.height() - depth);
    let first = hash_at(stage.world.node(), fork + 1);

    let parent = hash_at(stage.world.node(), fork);
    take_back_to((fork, &parent), &stage.world);
    let undone = truth::of_chain(stage.world.node());
    assert!(bought.iter().all(|ticket| is_unmined(&undone, ticket)));
    let other_way = depth.max(2) - 1;
    let slowest = (0..other_way).map(|_| mine(&mut stage.world)).max();
    assert_ne!(hash_at(stage.world.node(), fork + 1), first);
    truth::is_told_by_all(&stage);

    tell_all(&stage.world, "reconsiderblock", &first);
    stage.world.node().wait_for(&old_tip);
    let slowest = slowest.max((0..3).map(|_| mine(&mut stage.world)).max());
    truth::is_told_by_all(&stage);
    let ending = truth::of_chain(stage.world.node());
    assert!(bought.iter().all(|ticket| ending[ticket].mined.is_some()));
    assert_eq!(truth::count(&ending, TicketStatus::Missed), 0);
    finish(
        stage,
        &format!(
            "{depth} blocks back, {other_way} another way, and back again; all votes on each new tip within \
             {} ms",
            slowest.unwrap_or_default().as_millis()
        ),
    );
}

/// Two nodes mine on the same block while they do not hear of each other. When they do, every winner of
/// both blocks is voted on both nodes. Then the block that won is declared invalid: the chain goes on upon
/// the other one.
#[test]
fn two_siblings_are_both_voted_on() {
    let mut stage = Stage::open("siblings");
    let (near, far) = make_siblings(&mut stage.world);
    let start = Instant::now();
    for node in &stage.world.simnet.nodes {
        wait_for_votes(node, &near);
        wait_for_votes(node, &far);
    }
    let both = start.elapsed();

    mine(&mut stage.world);
    truth::is_told_by_all(&stage);
    let height = stage.world.height() - 1;
    let winner = hash_at(stage.world.node(), height);
    let other = if winner == near { far } else { near };
    take_back_to((height, &other), &stage.world);
    let slowest = (0..3).map(|_| mine(&mut stage.world)).max();
    truth::is_told_by_all(&stage);
    assert_eq!(hash_at(stage.world.node(), height), other);
    finish(
        stage,
        &format!(
            "all votes on two siblings at all nodes {} ms after they met; after the change to the other one \
             all votes on each tip within {} ms",
            both.as_millis(),
            slowest.unwrap_or_default().as_millis()
        ),
    );
}

/// A node that was cut off comes back with more blocks than the others made: they change to its branch.
#[test]
#[ignore = "for --all"]
fn a_longer_branch_from_elsewhere_takes_over() {
    let mut stage = Stage::open("branch");
    let (_, far) = make_siblings(&mut stage.world);
    part(&stage.world);
    let last = stage.world.simnet.nodes.last().expect("nodes");
    let mut branch = far;
    for _ in 0..2 {
        wait_for_votes(last, &branch);
        last.generate(1);
        branch = last.best_hash();
    }
    meet(&stage.world);
    stage.world.node().wait_for(&branch);
    let slowest = (0..3).map(|_| mine(&mut stage.world)).max();
    truth::is_told_by_all(&stage);
    finish(
        stage,
        &format!(
            "one block gave way to three from elsewhere; all votes on each tip within {} ms",
            slowest.unwrap_or_default().as_millis()
        ),
    );
}

/// Normal again, nothing missed.
fn finish(mut stage: Stage, told: &str) {
    let recovery = stage.becomes_normal();
    stage.nothing_was_lost();
    stage.tell(told, recovery);
}

/// Gives the hashes of two blocks on the same parent, of the first and the last node, both known to both.
fn make_siblings(world: &mut World) -> (String, String) {
    let parent = world.node().best_hash();
    for node in &world.simnet.nodes {
        node.wait_for(&parent);
        wait_for_votes(node, &parent);
    }
    part(world);
    let pair = [&world.simnet.nodes[0], &world.simnet.nodes[NODES]];
    for node in pair {
        node.generate(1);
    }
    let [near, far] = pair.map(Dcrd::best_hash);
    assert_ne!(near, far, "each node mined its own");
    meet(world);
    for (node, other) in pair.iter().zip([&far, &near]) {
        wait::until("the nodes to know both", || {
            let tips: Value = node.rpc().get("getchaintips", &json!([]));
            if tips.to_string().contains(other.as_str()) {
                Ok(())
            } else {
                Err(format!("tips: {tips}"))
            }
        });
    }
    (near, far)
}

/// The last node loses the first one.
fn part(world: &World) {
    let last = world.simnet.nodes.last().expect("nodes");
    let _: Value = last
        .rpc()
        .get("node", &json!(["remove", world.node().peer_address()]));
    wait::until("the nodes to part", || {
        let peers: Value = last.rpc().get("getpeerinfo", &json!([]));
        if peers.as_array().is_some_and(Vec::is_empty) {
            Ok(())
        } else {
            Err(format!("peers: {peers}"))
        }
    });
}

fn meet(world: &World) {
    let last = world.simnet.nodes.last().expect("nodes");
    let _: Value = last.rpc().get(
        "node",
        &json!(["connect", world.node().peer_address(), "perm"]),
    );
}

/// A user buys until the tip holds new tickets; gives those.
fn buy_into_the_tip(world: &mut World, count: u32) -> Vec<TicketHash> {
    for _ in 0..5 {
        let bought = buy(world, count);
        let fates = truth::of_chain(world.node());
        let tip = Some(Height(world.height()));
        let in_tip = |hash: &TicketHash| fates[hash].mined.map(|(_, at)| at) == tip;
        let in_tip: Vec<_> = bought.into_iter().filter(in_tip).collect();
        if !in_tip.is_empty() {
            return in_tip;
        }
    }
    panic!("new tickets are never in the tip");
}

/// Gives the tickets when all are mined.
fn buy(world: &mut World, count: u32) -> Vec<TicketHash> {
    world.users[0].wallet.wait_for_height(world.height());
    let mut buying = world.users[0].start_buying(&world.pool, count);
    while !buying.ended() {
        world.mine_one();
        wait::pause(Duration::from_millis(250));
    }
    let hashes = buying.finish();
    world.mine_until_mined(&hashes);
    let hashes = hashes.iter().map(|hash| hash.parse().expect("a hash"));
    hashes.collect()
}

fn is_unmined(fates: &truth::Fates, ticket: &TicketHash) -> bool {
    let fate = fates.get(ticket);
    fate.is_none_or(|fate| fate.status == TicketStatus::Mempool)
}

/// Mines a block when all votes on the tip are there; gives how long those took. All nodes follow.
fn mine(world: &mut World) -> Duration {
    let start = Instant::now();
    wait_for_votes(world.node(), &world.node().best_hash());
    let took = start.elapsed();
    world.node().generate(1);
    world.ledger = Ledger::default();
    world.ledger.read(world.simnet.node());
    let tip = world.node().best_hash();
    for node in &world.simnet.nodes {
        node.wait_for(&tip);
    }
    took
}

fn wait_for_votes(node: &Dcrd, block: &str) {
    wait::until(&format!("all votes on {block}"), || {
        match votes_on(node, block) {
            WINNERS => Ok(()),
            votes => Err(format!("{votes} votes")),
        }
    });
}

/// Votes on a block in a node's mempool.
fn votes_on(node: &Dcrd, block: &str) -> usize {
    let hashes: Vec<String> = node.rpc().get("getrawmempool", &json!([false, "votes"]));
    let votes = hashes.iter().filter(|hash| {
        let Ok(hex) = node.rpc().call("getrawtransaction", &json!([hash])) else {
            return false; // gone since it was listed
        };
        let tx = Transaction::from_hex(hex.as_str().unwrap_or_default());
        let vote = tx.ok().and_then(|tx| ParsedVote::parse(&tx).ok());
        vote.is_some_and(|vote| vote.block.to_string() == block)
    });
    votes.count()
}

/// Declares all that follows on this block invalid, at all nodes, and its siblings: dcrd's miner finds one when a
/// vote renews the template in the moment in which a block is found, and dcrd may go to it.
fn take_back_to((height, block): (u32, &str), world: &World) {
    wait::until("all nodes at the block", || {
        let lagging = world.simnet.nodes.iter().find(|it| it.best_hash() != block);
        let Some(node) = lagging else {
            return Ok(());
        };
        let hash = |height| node.rpc().call("getblockhash", &json!([height]));
        match hash(height) {
            Ok(there) if there != block => tell(node, "invalidateblock", &there),
            Ok(_) => {
                if let Ok(next) = hash(height + 1) {
                    tell(node, "invalidateblock", &next);
                }
            }
            // Between siblings it may give up both for a moment, or this one with the other.
            Err(_) => tell(node, "reconsiderblock", &json!(block)),
        }
        Err(format!("one is at {}", node.best_hash()))
    });
}

fn tell(node: &Dcrd, method: &str, block: &Value) {
    let _: Value = node.rpc().get(method, &json!([block]));
}

fn tell_all(world: &World, method: &str, block: &str) {
    for node in &world.simnet.nodes {
        tell(node, method, &json!(block));
    }
}

fn hash_at(node: &Dcrd, height: u32) -> String {
    node.rpc().get("getblockhash", &json!([height]))
}
