//! A running pool for one scenario; `accidents` and `verdict` have its verbs.
//!
//! The node that mines, with the miner's and the users' wallets, is nobody's voting node: each of those may
//! die and the chain goes on as long as a voter lives. Lines that a test may break run from each voter to
//! its dcrd and dcrwallet and from web to each voter.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::configs::{Endpoint, Terms, voter_config, web_config};
use crate::harness::dcrd::Dcrd;
use crate::harness::folder::Folder;
use crate::harness::mariadb::MariaDb;
use crate::harness::pair::Pair;
use crate::harness::pool::{Pool, Role};
use crate::harness::port::free_port;
use crate::harness::proxy::Proxy;
use crate::harness::simnet::{Simnet, miner_address};
use crate::harness::user::User;
use crate::harness::wallet::Wallet;
use crate::harness::world::World;

use super::base::{self, DUMP_FILE, Database, SQLITE_FILE};

/// Voting nodes of a stage.
pub const NODES: usize = 2;
/// Between two blocks.
pub const PACE: Duration = Duration::from_secs(1);
/// A vote that is not there so long after its block is missed. The network gives it five minutes.
pub const VOTE_LIMIT: Duration = Duration::from_secs(10);

/// A process of the pool; voting nodes count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Dcrd(usize),
    Wallet(usize),
    Voter(usize),
    Web,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Dcrd(n) => write!(f, "dcrd {}", n + 1),
            Part::Wallet(n) => write!(f, "dcrwallet {}", n + 1),
            Part::Voter(n) => write!(f, "voter {}", n + 1),
            Part::Web => f.write_str("web"),
        }
    }
}

/// The lines of one voting node.
#[derive(Debug)]
pub struct Lines {
    /// From the voter to its dcrd.
    pub dcrd: Proxy,
    /// From the voter to its dcrwallet.
    pub wallet: Proxy,
    /// From web to the voter.
    pub web: Proxy,
}

/// What is measured from the start of a scenario on.
#[derive(Debug)]
pub struct Watch {
    /// From the copy to a pool in which all is normal.
    pub opened: Duration,
    /// The first block whose votes the scenario answers for.
    pub from: u32,
    /// The longest time from a block to its last vote at the node that mines.
    pub slowest_votes: Duration,
}

#[derive(Debug)]
pub struct Stage {
    /// `world.simnet.nodes[0]` mines; voting node `n` is `nodes[n + 1]` with `voting_wallets[n]` and
    /// `pool.voters[n]`.
    pub world: World,
    pub lines: Vec<Lines>,
    pub database_url: String,
    /// The server of a stage on MariaDB, its own.
    pub server: Option<MariaDb>,
    /// Parts that a test took away.
    pub away: BTreeSet<Part>,
    pub watch: Watch,
}

impl Stage {
    /// A running pool on SQLite.
    pub fn open(name: &str) -> Self {
        Self::open_on(name, Database::Sqlite)
    }

    pub fn open_on(name: &str, database: Database) -> Self {
        let folder = Folder::new(name);
        let facts = base::copy_to(folder.path(), database);
        let start = Instant::now();
        let simnet = wake_network(folder.path(), &facts.users);
        let lines: Vec<_> = (0..NODES).map(|n| lines(&simnet, n)).collect();
        let (server, database_url) = wake_database(folder.path(), database);
        let (simnet, wallets) = simnet;
        let pool = wake_pool(
            folder.path(),
            &facts.terms(),
            &simnet,
            &lines,
            &database_url,
        );
        let users = facts
            .users
            .iter()
            .zip(wallets)
            .map(|(name, wallet)| User::resume(name, wallet, &pool, folder.path()));
        let users = users.collect();
        let mut world = World::resume(users, pool, simnet, folder);
        world.patience = VOTE_LIMIT;
        world.ledger.read(world.simnet.node());
        let watch = Watch {
            from: world.height() + 1,
            opened: Duration::ZERO,
            slowest_votes: Duration::ZERO,
        };
        let mut stage = Self {
            world,
            lines,
            database_url,
            server,
            away: BTreeSet::new(),
            watch,
        };
        stage.becomes_normal();
        stage.watch.opened = start.elapsed();
        stage.watch.slowest_votes = Duration::ZERO;
        stage
    }

