//! The cluster, two webs, their voters and mail server, and the clients.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dcrstakepool::db::{Access, Error, Options, Store};
use dcrstakepool::decred::params::Network;
use dcrstakepool::secret::Secret;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use tokio::runtime::Runtime;

use crate::harness::balancer::Balancer;
use crate::harness::configs::{MONITOR_TOKEN, Terms, web_config};
use crate::harness::fake_voter::{FakeVoter, RunningVoter};
use crate::harness::folder::Folder;
use crate::harness::galera::{self, Cluster};
use crate::harness::http;
use crate::harness::pool::Role;
use crate::harness::port::free_port;
use crate::harness::smtp::{Manners, Security, SmtpServer};
use crate::harness::wait;
use crate::web::site::{COLD_KEY, agendas, agree, voting_key};

use super::client::{Account, Client, Shared};
use super::tally::{Counts, Tally};

const CLIENTS: usize = 50;
const WEBS: usize = 2;
const DATABASE: &str = "pool";
/// What may take part in a change that is under way when everything ends.
const RECOVERY: Duration = Duration::from_mins(2);

pub struct Scene {
    pub webs: Vec<Role>,
    pub cluster: Cluster,
    clients: Vec<JoinHandle<Vec<Account>>>,
    shared: Shared,
    _database: Balancer,
    _site: Balancer,
    _voters: Vec<RunningVoter>,
    may_cut: bool,
    _folder: Folder,
    runtime: Runtime,
}

/// A user as a node of the database has it.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    user: i64,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    sent_address: String,
    #[diesel(sql_type = Text)]
    ticket_address: String,
    #[diesel(sql_type = Text)]
    token: String,
    #[diesel(sql_type = BigInt)]
    bits: i64,
    #[diesel(sql_type = BigInt)]
    key_index: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    mails_of_votes: Option<i64>,
}

const ROWS: &str = "SELECT u.UserId AS user, COALESCE(u.Email, '') AS email, \
    COALESCE(u.UserPubKeyAddr, '') AS sent_address, \
    COALESCE(u.MultiSigAddress, '') AS ticket_address, COALESCE(u.APIToken, '') AS token, \
    COALESCE(u.VoteBits, 0) AS bits, k.key_index AS key_index, n.voted AS mails_of_votes \
    FROM Users u JOIN pool_keys k ON k.user_id = u.UserId AND k.key_set = 0 \
    JOIN pool_emails e ON e.user_id = u.UserId \
    LEFT JOIN pool_notifications n ON n.user_id = u.UserId ORDER BY u.UserId";

impl Scene {
    /// Everything is up, and clients are busy.
    pub fn open() -> Self {
        let folder = Folder::new("cluster");
        let cluster = Cluster::start();
        cluster.nodes[0].execute(&format!("CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4"));
        let database = Balancer::before(&cluster.ports(), galera::serves);
        let url = Cluster::url(database.port(), DATABASE);
        let runtime = Runtime::new().expect("a runtime");
        let voters: Vec<_> = (0..2)
            .map(|_| {
                let fake = FakeVoter::new(Network::Simnet, &voting_key());
                fake.with(|state| state.agendas = agendas());
                runtime.block_on(RunningVoter::start(fake))
            })
            .collect();
        let mails = runtime.block_on(SmtpServer::start(Security::Plain, Manners::default()));
        let ports: Vec<_> = (0..WEBS).map(|_| free_port()).collect();
        let site = Balancer::before(&ports, lives);
        let mut webs: Vec<_> = (1..)
            .zip(&ports)
            .map(|(number, &port)| {
                let name = format!("web{number}");
                let own = folder.path().join(&name);
                let config = configuration(&own, port, &site, &url, mails.port, &voters);
                Role::launch(&name, "web", &own, port, &config)
            })
            .collect();
        webs.iter_mut().for_each(Role::wait_ready);
        wait::until("the balancer to see the webs", || {
            lives(site.port()).then_some(()).ok_or("it hangs up")
        });
        let shared = Shared {
            site: site.port(),
            mails: Arc::new(mails),
            tally: Arc::new(Tally::new()),
            over: Arc::new(AtomicBool::new(false)),
            addresses: Arc::new(AtomicU32::new(1)),
        };
        let clients = (0..CLIENTS).map(|number| {
            let client = Client::new(number, shared.clone());
            std::thread::spawn(|| client.live())
        });
        Self {
            clients: clients.collect(),
            webs,
            cluster,
            shared,
            _database: database,
            _site: site,
            _voters: voters,
            may_cut: false,
            _folder: folder,
            runtime,
        }
    }

