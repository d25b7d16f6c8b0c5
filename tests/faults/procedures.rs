//! Procedures of the runbook that need daemons, step by step; those that need only database and web are in
//! `upgrade::procedures`. On a real network others vote too, and the chain goes on while this pool is lost; here
//! it waits.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::harness::configs::{Endpoint, VOTER_TOKEN, voter_config, voter_section, web_config};
use crate::harness::dcrd::Dcrd;
use crate::harness::pool::Role;
use crate::harness::port::free_port;
use crate::harness::program;
use crate::harness::simnet::VOTING_SEED;
use crate::harness::wait;
use crate::harness::wallet::Wallet;
use crate::network::claims;

use super::base::SQLITE_FILE;
use super::stage::{NODES, Part, Stage};
use super::truth;

/// Blocks that come while something is away.
const BLOCKS: u32 = 6;

/// Everything of the stage lies in here.
fn folder(stage: &Stage) -> PathBuf {
    let own = stage.world.pool.voters[0].folder();
    own.parent().expect("a stage has a folder").to_owned()
}

/// Sections 2 and 3 for one more machine.
fn set_up_node(stage: &mut Stage) {
    let number = stage.voters().len() + 1;
    let own = |name: &str| folder(stage).join(format!("{name}{number}"));
    let name = format!("dcrd{number}");
    let node = Dcrd::follower(&name, &own("dcrd"), stage.world.node());
    node.wait_for(&stage.world.node().best_hash());
    let name = format!("wallet{number}");
    let wallet = Wallet::create(&name, &own("wallet"), VOTING_SEED, &node);
    let (name, port) = (format!("voter{number}"), free_port());
    let terms = &stage.world.pool.terms;
    let config = voter_config(terms, port, &node.endpoint(), &wallet.endpoint());
    let mut voter = Role::launch(&name, "voter", &own("voter"), port, &config);
    voter.wait_ready();
    stage.world.simnet.nodes.push(node);
    stage.world.simnet.voting_wallets.push(wallet);
    stage.world.pool.voters.push(voter);
}

fn restart(stage: &mut Stage, part: Part) {
    stage.stop(part);
    stage.start(part);
    stage.supervise();
}

/// A third node joins; then the first is given up, as when one moves to another machine.
#[test]
#[ignore = "for --all"]
fn a_voting_node_is_added_and_an_old_one_given_up() {
    let mut stage = Stage::open("third");
    let yes = claims::bits_of_choice(&stage.world, "yes");
    let start = Instant::now();
    set_up_node(&mut stage);
    stage.mine_for(2);
    let known = stage.world.pool.web.config();
    let third = voter_section(&stage.world.pool.voters[2].endpoint());
    stage.world.pool.web.configure(&format!("{known}{third}"));
    restart(&mut stage, Part::Web);
    stage.becomes_normal();
    truth::is_known_by_wallet(&stage, 2);
    truth::is_told_by_all(&stage);
    let added = start.elapsed();
    // It votes as the users wish when nobody else does.
    stage.stop(Part::Voter(0));
    stage.stop(Part::Voter(1));
    stage.mine_for(BLOCKS);
    stage.start(Part::Voter(1));
    stage.world.pool.voters[1].wait_ready();
    claims::votes_carry(&stage.world, &stage.world.users[0], yes);

    let start = Instant::now();
    let known = stage.world.pool.web.config();
    let first = known.find("\n[[voters]]").expect("a voter");
    let second = known[first + 1..].find("\n[[voters]]").expect("a voter") + first + 1;
    let less = format!("{}{}", &known[..first], &known[second..]);
    stage.world.pool.web.configure(&less);
    drop(stage.world.pool.voters.remove(0));
    drop(stage.world.simnet.voting_wallets.remove(0));
    drop(stage.world.simnet.nodes.remove(1));
    stage.away.clear();
    restart(&mut stage, Part::Web);
    let recovery = stage.becomes_normal();
    truth::is_told_by_all(&stage);
    stage.nothing_was_lost();
    stage.tell(
        &format!(
            "a voting node added in {:.0} s, and an old one given up in {:.0} s",
            added.as_secs_f64(),
            start.elapsed().as_secs_f64()
        ),
        recovery,
    );
}

