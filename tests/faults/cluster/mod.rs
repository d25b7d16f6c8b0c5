//! Two webs over a real Galera cluster of three nodes, behind balancers, and fifty clients that sign up, sign in,
//! enrol and change settings while nodes and webs are killed or cut off. Afterwards everything that a client was
//! told is in the tables, nothing is there twice, and everything works without help.

mod client;
mod scene;
mod tally;

use std::time::Duration;

use crate::harness::wait;

use scene::Scene;

/// How long clients go on between two accidents.
const PEACE: Duration = Duration::from_secs(6);
/// How long what was hit stays away.
const AWAY: Duration = Duration::from_secs(8);

#[test]
#[ignore = "for --all"]
fn killing_each_node_of_the_database_in_turn_loses_nothing() {
    let mut scene = Scene::open();
    for node in 0..scene.cluster.nodes.len() {
        go_on_for(PEACE);
        scene.cluster.nodes[node].kill();
        go_on_for(AWAY);
        scene.cluster.nodes[node].start_again();
        scene.cluster.nodes[node].wait_until_synced();
    }
    go_on_for(PEACE);
    scene
        .ends_well("kill -9 of each database node in turn")
        .tell();
}

#[test]
#[ignore = "for --all"]
fn killing_each_web_in_turn_loses_nothing() {
    let mut scene = Scene::open();
    scene.webs_may_cut();
    for web in 0..scene.webs.len() {
        go_on_for(PEACE);
        scene.kill_web(web);
        go_on_for(AWAY);
        scene.webs[web].start_again();
    }
    go_on_for(PEACE);
    scene.ends_well("kill -9 of each web in turn").tell();
}

#[test]
#[ignore = "for --all"]
fn a_node_of_the_database_that_is_cut_off_loses_nothing() {
    let mut scene = Scene::open();
    for node in 0..scene.cluster.nodes.len() {
        go_on_for(PEACE);
        let web_at_node = scene.store_at(node);
        scene.cluster.nodes[node].isolate();
        scene.until_ready(&web_at_node, false);
        go_on_for(AWAY);
        scene.cluster.nodes[node].join_again();
        scene.cluster.nodes[node].wait_until_synced();
        scene.until_ready(&web_at_node, true);
    }
    go_on_for(PEACE);
    scene.ends_well("each database node cut off in turn").tell();
}

/// The clients do.
fn go_on_for(time: Duration) {
    wait::pause(time);
}