    /// Who is connected to a web that is killed hears no more of it.
    pub fn webs_may_cut(&mut self) {
        self.may_cut = true;
    }

    /// If it did the background work, the other one does it soon.
    pub fn kill_web(&mut self, web: usize) {
        let led = self.leads(web);
        self.webs[web].kill();
        let start = Instant::now();
        if led {
            self.one_leads();
            let took = start.elapsed().as_secs_f64();
            println!(
                "measured: kill -9 of the web that does the background work: the other does after {took:.1} s"
            );
        }
    }

    fn leads(&self, web: usize) -> bool {
        let token = format!("Bearer {MONITOR_TOKEN}");
        let headers = [("Authorization", token.as_str())];
        let status = http::request(self.webs[web].port(), "/status", &headers, None);
        status.is_ok_and(|page| page.body.contains("It does the background work."))
    }

    /// Until one web does the background work.
    fn one_leads(&self) {
        wait::until("one web that does the background work", || {
            match (0..WEBS).filter(|web| self.leads(*web)).count() {
                1 => Ok(()),
                count => Err(format!("{count} do")),
            }
        });
    }

    /// What a web would have that is connected to this node alone.
    pub fn store_at(&self, node: usize) -> Store {
        let url = Secret::new(Cluster::url(self.cluster.ports()[node], DATABASE));
        let store = Store::connect(Options::new(url, 1, Access::Guest));
        self.runtime.block_on(store).expect("a node that serves")
    }

    /// Until that web's `/readyz` would say so.
    pub fn until_ready(&self, store: &Store, ready: bool) {
        wait::until("a node to be ready or not", || {
            match (self.runtime.block_on(store.ping()), ready) {
                (Ok(()), true) | (Err(Error::Unavailable(_)), false) => Ok(()),
                (other, _) => Err(format!("{other:?}")),
            }
        });
    }

    /// Ends the clients' work and holds what they were told against the tables.
    pub fn ends_well(mut self, what: &str) -> Outcome {
        let mut accounts = Vec::new();
        let changes = self.changes_go_on();
        self.shared.over.store(true, Ordering::SeqCst);
        for client in self.clients.drain(..) {
            accounts.extend(client.join().expect("a client"));
        }
        let counts = self.shared.tally.now();
        assert!(counts.wrong.is_empty(), "{:#?}", counts.wrong);
        assert!(self.may_cut || counts.cut == 0, "{} were cut", counts.cut);
        self.webs_are_ready();
        self.one_leads();
        for account in &mut accounts {
            is_still_signed_in(account);
        }
        for web in &mut self.webs {
            web.stop();
        }
        let rows = self.rows_of_all_nodes();
        nothing_is_there_twice(&rows);
        everything_is_there(&accounts, &rows);
        Outcome {
            what: what.to_owned(),
            counts,
            accounts: accounts.len(),
            users: rows.len(),
            recovery: changes,
        }
    }

    /// Until every kind of change was accepted again; how long that took.
    fn changes_go_on(&self) -> Duration {
        let before = self.shared.tally.now().accepted;
        let start = Instant::now();
        wait::until_within(RECOVERY, "every kind of change", || {
            let now = self.shared.tally.now().accepted;
            let stands = |what: &&&str| now.get(**what) == before.get(**what);
            match before.keys().find(stands) {
                None => Ok(()),
                Some(what) => Err(format!("no {what}")),
            }
        });
        start.elapsed()
    }

    fn webs_are_ready(&self) {
        for web in &self.webs {
            wait::until("a web that is ready", || {
                let answer = http::request(web.port(), "/readyz", &[], None);
                let answer = answer.map_err(|error| error.to_string())?;
                if answer.status == 200 {
                    Ok(())
                } else {
                    Err(answer.body)
                }
            });
        }
    }

