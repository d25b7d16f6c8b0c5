//! The pool that every scenario begins with: past stake validation, with tickets of two users, stopped.
//! Built once and kept beside the build's other results, since that takes a minute and a copy a moment.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::harness::configs::Terms;
use crate::harness::mariadb::MariaDb;
use crate::harness::pair::Pair;
use crate::harness::program;
use crate::harness::voter_rpc;
use crate::harness::wait;
use crate::harness::world::World;
use crate::network::claims;

/// Another number is another base: count up when what follows here changes.
const VERSION: u32 = 2;
const VOTING_NODES: usize = 2;
/// Purchases are made before votes eat tickets faster than they can be bought.
const BUYING_FROM: u32 = 50;
const HEIGHT: u32 = 150;
/// Without one more purchase these last for fifty blocks. With many more the price would rise, and tickets
/// that wait for their block then are dropped by dcrd.
const TICKETS: usize = 280;
const TICKETS_AT_ONCE: u32 = 20;
/// dcrd believes that it lacks blocks when its last one is a day old.
const FRESH: Duration = Duration::from_hours(12);
/// What tells of a former life.
const LEFT_OUT: [&str; 4] = ["logs", "dcrd.log", "dcrwallet.log", "role.log"];

/// Where web keeps its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    MariaDb,
}

/// What the folders do not say.
#[derive(Debug, Serialize, Deserialize)]
pub struct Facts {
    pub voting_extpub: String,
    pub cold_extpub: String,
    pub users: Vec<String>,
}

impl Facts {
    pub fn terms(&self) -> Terms {
        Terms {
            voting_extpub: self.voting_extpub.clone(),
            cold_extpub: self.cold_extpub.clone(),
        }
    }
}

/// File names inside the base.
pub const SQLITE_FILE: &str = "pool.db";
pub const DUMP_FILE: &str = "pool.sql";
const FACTS_FILE: &str = "facts.json";

/// Copies the base into a folder; the first who asks builds it, others wait.
pub fn copy_to(folder: &Path, database: Database) -> Facts {
    let bases = program::target_folder().join("faults");
    fs::create_dir_all(&bases).expect("a folder can be made");
    let guard = File::create(bases.join("guard")).expect("a file can be made");
    guard.lock().expect("a file can be locked");
    let kind = match database {
        Database::Sqlite => "sqlite",
        Database::MariaDb => "mariadb",
    };
    let base = bases.join(format!("{kind}-{}", stamp()));
    if !is_fresh(&base) {
        forget(&bases, kind);
        build(&base, database);
    }
    copy(&base, folder);
    let facts = fs::read(base.join(FACTS_FILE)).expect("the base has facts");
    serde_json::from_slice(&facts).expect("facts as they were written")
}

/// Of what the base depends on: the daemons and the program.
fn stamp() -> String {
    let daemons = program::target_folder().join("daemons/current/stamp");
    let mut hash = Sha256::new();
    hash.update(VERSION.to_le_bytes());
    hash.update(fs::read(daemons).expect("scripts/daemons leaves a stamp"));
    hash.update(fs::read(program::binary()).expect("the program can be read"));
    hex::encode(&hash.finalize()[..8])
}

fn is_fresh(base: &Path) -> bool {
    let facts = fs::metadata(base.join(FACTS_FILE));
    let written = facts.and_then(|facts| facts.modified()).ok();
    written
        .and_then(|at| at.elapsed().ok())
        .is_some_and(|age| age < FRESH)
}

/// Removes the bases of earlier programs.
fn forget(bases: &Path, kind: &str) {
    for entry in fs::read_dir(bases).expect("a folder can be read").flatten() {
        if entry.file_name().to_string_lossy().starts_with(kind) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn build(base: &Path, database: Database) {
    let server = (database == Database::MariaDb).then(MariaDb::shared);
    let rows = server.map(|server| (server, server.create_database()));
    let mut url = String::new();
    let mut world = World::open(Pair::Current, "base", VOTING_NODES, |folder| {
        url = match &rows {
            None => format!("sqlite://{}", folder.join(SQLITE_FILE).display()),
            Some((server, name)) => server.url(name),
        };
        url.clone()
    });
    let facts = live(&mut world, &url);
    let folder = world.close();
    let unfinished = base.with_extension("unfinished");
    let _ = fs::remove_dir_all(&unfinished);
    copy(folder.path(), &unfinished);
    if let Some((server, name)) = &rows {
        server.dump(name, &unfinished.join(DUMP_FILE));
    }
    let facts = serde_json::to_vec(&facts).expect("facts are plain");
    fs::write(unfinished.join(FACTS_FILE), facts).expect("a file can be written");
    fs::rename(&unfinished, base).expect("a folder can be renamed");
}

/// Two users with different choices buy until there are tickets of all ages.
fn live(world: &mut World, url: &str) -> Facts {
    let yes = claims::bits_of_choice(world, "yes");
    let no = claims::bits_of_choice(world, "no");
    world.user_joins("ada").submit_address_by_page();
    world.users[0].set_vote_bits_by_api(yes);
    world.user_joins("ben").submit_address_by_api();
    world.users[1].set_vote_bits_by_api(no);
    world.advance_to(BUYING_FROM);
    while world.unspent_tickets() < TICKETS {
        world.everyone_buys(TICKETS_AT_ONCE);
    }
    world.advance_to(HEIGHT);
    // What is in no block is lost when daemons stop.
    world.simnet.wait_for_votes(world.patience);
    world.assert_nothing_missed();
    claims::tickets_agree(world, url);
    for voter in &world.pool.voters {
        wait::until("the voter to have loaded its tickets", || {
            let status = voter_rpc::status(voter)?;
            status
                .tickets_loaded
                .then_some(())
                .ok_or("not yet".to_owned())
        });
    }
    let terms = &world.pool.terms;
    Facts {
        voting_extpub: terms.voting_extpub.clone(),
        cold_extpub: terms.cold_extpub.clone(),
        users: ["ada", "ben"].map(str::to_owned).to_vec(),
    }
}

/// A copy of a folder, without what tells of a former life.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a folder can be read") {
        let entry = entry.expect("a folder can be read");
        let name = entry.file_name();
        if LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let kind = entry.file_type().expect("a file has a type");
        if kind.is_dir() {
            copy(&entry.path(), &to.join(name));
        } else if kind.is_file() {
            fs::copy(entry.path(), to.join(name)).expect("a file can be copied");
        }
    }
}
