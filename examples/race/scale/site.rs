//! A voter and a web beside the simulated daemons, as an operator runs them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dcrstakepool::node;
use dcrstakepool::rpc::wire::Status;
use tokio::runtime::Runtime;

use super::Setting;
use super::chain::Chain;
use super::daemons::Daemons;
use super::database;
use super::people::{Keys, NETWORK, NEWCOMERS, Person, user_pubkey_address};
use super::usage::Usage;
use crate::harness::browser::Browser;
use crate::harness::configs::{Endpoint, Terms, voter_config, web_config};
use crate::harness::daemon_rpc;
use crate::harness::folder::Folder;
use crate::harness::http;
use crate::harness::pool::Role;
use crate::harness::port::free_port;
use crate::harness::program;
use crate::harness::user::{PASSWORD, find_token};
use crate::harness::voter_rpc;
use crate::harness::wait;

/// The whole pool may take so long to be read.
const LONG: Duration = Duration::from_mins(10);
/// A role that has nothing to do any more has given back what it gives back.
const REST: Duration = Duration::from_secs(5);

/// Until the state is on disk and nothing is left to do.
pub fn rest() {
    wait::pause(REST);
}

/// All of it ends with the value, the roles first.
pub struct Site {
    pub voter: Role,
    pub web: Role,
    pub daemons: Daemons,
    setting: Setting,
    newcomers: u32,
    _runtime: Runtime,
    _folder: Folder,
}

impl Site {
    /// Both roles run when it returns; the voter has nothing on its disk.
    pub fn open(setting: Setting, seed: u64) -> Self {
        let folder = Folder::new("race-scale");
        let runtime = Runtime::new().expect("threads");
        let keys = Keys::new(seed);
        let people = keys.people(setting.users);
        let users = usize::try_from(setting.users).expect("few");
        let chain = Chain::new(seed, people.clone(), setting.users, setting.tickets);
        let height = chain.first_height();
        let lacking = usize::try_from(setting.lacking).expect("few");
        let starting = Daemons::start(&keys, &people, users, lacking, chain);
        let daemons = runtime.block_on(starting);
        let terms = Terms {
            voting_extpub: keys.extpub.clone(),
            cold_extpub: keys.extpub.clone(),
        };
        let (voter, endpoint) = voter(folder.path(), &terms, &daemons, setting.users);
        let web = web(
            folder.path(),
            &terms,
            endpoint,
            setting.users,
            &people[..users],
            height,
        );
        Self {
            voter,
            web,
            daemons,
            setting,
            newcomers: 0,
            _runtime: runtime,
            _folder: folder,
        }
    }

    pub fn status(&self) -> Option<Status> {
        voter_rpc::status(&self.voter).ok()
    }

    /// Waits until the voter knows all there is, and gives the time of it.
    pub fn synced(&self) -> Instant {
        let wanted = u64::try_from(self.daemons.chain().live()).expect("few");
        let scripts = u64::from(self.setting.users + self.newcomers);
        wait::until_within(LONG, "the voter to be synchronised", || {
            let status = voter_rpc::status(&self.voter)?;
            let live = status.tickets.live;
            let all = status.tickets_loaded
                && status.scripts.count >= scripts
                && live >= wanted
                && status.rescan.is_none();
            let taught = status.preferences.count >= u64::from(self.setting.users);
            let imported = self.daemons.scripts() as u64 >= scripts;
            if all && taught && imported && status.unread_from.is_none() {
                return Ok(Instant::now());
            }
            Err(format!(
                "{} scripts, {live} live tickets of {wanted}, {} preferences",
                status.scripts.count, status.preferences.count
            ))
        })
    }

    /// From the order to start until the voter votes, a vote is there, and it knows all.
    pub fn restart_voter(&mut self) -> Start {
        self.voter.stop();
        self.daemons.watch_anew();
        let before = Usage::of_own();
        let launched = Instant::now();
        self.voter.launch_again();
        let synced = self.synced();
        let daemons = Usage::of_own().since(&before);
        // Preferences that nobody confirms are waited for.
        let watched = wait::until("the first vote", || {
            let watched = self.daemons.chain().watched;
            watched.first_vote.map(|_| watched).ok_or("none yet")
        });
        let after = |moment: Option<Instant>| moment.map(|it| (it - launched).as_secs_f64());
        Start {
            votes_after: after(watched.asked_for_winners).expect("it asked for winners"),
            first_vote: after(watched.first_vote).expect("it voted"),
            synced: (synced - launched).as_secs_f64(),
            daemons,
        }
    }