    /// All nodes must have the same.
    fn rows_of_all_nodes(&self) -> Vec<Row> {
        let mut all = self.cluster.nodes.iter().map(|node| {
            let mut connection = node.connection(DATABASE);
            let wait = "SET SESSION wsrep_sync_wait = 1";
            connection.batch_execute(wait).expect("a node of a cluster");
            let rows: Vec<Row> = diesel::sql_query(ROWS).load(&mut connection).expect("rows");
            let users: Count = diesel::sql_query("SELECT COUNT(*) AS count FROM Users")
                .get_result(&mut connection)
                .expect("a number");
            assert_eq!(
                users.count,
                i64::try_from(rows.len()).expect("a number"),
                "a user without key or e-mail"
            );
            rows
        });
        let first = all.next().expect("a node");
        for rows in all {
            assert_eq!(rows, first, "nodes differ");
        }
        first
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// A process that answers, whatever its database does.
fn lives(port: u16) -> bool {
    http::request(port, "/healthz", &[], None).is_ok_and(|answer| answer.status == 200)
}

/// One web's, written down where it is: its voters must agree with it.
fn configuration(
    folder: &Path,
    port: u16,
    site: &Balancer,
    database_url: &str,
    mail_port: u16,
    voters: &[RunningVoter],
) -> String {
    let terms = Terms {
        voting_extpub: voting_key(),
        cold_extpub: COLD_KEY.to_owned(),
    };
    let mut config = web_config(&terms, port, database_url, &[]);
    let base_url = |port: u16| format!("base_url = \"http://127.0.0.1:{port}\"");
    for (from, to) in [
        (base_url(port), base_url(site.port())),
        (
            "filter = \"trace\"".into(),
            "filter = \"info,dcrstakepool::db=debug\"".into(),
        ),
        ("max_users = 50".into(), "max_users = 100000".into()),
    ] {
        assert!(config.contains(&from), "{from}");
        config = config.replace(&from, &to);
    }
    let _ = write!(
        config,
        "[mail]\nhost = \"127.0.0.1\"\nport = {mail_port}\ntls = \"none\"\n\
         from = \"Test pool <pool@example.com>\"\n"
    );
    fs::create_dir_all(folder).expect("a folder can be made");
    for voter in voters {
        config += &voter.section(folder);
    }
    let file = folder.join("dcrstakepool.toml");
    fs::write(&file, &config).expect("a file can be written");
    agree(voters, &file);
    config
}

fn is_still_signed_in(account: &mut Account) {
    if account.token.is_some() {
        let page = account.browser.open("/settings");
        let known = page.status == 200 && page.body.contains(&account.email);
        assert!(known, "{} is signed out: {}", account.email, page.body);
    }
}

fn nothing_is_there_twice(rows: &[Row]) {
    fn all_differ<'a, T: Ord>(what: &str, rows: &'a [Row], of: impl Fn(&'a Row) -> T) {
        let different: BTreeSet<T> = rows.iter().map(of).collect();
        assert_eq!(
            different.len(),
            rows.len(),
            "{what} of two users: {rows:#?}"
        );
    }
    all_differ("an id", rows, |row| row.user);
    all_differ("a key", rows, |row| row.key_index);
    all_differ("an e-mail address", rows, |row| row.email.to_lowercase());
    let enrolled: Vec<_> = rows
        .iter()
        .filter(|row| !row.ticket_address.is_empty())
        .cloned()
        .collect();
    all_differ("a ticket address", &enrolled, |row| {
        row.ticket_address.clone()
    });
}

fn everything_is_there(accounts: &[Account], rows: &[Row]) {
    let rows: BTreeMap<_, _> = rows.iter().map(|row| (row.email.as_str(), row)).collect();
    for account in accounts {
        let Some(row) = rows.get(account.email.as_str()) else {
            assert!(!account.confirmed, "lost: {account:?}");
            continue;
        };
        if let Some(token) = &account.token {
            assert_eq!(&row.token, token, "the token of {account:?}");
        }
        if let Some(address) = &account.ticket_address {
            assert_eq!(&row.ticket_address, address, "the address of {account:?}");
            assert_eq!(
                row.sent_address, account.sent_address,
                "the key of {account:?}"
            );
        }
        let bits = u16::try_from(row.bits).expect("16 bits");
        assert!(
            account.bits.allows(&bits),
            "{bits} is not what {account:?} chose"
        );
        let wanted = row.mails_of_votes.map(|it| it != 0);
        if account.mails_of_votes.accepted.is_some() {
            let wanted = wanted.unwrap_or_else(|| panic!("lost: the settings of {account:?}"));
            assert!(
                account.mails_of_votes.allows(&wanted),
                "{wanted}: {account:?}"
            );
        }
    }
}

/// What a scenario came to.
pub struct Outcome {
    what: String,
    counts: Counts,
    accounts: usize,
    users: usize,
    recovery: Duration,
}

impl Outcome {
    pub fn tell(&self) {
        let counts = &self.counts;
        println!(
            "measured: {}: {CLIENTS} clients, {} requests, {} accepted {:?}, {} refused, {} cut, {} mails sent again, none lost; \
             {} accounts begun, {} users; longest time without an accepted change {:.1} s, \
             every kind of change again after {:.1} s",
            self.what,
            counts.requests(),
            counts.all_accepted(),
            counts.accepted,
            counts.refused,
            counts.cut,
            counts.sent_again,
            self.accounts,
            self.users,
            counts.longest_gap.as_secs_f64(),
            self.recovery.as_secs_f64(),
        );
    }
}
