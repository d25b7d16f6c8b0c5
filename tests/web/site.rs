//! A real `dcrstakepool web` process on a free port, over SQLite, with scripted voters on the real
//! wire; what it logs is kept.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dcrstakepool::config::{Sources, WebConfig};
use dcrstakepool::decred::VoteVersion;
use dcrstakepool::decred::address::Address;
use dcrstakepool::decred::hdkey::ExtendedPubKey;
use dcrstakepool::decred::params::Network;
use dcrstakepool::rpc::wire::{Agenda, AgendaChoice, Agendas};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use super::browser::Browser;
use crate::harness::fake_voter::{FakeVoter, RunningVoter};
use crate::harness::program;
use crate::harness::secrets::{self, Told};

pub const MONITOR_TOKEN: &str = "monitors-show-this";
const CONFIG_FILE: &str = "dcrstakepool.toml";
/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A site and its voters; all end with it.
pub struct Site {
    pub address: SocketAddr,
    pub voters: Vec<RunningVoter>,
    pub folder: TempDir,
    life: Life,
}

/// A process of the site, and what it writes.
struct Life {
    process: Child,
    log: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    told: Told,
}

/// What differs from the usual site.
#[derive(Default)]
pub struct Wish {
    pub voters: usize,
    /// More lines of `[pool]`.
    pub pool: &'static str,
    /// More lines of `[web]`.
    pub web: &'static str,
    /// The lines of `[web.limits]`; empty: none is in force.
    pub limits: &'static str,
    /// The voters are away when the site starts.
    pub away: bool,
    /// Files of `web.assets_dir`.
    pub assets: &'static [(&'static str, &'static str)],
    /// Another than an SQLite file.
    pub database: Option<String>,
    /// The section `[mail]`.
    pub mail: String,
    /// What is logged; empty: everything.
    pub log: &'static str,
}

impl Site {
    /// With two honest voters, both of which are needed.
    pub async fn start() -> Self {
        Self::with(Wish {
            voters: 2,
            pool: "min_voters = 2\n",
            ..Wish::default()
        })
        .await
    }