    /// From the order to start to the first page.
    pub fn restart_web(&mut self) -> f64 {
        self.web.stop();
        let launched = Instant::now();
        self.web.launch_again();
        let port = self.web.port();
        wait::until_within(LONG, "the first page", || {
            match http::request(port, "/", &[], None) {
                Ok(answer) if answer.status == 200 => Ok(()),
                Ok(answer) => Err(answer.status.to_string()),
                Err(error) => Err(error.to_string()),
            }
        });
        launched.elapsed().as_secs_f64()
    }

    /// Someone joins and submits an address: how long that takes, in milliseconds.
    pub fn enrol(&mut self) -> f64 {
        self.newcomers += 1;
        assert!(self.newcomers <= NEWCOMERS, "too many newcomers");
        let email = format!("new{}@example.com", self.newcomers);
        let mut browser = Browser::new(self.web.port());
        let fields = [
            ("email", email.as_str()),
            ("password", PASSWORD),
            ("passwordrepeat", PASSWORD),
        ];
        browser.submit("/signup", "/signup", &fields);
        let before = self.web.mailed_link("/emailverify");
        let link = wait::until("the verification link", || {
            self.web
                .mailed_link("/emailverify")
                .filter(|_| before.is_some())
                .ok_or("not in the log")
        });
        browser.submit(&link, "/emailverify", &[]);
        browser.submit(
            "/signin",
            "/signin",
            &[("email", &email), ("password", PASSWORD)],
        );
        let settings = browser.open("/settings").body;
        let bearer = format!("Bearer {}", find_token(&settings).expect("an API token"));
        let key = user_pubkey_address();
        let start = Instant::now();
        let answer = http::request(
            self.web.port(),
            "/api/v2/address",
            &[("Authorization", &bearer)],
            Some(&[("UserPubKeyAddr", &key)]),
        );
        let took = start.elapsed().as_secs_f64() * 1e3;
        let answer = answer.expect("an answer").json();
        assert_eq!(answer["status"], "success", "{answer}");
        took
    }

    pub fn voter_usage(&mut self) -> Usage {
        Usage::of(self.voter.process().id())
    }

    pub fn web_usage(&mut self) -> Usage {
        Usage::of(self.web.process().id())
    }
}

/// How a start went, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    pub votes_after: f64,
    pub first_vote: f64,
    pub synced: f64,
    /// What the daemons worked meanwhile.
    pub daemons: f64,
}

fn on_mainnet(config: &str, users: u32) -> String {
    config
        .replace("network = \"simnet\"", &format!("network = \"{NETWORK}\""))
        .replace(
            "max_users = 50",
            &format!("max_users = {}", users + NEWCOMERS),
        )
}

fn voter(folder: &Path, terms: &Terms, daemons: &Daemons, users: u32) -> (Role, Endpoint) {
    let home = folder.join("voter");
    std::fs::create_dir(&home).expect("a folder can be made");
    let endpoint = |config: &node::Config| {
        let cert = home.join(format!("{}.cert", config.name));
        std::fs::write(&cert, &config.cert_pem).expect("a file can be written");
        let port = config.host.rsplit(':').next().expect("a port");
        let port = port.parse().expect("a port");
        Endpoint { port, cert }
    };
    let dcrd = daemons.dcrd.config();
    let (node, wallet) = (endpoint(&dcrd), endpoint(&daemons.wallet.config()));
    let port = free_port();
    let config = voter_config(terms, port, &node, &wallet)
        .replace(
            &format!("user = \"{}\"", daemon_rpc::USER),
            &format!("user = \"{}\"", dcrd.user),
        )
        .replace(daemon_rpc::PASSWORD, dcrd.password.expose());
    let mut voter = Role::launch("voter", "voter", &home, port, &on_mainnet(&config, users));
    voter.wait_ready();
    let endpoint = voter.endpoint();
    (voter, endpoint)
}

fn web(
    folder: &Path,
    terms: &Terms,
    voter: Endpoint,
    users: u32,
    people: &[Person],
    height: u32,
) -> Role {
    let home = folder.join("web");
    std::fs::create_dir(&home).expect("a folder can be made");
    let file: PathBuf = home.join("pool.db");
    let port = free_port();
    let url = format!("sqlite://{}", file.display());
    let config = on_mainnet(&web_config(terms, port, &url, &[voter]), users);
    let path = home.join("dcrstakepool.toml");
    std::fs::write(&path, &config).expect("a file can be written");
    let made = program::run(&["migrate", "--config", path.to_str().expect("UTF-8")]);
    assert!(
        made.status.success(),
        "migrate: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    database::fill(&file, people, height);
    let mut web = Role::launch("web", "web", &home, port, &config);
    web.wait_ready();
    web
}
