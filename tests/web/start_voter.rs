//! What keeps `voter` from starting, each fault with its exit code and a message that names the culprit;
//! and what signals do to one that runs. The daemons are scripted, the program is the real one.

use std::path::PathBuf;
use std::process::Command;

use dcrstakepool::tls;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::block_in_place;

use super::site::{voting_key, wait_for};
use crate::harness::fake_daemon::{FakeDaemon, PASSWORD, Reply};
use crate::harness::http;
use crate::harness::port::free_port;
use crate::harness::process::Process;
use crate::harness::program;

const TOKEN: &str = "a-token-that-only-tests-may-use-0123456789";

/// A voter's configuration and its daemons, which are fit until a test makes them something else.
struct Bed {
    dcrd: FakeDaemon,
    wallet: FakeDaemon,
    folder: TempDir,
    at_dcrd: Section,
    at_wallet: Section,
    port: u16,
    log_filter: &'static str,
}

/// How the voter is told to connect to a daemon.
struct Section {
    host: String,
    user: String,
    password: String,
    cert: String,
}

impl Section {
    fn of(fake: &FakeDaemon, folder: &TempDir) -> Self {
        let config = fake.config();
        let cert = format!("{}.cert", config.name);
        std::fs::write(folder.path().join(&cert), config.cert_pem).expect("folder");
        Self {
            host: config.host,
            user: config.user,
            password: config.password.expose().to_owned(),
            cert,
        }
    }

    fn text(&self, name: &str) -> String {
        format!(
            "[voter.{name}]\nhost = \"{}\"\nuser = \"{}\"\npassword = \"{}\"\ncert = \"{}\"\n",
            self.host, self.user, self.password, self.cert
        )
    }
}

impl Bed {
    async fn new() -> Self {
        let (dcrd, wallet) = (FakeDaemon::dcrd().await, FakeDaemon::dcrwallet().await);
        let folder = tempfile::tempdir().expect("folder");
        let other = tls::self_signed(&["localhost".to_owned()]).expect("certificate");
        std::fs::write(folder.path().join("other.cert"), other.cert_pem).expect("folder");
        Self {
            at_dcrd: Section::of(&dcrd, &folder),
            at_wallet: Section::of(&wallet, &folder),
            dcrd,
            wallet,
            folder,
            port: free_port(),
            log_filter: "trace",
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.path("log")).unwrap_or_default()).into_owned()
    }

    fn write(&self) -> PathBuf {
        let text = format!(
            "network = \"simnet\"\n[log]\nfilter = \"{}\"\n\
             [pool]\nfee_percent = 5\nmax_users = 20\n\
             voting_wallet_extpub = \"{}\"\ncold_wallet_extpub = \"{}\"\n\
             [voter]\nlisten = \"127.0.0.1:{}\"\ntoken = \"{TOKEN}\"\n{}{}",
            self.log_filter,
            own_key(),
            voting_key(),
            self.port,
            self.at_dcrd.text("dcrd"),
            self.at_wallet.text("dcrwallet"),
        );
        let file = self.path("dcrstakepool.toml");
        std::fs::write(&file, text).expect("folder");
        file
    }

    fn command(&self) -> Command {
        let mut command = program::command(&["voter", "--config"]);
        command.arg(self.write());
        command
    }

    fn start(&self) -> Process {
        Process::start("voter", &self.command(), &self.path("log"))
    }

    /// Starts it and waits until it votes.
    async fn serves(&self) -> Process {
        let process = self.start();
        self.logged("voter is ready", 1).await;
        process
    }

    /// Waits until the log has `text` so many times.
    async fn logged(&self, text: &str, times: usize) {
        wait_for(|| (self.log().matches(text).count() >= times).then_some(())).await;
    }

    /// Whether the voter answers with this certificate.
    fn shows(&self, cert: &str) -> bool {
        let cert = self.path(cert);
        let answer = block_in_place(|| http::get_secure(self.port, &cert, "/healthz"));
        answer.is_ok_and(|answer| answer.status == 200)
    }

    /// The answer of the wallet's `walletinfo` with another value.
    fn wallet_info(&self, key: &str, value: Value) {
        let text = include_str!("../data/current/w_walletinfo.json");
        self.wallet
            .answer("walletinfo", changed(text, &[key], value));
    }
}

