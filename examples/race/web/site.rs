//! A real `web` process with a scripted voter, a user with tickets, and a crowd.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;

use dcrstakepool::config::{Sources, WebConfig};
use dcrstakepool::decred::address::Address;
use dcrstakepool::decred::hash::{Hash, blake256};
use dcrstakepool::decred::hdkey::ExtendedPubKey;
use dcrstakepool::decred::params::Network;
use dcrstakepool::decred::{Atoms, Height, VoteBits, VoteVersion};
use dcrstakepool::domain::{FeeVerdict, TicketRecord, TicketStatus, UserId, VoteRecord};
use dcrstakepool::rpc::wire::Event;
use dcrstakepool::web::pages::components::grouped;

use super::{Setting, crowd};
use crate::harness::browser::Browser;
use crate::harness::configs::{Terms, web_config};
use crate::harness::fake_voter::{FakeVoter, RunningVoter};
use crate::harness::folder::Folder;
use crate::harness::mariadb::MariaDb;
use crate::harness::pool::Role;
use crate::harness::port::free_port;
use crate::harness::user::{PASSWORD, find_token};
use crate::harness::wait;

const EMAIL: &str = "owner@example.com";
const EXTPUB: &str = "spubVUkaTP2Zou5goHKCg4oskYSmojxFuf7vf99REjYMXYioE2iWc4kcDXLq3wF9keARCdHTWdXgUbEdXJwKftCDUacbYLZRqMYMZU7dPf8qgBT";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    MariaDb,
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::MariaDb => "MariaDB",
        })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            database,
            users,
            sessions,
            tickets,
            other_tickets,
        } = self;
        write!(
            f,
            "{database}, {users} users, {sessions} sessions, {tickets} tickets of the one who looks, \
             {other_tickets} of others"
        )
    }
}

/// All of it ends with the value, web first.
pub struct Site {
    web: Role,
    owner: Browser,
    token: String,
    voter: RunningVoter,
    _runtime: Runtime,
    _server: Option<MariaDb>,
    _folder: Folder,
}

impl Site {
    /// When it is ready all pages show what they should.
    pub fn open(setting: Setting) -> Self {
        let folder = Folder::new("race-web");
        let runtime = Runtime::new().expect("threads");
        let terms = terms();
        let fake = FakeVoter::new(Network::Simnet, &terms.voting_extpub);
        let voter = runtime.block_on(RunningVoter::start(fake));
        let server = (setting.database == Database::MariaDb).then(MariaDb::start);
        let url = match &server {
            None => format!("sqlite://{}", folder.path().join("pool.db").display()),
            Some(server) => server.url(&server.create_database()),
        };
        let port = free_port();
        let config =
            web_config(&terms, port, &url, &[]).replace("max_users = 50", "max_users = 1000000");
        let config = config + "\n" + &voter.section(folder.path());
        let home = folder.path().join("web");
        std::fs::create_dir(&home).expect("a folder can be made");
        // The section names a file beside the configuration.
        voter.section(&home);
        agree(&voter, &home, &config);
        let web = Role::launch("web", "web", &home, port, &config);
        let mut site = Self {
            owner: Browser::new(port),
            token: String::new(),
            web,
            voter,
            _runtime: runtime,
            _server: server,
            _folder: folder,
        };
        site.web.wait_ready();
        let address = site.owner_joins();
        site.web.stop();
        crowd::fill(&setting, &url);
        site.web.start_again();
        site.learn_tickets(&setting, &address);
        site
    }

    pub fn port(&self) -> u16 {
        self.web.port()
    }

    /// Of the user who has tickets.
    pub fn cookie(&self) -> String {
        self.owner.cookie_header()
    }

    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// Under the name that pages give it.
    pub fn style_sheet(&self) -> String {
        let page = Browser::new(self.port()).open("/").body;
        let start = page.find("/assets/style.").expect("a style sheet");
        page[start..].split('"').next().expect("a name").to_owned()
    }

    /// Resident memory of web.
    pub fn memory_mb(&mut self) -> f64 {
        let id = self.web.process().id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: u32 = line
            .and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
            .unwrap_or_else(|| panic!("web is not there: {status}"));
        f64::from(kib) / 1024.0
    }

