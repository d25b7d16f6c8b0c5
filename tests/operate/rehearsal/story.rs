//! What happens in the rehearsal.

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::super::package;
use super::guide::Section;
use super::table::{self, Row};
use super::{
    ADMIN_PASSWORD, DATABASE, FAR, GUIDE, Rehearsal, bring_from_nodes, fresh_node, install_node,
};
use crate::harness::ledger::{STAKE_VALIDATION, WINNERS};
use crate::harness::wait;
use crate::harness::world::World;

/// Blocks that need votes, in all.
const BLOCKS: u32 = 300;
/// While a host is cut off, and while it is the only one.
const CUT_OFF: u32 = 20;
const ALONE: u32 = 12;
/// At the end, when nothing happens any more, at least.
const REST: u32 = 20;
/// Rounds of blocks from the stock whose votes are timed, before anything happens.
const ROUNDS: u32 = 2;

/// Unspent tickets. dcrd makes no block that leaves some eighty or less, and a purchase may wait for ten blocks.
const STOCK: usize = 240;
/// Each user buys more than the blocks of a window of one price take from both.
const BOUGHT_AT_ONCE: u32 = 30;
/// So many blocks need no purchase, when there are tickets enough.
const FROM_STOCK: u32 = 8;
const ENOUGH: usize = 190;

/// What was measured so far.
#[derive(Debug)]
struct Notes {
    rows: Vec<Row>,
    together: Vec<Duration>,
    began: Instant,
}

impl Notes {
    fn say(&self, rehearsal: &Rehearsal, what: &str) {
        let height = rehearsal.world.height();
        eprintln!(
            "{:5} s, height {height}: {what}",
            self.began.elapsed().as_secs()
        );
    }
}

/// Makes a block; how long after it all its votes were at the miner.
fn block(world: &mut World) -> Duration {
    world.mine_one();
    let began = Instant::now();
    let votes = world.simnet.wait_for_votes(wait::PATIENCE);
    assert_eq!(votes, WINNERS, "at height {}", world.height());
    began.elapsed()
}

/// Everyone buys until there are so many.
fn stock_up(world: &mut World, tickets: usize) {
    while world.unspent_tickets() < tickets {
        world.everyone_buys(BOUGHT_AT_ONCE);
    }
}

/// Blocks while nobody buys.
fn blocks_from_stock(world: &mut World) -> Vec<Duration> {
    (0..FROM_STOCK).map(|_| block(world)).collect()
}

/// Makes blocks, and tickets when they run short.
fn blocks(world: &mut World, count: u32) {
    let end = world.height() + count;
    while world.height() < end {
        if world.unspent_tickets() < STOCK {
            world.everyone_buys(BOUGHT_AT_ONCE);
        } else {
            block(world);
        }
    }
}

/// Whether users buy meanwhile; without web they cannot, and a stock of tickets lasts for some blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Site {
    Open,
    Away,
}

