//! Connections break, fall silent, become slow, and heal.

use std::time::Duration;

use dcrstakepool::rpc::wire::Status;

use crate::harness::proxy::Proxy;
use crate::harness::wait;

use super::stage::{Part, Stage};

/// Blocks that come while a line is broken.
const BLOCKS: u32 = 8;
/// A silent line is noticed in half of that; a busy machine takes longer.
const TO_NOTICE: Duration = Duration::from_mins(2);

type Choose = fn(&Stage) -> &Proxy;
/// Whether the one who is affected says so.
type Notices = fn(&Stage) -> bool;

const TO_DCRD: Choose = |stage| &stage.lines[0].dcrd;
const TO_WALLET: Choose = |stage| &stage.lines[0].wallet;
const FROM_WEB: Choose = |stage| &stage.lines[0].web;

fn voter_says(stage: &Stage, lost: fn(&Status) -> bool) -> bool {
    stage.status(0).is_ok_and(|status| lost(&status))
}

const LOST_DCRD: Notices = |stage| voter_says(stage, |status| !status.dcrd.connected);
const LOST_WALLET: Notices = |stage| voter_says(stage, |status| !status.wallet.connected);
const LOST_VOTER: Notices = |stage| {
    let page = stage.status_page();
    page.is_ok_and(|page| !page.contains("RPC Status: OK"))
};

/// The line breaks; it is noticed while blocks come; it heals and everything comes back.
fn broken(name: &str, what: &str, breaks: fn(&Proxy), line: Choose, notices: Notices) {
    let mut stage = Stage::open(name);
    breaks(line(&stage));
    let loss = stage.mine_until(TO_NOTICE, "the loss to be noticed", notices);
    stage.mine_for(BLOCKS);
    line(&stage).heal();
    let recovery = stage.becomes_normal();
    stage.nothing_was_lost();
    let loss = loss.as_secs_f64();
    stage.tell(&format!("{what}, noticed after {loss:.1} s"), recovery);
}

#[test]
fn a_cut_between_voter_and_dcrd_costs_no_vote() {
    broken(
        "cut-dcrd",
        "voter 1 to dcrd cut",
        Proxy::cut,
        TO_DCRD,
        LOST_DCRD,
    );
}

#[test]
fn a_voter_notices_that_its_dcrd_fell_silent() {
    broken(
        "silent-dcrd",
        "voter 1 to dcrd half-open",
        Proxy::silence,
        TO_DCRD,
        LOST_DCRD,
    );
}

#[test]
#[ignore = "for --all"]
fn a_cut_between_voter_and_dcrwallet_costs_no_vote() {
    broken(
        "cut-wallet",
        "voter 1 to dcrwallet cut",
        Proxy::cut,
        TO_WALLET,
        LOST_WALLET,
    );
}

#[test]
#[ignore = "for --all"]
fn a_voter_notices_that_its_dcrwallet_fell_silent() {
    broken(
        "silent-wallet",
        "voter 1 to dcrwallet half-open",
        Proxy::silence,
        TO_WALLET,
        LOST_WALLET,
    );
}

#[test]
#[ignore = "for --all"]
fn a_cut_between_web_and_voter_costs_no_vote() {
    broken(
        "cut-web",
        "web to voter 1 cut",
        Proxy::cut,
        FROM_WEB,
        LOST_VOTER,
    );
}

#[test]
#[ignore = "for --all"]
fn web_notices_that_a_voter_fell_silent() {
    broken(
        "silent-web",
        "web to voter 1 half-open",
        Proxy::silence,
        FROM_WEB,
        LOST_VOTER,
    );
}

/// A dcrd that is far away is still a dcrd: its voter votes in time when it is the only one.
#[test]
#[ignore = "for --all"]
fn a_voter_far_from_its_dcrd_carries_the_chain() {
    let mut stage = Stage::open("slow-dcrd");
    stage.lines[0].dcrd.slow(Duration::from_millis(150), 4096);
    stage.mine_for(BLOCKS);
    stage.world.simnet.wait_for_votes(wait::PATIENCE);
    stage.kill(Part::Voter(1));
    stage.mine_for(BLOCKS);
    stage.start(Part::Voter(1));
    stage.lines[0].dcrd.heal();
    let recovery = stage.becomes_normal();
    stage.nothing_was_lost();
    stage.tell("voter 1 to dcrd slow, then alone", recovery);
}