/// Daemons and voter of one node after the other, and web, stop and start again with whatever is new.
#[test]
#[ignore = "for --all"]
fn a_rolling_upgrade_leaves_no_block_without_votes() {
    let mut stage = Stage::open("rolling");
    let start = Instant::now();
    let mut recovery = std::time::Duration::ZERO;
    for node in 0..NODES {
        for part in [Part::Voter(node), Part::Wallet(node), Part::Dcrd(node)] {
            stage.stop(part);
        }
        stage.mine_for(2);
        for part in [Part::Dcrd(node), Part::Wallet(node), Part::Voter(node)] {
            stage.start(part);
        }
        stage.supervise();
        // Not before it votes again is it the next one's turn.
        recovery = stage.becomes_normal();
    }
    stage.stop(Part::Web);
    stage.mine_for(2);
    stage.start(Part::Web);
    stage.supervise();
    stage.becomes_normal();
    truth::is_told_by_all(&stage);
    stage.nothing_was_lost();
    stage.tell(
        &format!(
            "a rolling upgrade of {NODES} voting nodes and web in {:.0} s",
            start.elapsed().as_secs_f64()
        ),
        recovery,
    );
}

/// Tokens, keys and certificates of the voters are replaced, of one after the other.
#[test]
#[ignore = "for --all"]
fn what_leaked_of_voters_is_replaced_and_no_vote_is_missed() {
    let mut stage = Stage::open("leaked");
    let start = Instant::now();
    for voter in 0..NODES {
        stage.stop(Part::Voter(voter));
        let role = &stage.world.pool.voters[voter];
        let before = fs::read(role.endpoint().cert).expect("a certificate");
        for file in ["voter.cert", "voter.key"] {
            fs::remove_file(role.folder().join(file)).expect("a voter's file");
        }
        let old = format!("token = \"{VOTER_TOKEN}\"");
        let new = format!("token = \"another-token-of-voter-{voter}-0123456789-0123456789\"");
        role.edit(&old, &new);
        stage.world.pool.web.edit(&old, &new);
        stage.mine_for(1);
        stage.start(Part::Voter(voter));
        stage.world.pool.voters[voter].wait_ready();
        let after = fs::read(stage.world.pool.voters[voter].endpoint().cert);
        assert_ne!(after.expect("a certificate"), before);
        restart(&mut stage, Part::Web);
        stage.becomes_normal();
    }
    let recovery = stage.becomes_normal();
    truth::is_told_by_all(&stage);
    stage.nothing_was_lost();
    stage.tell(
        &format!(
            "tokens and keys of {NODES} voters replaced in {:.0} s",
            start.elapsed().as_secs_f64()
        ),
        recovery,
    );
}

/// What an operator has put by: seeds, configuration, and the backup of the night.
struct PutBy {
    backup: PathBuf,
    web: String,
    voters: Vec<(String, Vec<u8>)>,
}

fn put_by(stage: &Stage) -> PutBy {
    let backup = folder(stage).join("night.backup");
    let web = stage.world.pool.web.config_file();
    run("backup", &backup, &web);
    let voters = stage.world.pool.voters.iter();
    let known = |voter: &Role| {
        let cert = fs::read(voter.endpoint().cert).expect("a certificate");
        (voter.config(), cert)
    };
    PutBy {
        backup,
        web: stage.world.pool.web.config(),
        voters: voters.map(known).collect(),
    }
}

fn run(command: &str, file: &Path, config: &Path) {
    let mut command = program::command(&[command]);
    let output = program::finish(command.arg(file).arg("--config").arg(config));
    assert!(output.status.success(), "{output:#?}");
}

/// Machines and disks are gone; the network, and what users have, is not. A block waits for its votes.
fn lose_everything(stage: &mut Stage) {
    stage.kill(Part::Web);
    (0..NODES).for_each(|node| stage.kill(Part::Voter(node)));
    stage.world.mine_one();
    for node in 0..NODES {
        stage.kill(Part::Wallet(node));
        stage.kill(Part::Dcrd(node));
        stage.world.simnet.nodes[node + 1].forget();
        stage.world.simnet.voting_wallets[node].replace(VOTING_SEED);
        let voter = stage.world.pool.voters[node].folder();
        fs::remove_dir_all(voter).expect("a voter's folder");
    }
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(folder(stage).join(format!("{SQLITE_FILE}{end}")));
    }
    fs::remove_dir_all(stage.world.pool.web.folder()).expect("web's folder");
}