    pub async fn with(wish: Wish) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let mut voters = Vec::new();
        for _ in 0..wish.voters {
            let fake = FakeVoter::new(Network::Simnet, &voting_key());
            fake.with(|state| state.agendas = agendas());
            voters.push(RunningVoter::start(fake).await);
        }
        let sections: String = voters
            .iter()
            .map(|voter| voter.section(folder.path()))
            .collect();
        let assets = folder.path().join("assets");
        std::fs::create_dir(&assets).expect("folder");
        for (name, text) in wish.assets {
            std::fs::write(assets.join(name), text).expect("folder");
        }
        let file = folder.path().join(CONFIG_FILE);
        std::fs::write(&file, config(&wish) + &wish.mail + &sections).expect("configuration");
        agree(&voters, &file);
        if wish.away {
            for voter in &voters {
                voter.stop().await;
            }
        }
        let life = Life::start(&file);
        let address = wait_for(|| ready_address(&life.log)).await;
        Self {
            address,
            voters,
            folder,
            life,
        }
    }

    /// Another web process over the same database, which is no SQLite file, with the same voters.
    pub async fn beside(&self) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        for entry in std::fs::read_dir(self.folder.path()).expect("folder") {
            let entry = entry.expect("a file");
            if entry.file_type().expect("a kind").is_file() {
                let copy = folder.path().join(entry.file_name());
                std::fs::copy(entry.path(), copy).expect("folder");
            }
        }
        let life = Life::start(&folder.path().join(CONFIG_FILE));
        let address = wait_for(|| ready_address(&life.log)).await;
        Self {
            address,
            voters: Vec::new(),
            folder,
            life,
        }
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// All that the process wrote so far.
    pub fn log(&self) -> String {
        self.life.log.lock().expect("log").clone()
    }

    /// The last verification token that was mailed (so: logged) to the address.
    pub async fn mailed_token(&self, email: &str) -> String {
        self.mailed_link(email, "/emailverify").await
    }

    /// The token of the last link to `path` that was mailed (so: logged) to the address.
    pub async fn mailed_link(&self, email: &str, path: &str) -> String {
        wait_for(|| self.last_link(email, path)).await
    }

    /// The same, if there is one yet.
    pub fn last_link(&self, email: &str, path: &str) -> Option<String> {
        let path = format!("{path}?t=");
        let log = self.log();
        let mails = log.split("mail to ").skip(1);
        let mail = mails
            .filter(|mail| mail.starts_with(email) && mail.contains(&path))
            .last()?;
        let token = mail.get(mail.find(&path)? + path.len()..)?;
        Some(token.get(..32)?.to_owned())
    }

    /// Changes the configuration that the next process reads.
    pub fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.file()).expect("configuration");
        assert!(text.contains(from), "no {from:?} in the configuration");
        std::fs::write(self.file(), text.replacen(from, to, 1)).expect("configuration");
    }

    /// The voters' operators changed `[pool]` alike.
    pub fn edit_voters_too(&self) {
        agree(&self.voters, &self.file());
    }

    /// As `kill` does.
    pub fn signal(&self, signal: &str) {
        let id = self.life.process.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.expect("kill").success());
    }

    /// As a power cut would.
    pub fn kill(&mut self) {
        self.life.process.kill().expect("kill");
        self.life.process.wait().expect("child");
    }

    /// A new process over the same database.
    pub async fn start_again(&mut self) {
        self.life = Life::start(&self.file());
        self.address = wait_for(|| ready_address(&self.life.log)).await;
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join(CONFIG_FILE)
    }

    /// The SQLite file of the running site.
    pub fn database(&self) -> SqliteConnection {
        let path = self.folder.path().join("pool.db");
        let mut database =
            SqliteConnection::establish(&path.display().to_string()).expect("database");
        database
            .batch_execute("PRAGMA busy_timeout = 5000")
            .expect("patience");
        database
    }

    /// `dcrstakepool resume` beside the running site.
    pub async fn resume(&self) -> Output {
        self.command(&["resume"]).await
    }

    /// A command of the operator beside the running site.
    pub async fn command(&self, arguments: &[&str]) -> Output {
        let file = self.file();
        let arguments: Vec<String> = arguments.iter().map(|&it| it.to_owned()).collect();
        // The fake voters live in this thread: they must be able to answer.
        let work = tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let mut command = program::command(&arguments);
            program::finish(command.arg("--config").arg(file))
        });
        work.await.expect("the program")
    }

    /// Waits until the log has `text`.
    pub async fn logged(&self, text: &str) {
        wait_for(|| self.log().contains(text).then_some(())).await;
    }

    /// Asks the process to end, and waits until it has.
    pub async fn stop(&mut self) -> ExitStatus {
        self.signal("-TERM");
        self.ended().await
    }

    pub async fn ended(&mut self) -> ExitStatus {
        let process = &mut self.life.process;
        wait_for(|| process.try_wait().expect("child")).await
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        let log = self.log.lock().expect("log").clone();
        if std::thread::panicking() {
            eprintln!("the site's log:\n{log}");
        }
        self.told.keep();
        secrets::must_not_be_in("the site's log", &log);
    }
}

/// Polls until there is something.
pub async fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// `web.api_secret`.
pub const API_SECRET: &str = "an-api-secret-that-only-tests-may-use";

const NO_LIMITS: &str = "sign_in_per_minute = 0\nsign_up_per_hour = 0\nmail_per_hour = 0\n\
                         address_per_hour = 0\npreference_per_minute = 0\n";

fn config(wish: &Wish) -> String {
    let captcha = wish.web.contains("captcha");
    let captcha = if captcha { "" } else { "captcha = false\n" };
    format!(
        "network = \"simnet\"\n\
         [log]\nfilter = \"{}\"\nformat = \"text\"\n\
         [database]\nurl = \"{}\"\n\
         [pool]\nname = \"Test pool\"\nemail = \"admin@example.com\"\nfee_percent = 7.5\n\
         voting_wallet_extpub = \"{}\"\ncold_wallet_extpub = \"{}\"\n{}\
         [web]\nlisten = [\"127.0.0.1:0\", \"unix:web.sock\"]\nbase_url = \"http://pool.example.com\"\n\
         api_secret = \"{API_SECRET}\"\n\
         monitor_token = \"{MONITOR_TOKEN}\"\ncookie_secure = false\n{captcha}\
         admin_ips = [\"127.0.0.1\"]\nadmin_user_ids = [1]\n{}{}\n\
         [web.limits]\n{}",
        if wish.log.is_empty() {
            "trace"
        } else {
            wish.log
        },
        wish.database.as_deref().unwrap_or("sqlite://pool.db"),
        voting_key(),
        COLD_KEY,
        wish.pool,
        if wish.assets.is_empty() {
            ""
        } else {
            "assets_dir = \"assets\"\n"
        },
        wish.web,
        if wish.limits.is_empty() {
            NO_LIMITS
        } else {
            wish.limits
        },
    )
}