    /// The numbers of its voters.
    pub fn voters(&self) -> Range<usize> {
        0..self.world.pool.voters.len()
    }
}

/// Nodes and wallets, as they were left.
fn wake_network(folder: &Path, users: &[String]) -> (Simnet, Vec<Wallet>) {
    let resume = |name: &str, of: Option<&Dcrd>| {
        let address = of.is_none().then(|| miner_address(Pair::Current));
        Dcrd::resume(Pair::Current, name, &folder.join(name), of, address)
    };
    // The base's first node both mined and voted.
    base::copy(&folder.join("dcrd1"), &folder.join("hub"));
    let hub = resume("hub", None);
    let mut nodes = vec![hub];
    for number in 1..=NODES {
        let node = resume(&format!("dcrd{number}"), nodes.first());
        nodes.push(node);
    }
    nodes.iter_mut().for_each(Dcrd::wait_ready);
    let wallet = |name: &str, node: &Dcrd| Wallet::resume(name, &folder.join(name), node);
    let mut voting: Vec<_> = (1..=NODES)
        .map(|number| wallet(&format!("wallet{number}"), &nodes[number]))
        .collect();
    let mut miner = wallet("miner", &nodes[0]);
    let mut own: Vec<_> = (1..=users.len())
        .map(|number| wallet(&format!("user{number}"), &nodes[0]))
        .collect();
    let height = nodes[0].height();
    for wallet in voting.iter_mut().chain(&mut own).chain([&mut miner]) {
        wallet.wait_synced(height);
    }
    let count = u8::try_from(users.len()).expect("a few users");
    (Simnet::resume(miner, voting, nodes, folder, count), own)
}

fn lines((simnet, _): &(Simnet, Vec<Wallet>), node: usize) -> Lines {
    Lines {
        dcrd: Proxy::to(simnet.nodes[node + 1].rpc_port()),
        wallet: Proxy::to(simnet.voting_wallets[node].rpc_port()),
        // The voter is started on this port.
        web: Proxy::to(free_port()),
    }
}

fn wake_database(folder: &Path, database: Database) -> (Option<MariaDb>, String) {
    match database {
        Database::Sqlite => {
            let file = folder.join(SQLITE_FILE);
            (None, format!("sqlite://{}", file.display()))
        }
        Database::MariaDb => {
            let server = MariaDb::start();
            let name = server.create_database();
            server.load(&name, &folder.join(DUMP_FILE));
            let url = server.url(&name);
            (Some(server), url)
        }
    }
}

/// Voters and web, with the lines between them and everything else.
fn wake_pool(
    folder: &Path,
    terms: &Terms,
    simnet: &Simnet,
    lines: &[Lines],
    database_url: &str,
) -> Pool {
    let behind = |proxy: &Proxy, cert: &Path| Endpoint {
        port: proxy.port(),
        cert: cert.to_owned(),
    };
    simnet.voting_wallets[0].keep_keys();
    let mut voters: Vec<Role> = Vec::new();
    let mut known = Vec::new();
    for (number, lines) in (0..).zip(lines) {
        let name = format!("voter{}", number + 1);
        let own = folder.join(&name);
        let dcrd = behind(&lines.dcrd, &simnet.nodes[number + 1].cert());
        let wallet = behind(&lines.wallet, &simnet.voting_wallets[number].cert());
        let port = lines.web.target();
        let config = voter_config(terms, port, &dcrd, &wallet);
        voters.push(Role::launch(&name, "voter", &own, port, &config));
        known.push(behind(&lines.web, &own.join("voter.cert")));
    }
    voters.iter_mut().for_each(Role::wait_ready);
    let port = free_port();
    let config = web_config(terms, port, database_url, &known);
    let mut web = Role::launch("web", "web", &folder.join("web"), port, &config);
    web.wait_ready();
    let terms = terms.clone();
    Pool { web, voters, terms }
}