/// Makes blocks as long as something else is done; what that gave.
fn meanwhile<T: Send>(world: &mut World, site: Site, work: impl FnOnce() -> T + Send) -> T {
    stock_up(world, ENOUGH);
    std::thread::scope(|scope| {
        let work = scope.spawn(work);
        let mut mined = 0;
        while !work.is_finished() {
            if site == Site::Open {
                blocks(world, 1);
            } else if mined < FROM_STOCK {
                mined += 1;
                block(world);
            } else {
                wait::pause(Duration::from_millis(20));
            }
        }
        work.join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

impl Rehearsal {
    fn users_come(&mut self) {
        self.world.user_joins("ada").submit_address_by_page();
        self.world.user_joins("ben").submit_address_by_api();
        // Blocks take none yet.
        stock_up(&mut self.world, STOCK);
        self.world.advance_to(STAKE_VALIDATION + 4);
    }

    /// Waits until a node has all blocks.
    fn catches_up(&self, node: usize) {
        let tip = self.world.node().best_hash();
        let node = &self.nodes[node];
        node.until("the best block", "dcrctl getbestblockhash", |said| {
            said.trim() == tip
        });
    }

    fn is_cut_off(&mut self, node: usize) {
        self.network.pull(&self.nodes[node]);
        blocks(&mut self.world, CUT_OFF);
        self.network.plug(&self.nodes[node]);
        self.catches_up(node);
    }

    fn is_alone(&mut self, node: usize) -> Vec<Duration> {
        let others: Vec<_> = (0..self.nodes.len())
            .filter(|other| *other != node)
            .collect();
        stock_up(&mut self.world, ENOUGH);
        for other in &others {
            self.network.pull(&self.nodes[*other]);
        }
        let times = blocks_from_stock(&mut self.world);
        blocks(&mut self.world, ALONE - FROM_STOCK);
        for other in &others {
            self.network.plug(&self.nodes[*other]);
        }
        for other in others {
            self.catches_up(other);
        }
        times
    }

    /// Web, or its database: nobody buys, and votes go on.
    fn site_is_cut_off(&mut self, database: bool) {
        stock_up(&mut self.world, ENOUGH);
        let machine = if database { &self.database } else { &self.web };
        self.network.pull(machine);
        blocks_from_stock(&mut self.world);
        self.network.plug(machine);
        self.is_well();
    }

    /// Its counters end with the voter's process.
    fn note_votes(&self, node: usize, notes: &mut Notes) {
        notes.rows[node].add(&self.nodes[node]);
    }

    /// Section 9 of the guide.
    fn is_upgraded(&mut self, notes: &mut Notes) {
        let newer = package::newer();
        let file = "dcrstakepool_2.0.1-1_amd64.deb";
        for machine in self.nodes.iter().chain([&self.web]) {
            machine.write(&format!("/root/{file}"), "644", &newer);
        }
        let url = format!("{ADMIN_PASSWORD}@{}", self.network.address(DATABASE));
        let section = Section::of(GUIDE, "9. ").with(&[
            ("dcrstakepool_NEW_amd64.deb", file.to_owned()),
            ("PASSWORD@localhost", url),
        ]);
        let of_a_node = ["dcrctl --wallet walletinfo", "systemctl restart"];
        let of_web = [
            "systemctl stop",
            "export ",
            "dcrstakepool migrate",
            "unset ",
            "systemctl start",
        ];
        let of_web_alone = section.clone().without(&of_a_node).steps();
        let web = &mut self.web;
        meanwhile(&mut self.world, Site::Away, || {
            web.follow(&of_web_alone, None)
        });
        let steps = section.without(&of_web).steps();
        for node in 0..self.nodes.len() {
            self.note_votes(node, notes);
            let machine = &mut self.nodes[node];
            let said = meanwhile(&mut self.world, Site::Open, || machine.follow(&steps, None));
            assert!(said.contains("\"unlocked\":true"), "{said}");
            let version = self.nodes[node].run("dpkg-query --show dcrstakepool");
            assert!(version.contains("+later"), "{version}");
            self.is_well();
        }
    }

    /// `/status` on the site, as the web host has it.
    fn is_well(&self) {
        let check = "runuser -u dcrstakepool -- dcrstakepool check web";
        self.web.until("all to be well", check, |_| true);
    }

    /// A machine burns, and section 10 of the guide makes another one in its place; how long it took.
    fn is_replaced(&mut self, node: usize, notes: &mut Notes) -> Duration {
        self.note_votes(node, notes);
        let (began, name) = (Instant::now(), self.nodes[node].name.clone());
        self.nodes[node].power_off();
        let (network, peers) = (&self.network, &self.peers[node]);
        let (folder, seed, cold) = (self.folder.join("again"), &self.seed, &self.cold);
        self.nodes[node] = meanwhile(&mut self.world, Site::Open, || {
            let mut fresh = fresh_node(network, &folder, node, &name, cold);
            install_node(network, &mut fresh, peers, Some(seed));
            fresh
        });
        bring_from_nodes(&self.web, &self.nodes[node..=node]);
        let steps = Section::of(GUIDE, "10. ").steps();
        let web = &mut self.web;
        meanwhile(&mut self.world, Site::Away, || web.follow(&steps, None));
        self.is_well();
        began.elapsed()
    }
}

#[test]
#[ignore = "for --all: a network of six machines, as root; a quarter of an hour"]
fn three_voting_hosts_miss_nothing_while_one_reaches_the_network() {
    let began = Instant::now();
    let mut rehearsal = Rehearsal::begin();
    let rows = rehearsal.nodes.iter().zip(FAR).map(|(node, far)| Row {
        name: node.name.clone(),
        far,
        ..Row::default()
    });
    let mut notes = Notes {
        rows: rows.collect(),
        together: Vec::new(),
        began,
    };
    notes.say(&rehearsal, "all is installed by the guide");
    rehearsal.users_come();
    let first = rehearsal.world.height();
    notes.say(&rehearsal, "two users' tickets carry the chain");
    for _ in 0..ROUNDS {
        stock_up(&mut rehearsal.world, ENOUGH);
        let times = blocks_from_stock(&mut rehearsal.world);
        notes.together.extend(times);
    }

    for node in 0..FAR.len() {
        notes.say(&rehearsal, &format!("node{} is cut off", node + 1));
        rehearsal.is_cut_off(node);
    }
    for node in 0..FAR.len() {
        notes.say(&rehearsal, &format!("node{} is alone", node + 1));
        notes.rows[node].alone = rehearsal.is_alone(node);
    }
    for (name, database) in [("web", false), ("database", true)] {
        notes.say(&rehearsal, &format!("{name} is cut off"));
        rehearsal.site_is_cut_off(database);
    }
    notes.say(&rehearsal, "all are upgraded, one after the other");
    rehearsal.is_upgraded(&mut notes);
    notes.say(&rehearsal, "node2 is lost");
    let replaced = rehearsal.is_replaced(1, &mut notes);
    notes.say(&rehearsal, "node2 is back");
    let rest = (first + BLOCKS)
        .saturating_sub(rehearsal.world.height())
        .max(REST);
    blocks(&mut rehearsal.world, rest);
    let before = notes.rows[1].first + notes.rows[1].second;
    for node in 0..FAR.len() {
        rehearsal.note_votes(node, &mut notes);
    }
    notes.say(&rehearsal, "the end");
    let table = table::table(&notes.rows, &notes.together);
    let _ = std::io::stderr().write_all(table.as_bytes());
    let again = notes.rows[1].first + notes.rows[1].second - before;
    assert!(again > 0, "the node that was replaced never votes");
    rehearsal.world.assert_nothing_missed();
    assert!(rehearsal.world.height() >= first + BLOCKS);
    for row in &notes.rows {
        assert!(row.first + row.second > 0, "{} never voted", row.name);
    }
    notes.say(
        &rehearsal,
        &format!("a node was replaced in {} s", replaced.as_secs()),
    );
}