/// Web's configuration, with the voters' certificates beside it.
fn web_again(stage: &Stage, certs: &[Vec<u8>]) -> String {
    let web = &stage.world.pool.web;
    let known: Vec<_> = (1..)
        .zip(certs.iter().zip(&stage.lines))
        .map(|(number, (cert, lines))| {
            let path = web.folder().join(format!("voter{number}.cert"));
            fs::write(&path, cert).expect("a file can be written");
            Endpoint {
                port: lines.web.port(),
                cert: path,
            }
        })
        .collect();
    let terms = &stage.world.pool.terms;
    web_config(terms, web.port(), &stage.database_url, &known)
}

/// Sections 2 and 3 for each node, from seed and configuration.
fn set_up_nodes_again(stage: &mut Stage, put_by: &PutBy) {
    let (tip, height) = (stage.world.node().best_hash(), stage.world.height());
    for node in 0..NODES {
        stage.start(Part::Dcrd(node));
        stage.world.simnet.nodes[node + 1].wait_ready();
        stage.world.simnet.nodes[node + 1].wait_for(&tip);
        stage.start(Part::Wallet(node));
        stage.world.simnet.voting_wallets[node].wait_synced(height);
        stage.world.pool.voters[node].configure(&put_by.voters[node].0);
        stage.start(Part::Voter(node));
        stage.world.pool.voters[node].wait_ready();
    }
}

#[test]
#[ignore = "for --all"]
fn a_pool_comes_back_from_seeds_configuration_and_last_night_s_backup() {
    let mut stage = Stage::open("all-lost");
    let put_by = put_by(&stage);
    let [yes, no] = ["yes", "no"].map(|choice| claims::bits_of_choice(&stage.world, choice));
    stage.mine_for(BLOCKS);
    lose_everything(&mut stage);

    let start = Instant::now();
    stage.world.pool.web.configure(&put_by.web);
    let certs: Vec<_> = put_by.voters.iter().map(|(_, cert)| cert.clone()).collect();
    let config = web_again(&stage, &certs);
    let alone = config.replace("[web]\n", "[web]\nstart_without_voters = true\n");
    stage.world.pool.web.configure(&alone);
    run(
        "restore",
        &put_by.backup,
        &stage.world.pool.web.config_file(),
    );
    stage.start(Part::Web);
    stage.world.pool.web.wait_ready();
    for user in &mut stage.world.users {
        user.sign_in();
        assert!(!user.purchase_info().ticket_address.is_empty());
    }
    let web = start.elapsed();

    let tip = stage.world.node().best_hash();
    assert_eq!(stage.world.simnet.votes_on(&tip), 0, "who voted?");
    set_up_nodes_again(&mut stage, &put_by);
    let voters = stage.world.pool.voters.iter();
    let certs = voters.map(|voter| fs::read(voter.endpoint().cert).expect("a certificate"));
    let config = web_again(&stage, &certs.collect::<Vec<_>>());
    stage.world.pool.web.configure(&config);
    restart(&mut stage, Part::Web);
    wait::until("the block that waited to be voted", || {
        match stage.world.simnet.votes_on(&tip) {
            0 => Err("no vote"),
            _ => Ok(()),
        }
    });
    let first_vote = start.elapsed();
    let recovery = stage.becomes_normal();
    for node in 0..NODES {
        truth::is_known_by_wallet(&stage, node);
    }
    truth::is_told_by_all(&stage);
    stage.mine_for(BLOCKS);
    claims::votes_carry(&stage.world, &stage.world.users[0], yes);
    claims::votes_carry(&stage.world, &stage.world.users[1], no);
    stage.nothing_was_lost();
    stage.tell(
        &format!(
            "all lost but seeds, configuration and last night's backup: the site is back after {:.0} s, the first vote \
             after {:.0} s",
            web.as_secs_f64(),
            first_vote.as_secs_f64()
        ),
        recovery,
    );
}