    /// Does something while so many people sign in, each again as soon as it is in.
    pub fn while_signing_in<T>(&self, people: u32, act: impl FnOnce() -> T) -> T {
        let enough = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..people {
                scope.spawn(|| {
                    while !enough.load(Ordering::Relaxed) {
                        sign_in(&mut Browser::new(self.port()));
                    }
                });
            }
            let done = act();
            enough.store(true, Ordering::Relaxed);
            done
        })
    }

    /// Gives the ticket address.
    fn owner_joins(&mut self) -> String {
        let fields = [
            ("email", EMAIL),
            ("password", PASSWORD),
            ("passwordrepeat", PASSWORD),
        ];
        self.owner.submit("/signup", "/signup", &fields);
        let link = wait::until("the verification link", || {
            self.web.mailed_link("/emailverify").ok_or("not in the log")
        });
        self.owner.submit(&link, "/emailverify", &[]);
        sign_in(&mut self.owner);
        let address = user_address();
        self.owner
            .submit("/address", "/address", &[("UserPubKeyAddr", &address)]);
        let settings = self.owner.open("/settings").body;
        find_token(&settings)
            .expect("an API token")
            .clone_into(&mut self.token);
        let script = self.owner.open("/address/script.json").json();
        script["ticket_address"]
            .as_str()
            .expect("an address")
            .to_owned()
    }

    fn learn_tickets(&mut self, setting: &Setting, address: &str) {
        let own = (0..setting.tickets).map(|number| ticket(number, UserId(1), address));
        let others = (0..setting.other_tickets).map(|number| {
            let user = i64::from(2 + number % (setting.users - 1));
            ticket(setting.tickets + number, UserId(user), "ScOfSomebodyElse")
        });
        let sequence = self.voter.fake.with(|state| {
            state.tickets = own.chain(others).collect();
            state.tickets.len() as u64
        });
        self.voter.fake.emit(&Event::Tickets { sequence });
        let total = format!("{} in all", grouped(setting.tickets));
        wait::until("the tickets to be shown", || {
            let page = self.owner.open("/tickets");
            page.body.contains(&total).then_some(()).ok_or("not yet")
        });
        // What follows from them is counted with the next numbers.
        wait::pause(Duration::from_secs(2));
    }
}

fn sign_in(browser: &mut Browser) {
    let page = browser.submit(
        "/signin",
        "/signin",
        &[("email", EMAIL), ("password", PASSWORD)],
    );
    assert_eq!(page.status, 200, "sign-in: {}", page.body);
}

/// The keys of the vectors' simnet wallet.
fn terms() -> Terms {
    Terms {
        voting_extpub: EXTPUB.to_owned(),
        cold_extpub: EXTPUB.to_owned(),
    }
}

/// Any key of a user.
fn user_address() -> String {
    let account = ExtendedPubKey::parse(Network::Simnet, EXTPUB).expect("a key");
    let branch = account.external_branch().expect("a branch");
    Address::pubkey(Network::Simnet, &branch.key(1_000_000).expect("a key")).to_string()
}

/// The voter has the same `[pool]`.
fn agree(voter: &RunningVoter, folder: &Path, config: &str) {
    let file = folder.join("voter.toml");
    std::fs::write(&file, config).expect("a file can be written");
    let config = WebConfig::load(&Sources {
        file: Some(file),
        ..Sources::default()
    });
    let config = config.expect("a configuration");
    let peer = config.voters.first().expect("a voter");
    voter.fake.set_config(config.digests(peer));
}

/// Half of them were voted.
fn ticket(number: u32, user: UserId, address: &str) -> TicketRecord {
    let hash = |what: &str| Hash(blake256(format!("{what} {number}").as_bytes()));
    let voted = number.is_multiple_of(2);
    TicketRecord {
        hash: hash("ticket"),
        user_id: user,
        ticket_address: address.to_owned(),
        price: Atoms(25_123_456_789),
        fee_paid: Atoms(12_345_678),
        mined: Some((hash("block"), Height(10 + number / 20))),
        status: if voted {
            TicketStatus::Voted
        } else {
            TicketStatus::Live
        },
        verdict: FeeVerdict::Good,
        vote: voted.then(|| VoteRecord {
            hash: hash("vote"),
            block: hash("later block"),
            height: Height(100 + number / 20),
            bits: VoteBits(5),
            version: VoteVersion(12),
            reward: Atoms(150_000_000),
        }),
        revocation: None,
    }
}