/// The result of a recorded answer with another value at the end of a path of keys.
fn changed(recorded: &str, path: &[&str], value: Value) -> Value {
    let recorded: Value = serde_json::from_str(recorded).expect("JSON");
    let mut result = recorded["response"]["result"].clone();
    let mut place = &mut result;
    for key in path {
        place = place.get_mut(*key).expect("a recorded key");
    }
    *place = value;
    result
}

/// The recorded wallet's master public key.
fn own_key() -> String {
    let text = include_str!("../data/current/w_getmasterpubkey.json");
    let recorded: Value = serde_json::from_str(text).expect("JSON");
    let key = recorded["response"]["result"].as_str();
    key.expect("a key").to_owned()
}

/// A fault: its name, what makes it, the exit code, and what the message says.
type Case = (&'static str, fn(&mut Bed), i32, &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "dcrd is not there",
        |bed| bed.at_dcrd.host = "127.0.0.1:1".into(),
        69,
        &["dcrd at 127.0.0.1:1 is unavailable: connecting"],
    ),
    (
        "dcrwallet is not there",
        |bed| bed.at_wallet.host = "127.0.0.1:1".into(),
        69,
        &["dcrwallet at 127.0.0.1:1 is unavailable: connecting"],
    ),
    (
        "dcrd hangs up",
        |bed| bed.dcrd.close(true),
        69,
        &["dcrd at ", "is unavailable"],
    ),
    (
        "dcrwallet is still starting",
        |bed| bed.wallet.handshake_status(Some(503)),
        69,
        &["dcrwallet at ", "is unavailable", "503"],
    ),
    (
        "the wallet is locked",
        |bed| bed.wallet_info("unlocked", json!(false)),
        69,
        &["dcrwallet at ", "is locked; unlock it"],
    ),
    (
        "the wallet does not follow its daemon",
        |bed| bed.wallet_info("daemonconnected", json!(false)),
        69,
        &["dcrwallet at ", "is not connected to its dcrd"],
    ),
    (
        "dcrd's credentials",
        |bed| bed.at_dcrd.user = "nobody".into(),
        76,
        &["dcrd at ", "refuses the user name and password"],
    ),
    (
        "dcrwallet's credentials",
        |bed| bed.at_wallet.password = "another".into(),
        76,
        &["dcrwallet at ", "refuses the user name and password"],
    ),
    (
        "dcrd's certificate",
        |bed| bed.at_dcrd.cert = "other.cert".into(),
        76,
        &["dcrd at ", "another certificate than the pinned one"],
    ),
    (
        "dcrwallet's certificate",
        |bed| bed.at_wallet.cert = "other.cert".into(),
        76,
        &["dcrwallet at ", "another certificate than the pinned one"],
    ),
    (
        "dcrd's network",
        |bed| bed.dcrd.answer("getcurrentnet", json!(0xd9b4_00f9_u32)),
        76,
        &["dcrd at ", "is on mainnet, not on simnet"],
    ),
    (
        "dcrwallet's network",
        |bed| bed.wallet.answer("getcurrentnet", json!(0xb194_aa75_u32)),
        76,
        &["dcrwallet at ", "is on testnet3, not on simnet"],
    ),
    (
        "dcrd's version",
        |bed| {
            let text = include_str!("../data/current/d_version.json");
            let old = json!({"versionstring": "6.2.0", "major": 6, "minor": 2, "patch": 0});
            bed.dcrd
                .answer("version", changed(text, &["dcrdjsonrpcapi"], old));
        },
        76,
        &["dcrd at ", "too old", "is 6.2.0, needed is 7.0"],
    ),
    (
        "dcrwallet's version",
        |bed| {
            let text = include_str!("../data/current/w_version.json");
            let old = json!({"versionstring": "8.2.0", "major": 8, "minor": 2, "patch": 0});
            bed.wallet
                .answer("version", changed(text, &["dcrwalletjsonrpcapi"], old));
        },
        76,
        &["dcrwallet at ", "too old", "is 8.2.0, needed is 8.9"],
    ),
    (
        "no transaction index",
        |bed| {
            let text = include_str!("../data/current/d_getinfo.json");
            bed.dcrd
                .answer("getinfo", changed(text, &["txindex"], json!(false)));
        },
        76,
        &["dcrd at ", "without txindex", "--txindex"],
    ),
    (
        "the wallet votes itself",
        |bed| bed.wallet_info("voting", json!(true)),
        76,
        &["dcrwallet at ", "votes itself", "enablevoting"],
    ),
    (
        "another wallet",
        |bed| bed.wallet.answer("getmasterpubkey", json!(voting_key())),
        76,
        &[
            "dcrwallet at ",
            "getmasterpubkey default",
            "spubVUkaTP…U7dPf8qgBT",
            "pool.voting_wallet_extpub is spubVWKGn9…pVmKnjdSwJ",
            "disablecointypeupgrades=1",
        ],
    ),
    (
        "another wallet, of the older coin type",
        |bed| {
            bed.wallet_info("cointype", json!(115));
            bed.wallet.answer("getmasterpubkey", json!(voting_key()));
        },
        76,
        &["voting_wallet_extpub", "KnjdSwJ"],
    ),
    (
        "dcrwallet's port for dcrd",
        |bed| std::mem::swap(&mut bed.at_dcrd, &mut bed.at_wallet),
        76,
        &["is not a dcrd: it is a dcrwallet"],
    ),
    (
        "dcrd's port for dcrwallet",
        |bed| bed.at_wallet = Section::of(&bed.dcrd, &bed.folder),
        76,
        &["is not a dcrwallet: it is a dcrd"],
    ),
    (
        "a web server's port",
        |bed| bed.dcrd.handshake_status(Some(404)),
        76,
        &["is not a dcrd: no websocket", "404"],
    ),
    (
        "an own certificate without its key",
        |bed| {
            std::fs::copy(bed.path("other.cert"), bed.path("voter.cert")).expect("folder");
        },
        78,
        &["voter.key"],
    ),
    (
        "an own port that is taken",
        |bed| bed.port = bed.dcrd.address().port(),
        1,
        &["cannot listen on 127.0.0.1:", "in use"],
    ),
    (
        "a data folder that is none",
        |bed| std::fs::write(bed.path("data"), "").expect("folder"),
        1,
        &["voter.data_dir ", "data: "],
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_start_has_its_exit_code_and_its_message() {
    /// At a time: enough that nobody waits for a process that waits.
    const TOGETHER: usize = 4;
    let mut running = stream::iter(CASES)
        .map(|case| async move { (case, ended(case.1).await) })
        .buffer_unordered(TOGETHER);
    while let Some(((name, _, code, expected), (ended_with, said))) = running.next().await {
        assert_eq!(ended_with, Some(*code), "{name}: {said}");
        let (_, message) = said.split_once("error: ").expect("a message");
        for expected in *expected {
            let found = message.contains(expected);
            assert!(found, "{name}: {expected:?} is not in: {said}");
        }
        for secret in [TOKEN, PASSWORD, &own_key(), &voting_key()] {
            assert!(!said.contains(secret), "{name}: {secret} in: {said}");
        }
    }
}

/// How a voter ends with this fault, and what it says.
async fn ended(fault: fn(&mut Bed)) -> (Option<i32>, String) {
    let mut bed = Bed::new().await;
    fault(&mut bed);
    let mut process = bed.start();
    let status = tokio::task::spawn_blocking(move || process.wait());
    (status.await.expect("an end").code(), bed.log())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_ends_when_it_is_told_to() {
    for signal in ["TERM", "INT"] {
        let bed = Bed::new().await;
        let mut voter = bed.serves().await;
        voter.signal(signal);
        let status = block_in_place(|| voter.wait());
        assert_eq!(status.code(), Some(0), "{signal}: {}", bed.log());
        assert!(bed.log().contains("voter has ended"));
    }
    // While it waits for an answer at start, too.
    let bed = Bed::new().await;
    bed.dcrd.script("version", |_| Reply::Hold);
    let mut voter = bed.start();
    bed.dcrd.held(1).await;
    voter.signal("TERM");
    let status = block_in_place(|| voter.wait());
    assert_eq!(status.code(), Some(0), "{}", bed.log());
}

/// The key that signs lies in its memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_that_signs_in_memory_leaves_no_core_dump() {
    let bed = Bed::new().await;
    let voter = bed.serves().await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", voter.id())).expect("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core"));
    let words: Vec<_> = core.expect("a limit").split_whitespace().collect();
    // Soft and hard.
    assert_eq!(words, ["Max", "core", "file", "size", "0", "0", "bytes"]);
}

/// The parts of a file of a process that has as many, each ended by a zero.
fn parts(voter: &Process, file: &str) -> Vec<String> {
    let text = std::fs::read(format!("/proc/{}/{file}", voter.id())).expect("a process");
    let text = String::from_utf8(text).expect("UTF-8");
    text.split_terminator('\0').map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_has_a_sparing_heap_unless_its_operator_chose_another() {
    let bed = Bed::new().await;
    let voter = bed.serves().await;
    let heap = |voter: &Process| {
        let mut all = parts(voter, "environ");
        all.retain(|it| it.starts_with("MALLOC_"));
        all
    };
    assert_eq!(heap(&voter).len(), 2, "{:?}", heap(&voter));
    let words = parts(&voter, "cmdline");
    let file = bed.path("dcrstakepool.toml").display().to_string();
    assert_eq!(words[1..], ["voter", "--config", &file]);
    drop(voter);

    let mut command = bed.command();
    command.env("MALLOC_ARENA_MAX", "3");
    let voter = Process::start("voter", &command, &bed.path("log"));
    bed.logged("voter is ready", 2).await;
    assert_eq!(heap(&voter), ["MALLOC_ARENA_MAX=3"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_a_voter_at_once() {
    let bed = Bed::new().await;
    let mut voter = bed.serves().await;
    // It lets a call in flight finish, for a while.
    bed.wallet.script("walletinfo", |_| Reply::Hold);
    bed.wallet.held(1).await;
    voter.signal("TERM");
    bed.logged("a second signal ends at once", 1).await;
    voter.signal("TERM");
    let status = block_in_place(|| voter.wait());
    assert_eq!(status.code(), Some(1), "{}", bed.log());
    assert!(!bed.log().contains("voter has ended"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hang_up_reads_filter_and_certificates_again() {
    let mut bed = Bed::new().await;
    bed.log_filter = "info";
    let mut voter = bed.serves().await;
    assert!(bed.shows("voter.cert") && !bed.log().contains("DEBUG"));

    let pair = tls::self_signed(&["localhost".to_owned()]).expect("certificate");
    std::fs::rename(bed.path("voter.cert"), bed.path("former.cert")).expect("a certificate");
    std::fs::write(bed.path("voter.cert"), pair.cert_pem).expect("folder");
    std::fs::write(bed.path("voter.key"), pair.key_pem.expose()).expect("folder");
    let right = std::fs::read(bed.path("dcrd.cert")).expect("a certificate");
    std::fs::copy(bed.path("other.cert"), bed.path("dcrd.cert")).expect("folder");
    bed.log_filter = "trace";
    bed.write();
    voter.signal("HUP");
    bed.logged("configuration read again", 1).await;
    assert!(bed.shows("voter.cert") && !bed.shows("former.cert"));
    bed.logged("DEBUG", 1).await;
    bed.dcrd.drop_connections();
    bed.logged("shows another certificate than the pinned one", 1)
        .await;

    std::fs::write(bed.path("dcrd.cert"), right).expect("folder");
    let before = bed.dcrd.calls_of("version").len();
    voter.signal("HUP");
    bed.dcrd.wait_for_calls("version", before + 1).await;

    std::fs::write(bed.path("dcrstakepool.toml"), "network = 7\n").expect("folder");
    voter.signal("HUP");
    bed.logged("configuration not read again", 1).await;
    assert!(bed.shows("voter.cert"));
    voter.signal("TERM");
    let status = block_in_place(|| voter.wait());
    assert_eq!(status.code(), Some(0), "{}", bed.log());
}