/// The voters' `[pool]` is the site's.
pub fn agree(voters: &[RunningVoter], file: &Path) {
    let config = WebConfig::load(&Sources {
        file: Some(file.to_owned()),
        ..Sources::default()
    })
    .expect("configuration");
    for (voter, peer) in voters.iter().zip(&config.voters) {
        voter.fake.set_config(config.digests(peer));
    }
}

impl Life {
    fn start(file: &Path) -> Self {
        let mut command = program::command(&["web", "--config"]);
        command.arg(file);
        let told = Told::of(&command).expect("the program under test");
        told.keep();
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("web starts");
        let log = Arc::new(Mutex::new(String::new()));
        let readers = vec![
            keep(process.stdout.take(), &log),
            keep(process.stderr.take(), &log),
        ];
        Self {
            process,
            log,
            readers,
            told,
        }
    }
}

fn keep(output: Option<impl Read + Send + 'static>, log: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let log = log.clone();
    let reader = BufReader::new(output.expect("piped"));
    std::thread::spawn(move || {
        for line in reader.lines().map_while(Result::ok) {
            let mut log = log.lock().expect("log");
            log.push_str(&line);
            log.push('\n');
        }
    })
}

fn ready_address(log: &Mutex<String>) -> Option<SocketAddr> {
    let log = log.lock().expect("log");
    let line = log.lines().find(|line| line.contains("web is ready"))?;
    let start = line.find("127.0.0.1:")?;
    let address: String = line
        .get(start..)?
        .chars()
        .take_while(|c| c.is_ascii_digit() || ".:".contains(*c))
        .collect();
    address.parse().ok()
}

fn simnet_vectors() -> serde_json::Value {
    let text = include_str!("../data/vectors/hd_children.json");
    let json: serde_json::Value = serde_json::from_str(text).expect("vectors");
    json["networks"][2].clone()
}

/// The cold wallet's account key.
pub const COLD_KEY: &str = "spubVUkaTP2Zou5goHKCg4oskYSmojxFuf7vf99REjYMXYioE2iWc4kcDXLq3wF9keARCdHTWdXgUbEdXJwKftCDU\
                            acbYLZRqMYMZU7dPf8qgBT";

/// The voting wallet's account key.
pub fn voting_key() -> String {
    simnet_vectors()["account_public"]
        .as_str()
        .expect("key")
        .to_owned()
}

/// The pool's own public-key address at an index.
pub fn pool_address(index: u32) -> String {
    let account = ExtendedPubKey::parse(Network::Simnet, &voting_key()).expect("key");
    let key = account.external_branch().expect("branch").key(index);
    Address::pubkey(Network::Simnet, &key.expect("key")).to_string()
}

/// A user's public-key address, another for each number.
pub fn user_address(number: u32) -> String {
    pool_address(5_000_000 + number)
}

/// Two agendas of vote version 12.
pub fn agendas() -> Agendas {
    let choice = |id: &str, bits: u16| AgendaChoice {
        id: id.into(),
        description: format!("say {id}"),
        bits,
        is_abstain: bits == 0,
        is_no: id == "no",
    };
    let agenda = |id: &str, mask: u16, no: u16, yes: u16| Agenda {
        id: id.into(),
        description: format!("Change {id}"),
        mask,
        status: "started".into(),
        choices: vec![choice("abstain", 0), choice("no", no), choice("yes", yes)],
    };
    Agendas {
        version: VoteVersion(12),
        agendas: vec![agenda("first", 6, 2, 4), agenda("second", 24, 8, 16)],
    }
}
