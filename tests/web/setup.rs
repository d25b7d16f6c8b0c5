//! `setup`: the first configuration of a voting node and of the web host.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::json;

use super::voter_bed::{Bed, vector, wallet_info};
use crate::harness::fake_daemon::PASSWORD;
use crate::harness::port::free_port;
use crate::harness::process::Process;
use crate::harness::{program, secrets};

/// The fakes live in this process: they must be able to answer.
async fn run(arguments: Vec<String>) -> Output {
    let work = tokio::task::spawn_blocking(move || {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        program::finish(&mut program::command(&arguments))
    });
    work.await.expect("the program runs")
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[track_caller]
fn ends_with(output: &Output, code: i32, parts: &[&str]) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for part in parts {
        assert!(said.contains(part), "no {part:?} in: {said}");
    }
}

/// Daemons, their folders as they would be at home, and a file with the cold wallet's key.
async fn bed() -> Bed {
    let bed = Bed::new().await;
    bed.let_wallet_sync();
    let homes = [
        (
            "dcrd",
            bed.dcrd.config(),
            "dcrd.conf",
            ["rpcuser", "rpcpass"],
        ),
        (
            "dcrwallet",
            bed.wallet.config(),
            "dcrwallet.conf",
            ["username", "password"],
        ),
    ];
    for (name, node, file, [user, password]) in homes {
        let home = bed.folder.path().join(name);
        std::fs::create_dir(&home).expect("a folder");
        std::fs::write(home.join("rpc.cert"), &node.cert_pem).expect("a file");
        let text = format!(
            "[Application Options]\n; {user}=old\n{user}={}\n{password}={}\n",
            node.user,
            node.password.expose()
        );
        std::fs::write(home.join(file), text).expect("a file");
    }
    let key = vector("/account_public");
    std::fs::write(bed.folder.path().join("cold.key"), format!("{key}\n")).expect("a file");
    bed
}

/// All that a voting node must say, listening at `port`.
fn voter(bed: &Bed, into: &Path, port: u16) -> Vec<String> {
    let home = bed.folder.path().display();
    words(&format!(
        "setup voter --yes --dir {} --network simnet --dcrd {} --dcrd-dir {home}/dcrd \
         --dcrwallet {} --dcrwallet-dir {home}/dcrwallet --cold-key {home}/cold.key --fee 7.5 \
         --listen 127.0.0.1:{port}",
        into.display(),
        bed.dcrd.address(),
        bed.wallet.address(),
    ))
}

fn mode(path: &Path) -> u32 {
    let data = std::fs::metadata(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    data.permissions().mode() & 0o777
}

/// A node that was set up, and its voter, which runs.
struct Node {
    bed: Bed,
    process: Process,
    port: u16,
}

impl Node {
    async fn new() -> Self {
        let (bed, port) = (bed().await, free_port());
        let folder = bed.folder.path().join("node");
        let output = run(voter(&bed, &folder, port)).await;
        ends_with(
            &output,
            0,
            &["dcrwallet  version", "dcrstakepool setup web"],
        );
        let token = std::fs::read_to_string(folder.join("secrets/voter_token")).expect("written");
        secrets::keep("voter token", token.trim());
        for secret in [token.trim(), PASSWORD, &vector("/account_public")] {
            assert!(!said(&output).contains(secret), "{}", said(&output));
        }
        let file = folder.join("dcrstakepool.toml").display().to_string();
        let mut command = program::command(&["voter", "--config"]);
        command.arg(file);
        let process = Process::start("voter", &command, &bed.folder.path().join("voter.log"));
        Self { bed, process, port }
    }

    /// Sets up a web host with this fee, when the voter listens; gives what was said.
    async fn web(&mut self, into: &Path, fee: &str) -> Output {
        let home = self.bed.folder.path().display();
        let all = words(&format!(
            "setup web --yes --dir {} --network simnet --voting-key {home}/node/secrets/voting_wallet_extpub \
             --cold-key {home}/cold.key --fee {fee} --name Pool --email me@example.com \
             --base-url http://127.0.0.1:1 \
             --voter 127.0.0.1:{},{home}/node/voter.cert,{home}/node/secrets/voter_token",
            into.display(),
            self.port,
        ));
        for _ in 0..600 {
            let output = run(all.clone()).await;
            self.process.assert_alive();
            if !said(&output).contains("cannot be reached") {
                return output;
            }
            ends_with(&output, 1, &["nothing was written"]);
            assert!(!into.join("dcrstakepool.toml").exists());
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the voter does not listen: {}", self.process.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_and_a_web_host_are_set_up_and_run() {
    let mut node = Node::new().await;
    let folder = node.bed.folder.path().join("node");
    for (file, bits) in [
        ("dcrstakepool.toml", 0o640),
        ("secrets", 0o700),
        ("secrets/voter_token", 0o600),
        ("secrets/dcrwallet_password", 0o600),
        ("voter.key", 0o600),
    ] {
        assert_eq!(mode(&folder.join(file)), bits, "{file}");
    }
    let config = std::fs::read_to_string(folder.join("dcrstakepool.toml")).expect("written");
    for secret in [PASSWORD, &vector("/account_public")] {
        assert!(!config.contains(secret), "{config}");
    }
    let web = node.bed.folder.path().join("web");
    let output = node.web(&web, "7.5").await;
    ends_with(&output, 0, &["configured alike", "dcrstakepool web"]);
    let file = web.join("dcrstakepool.toml").display().to_string();
    let made = run(words(&format!("migrate --config {file}"))).await;
    ends_with(&made, 0, &[]);
    let check = run(words(&format!("check web --config {file}"))).await;
    ends_with(&check, 0, &["1 of 1 can vote"]);
    node.process.stop();
}

/// A wallet made from a seed shows the key of another coin type until it has looked for its past.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_is_not_synchronised_gives_no_voting_key() {
    let bed = bed().await;
    bed.wallet.answer("syncstatus", json!({"synced": false}));
    let folder = bed.folder.path().join("node");
    let output = run(voter(&bed, &folder, free_port())).await;
    ends_with(
        &output,
        69,
        &["not synchronised yet", "nothing was written"],
    );
    assert!(!folder.join("dcrstakepool.toml").exists());
    assert!(!folder.join("secrets/voting_wallet_extpub").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_host_that_differs_from_its_voter_is_not_written() {
    let mut node = Node::new().await;
    let web = node.bed.folder.path().join("web");
    let output = node.web(&web, "5").await;
    ends_with(
        &output,
        1,
        &["another value of pool.fees", "nothing was written"],
    );
    let left: Vec<_> = std::fs::read_dir(&web).expect("a folder").collect();
    assert!(left.is_empty(), "{left:?}");
    node.process.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_named_at_once_and_nothing_is_overwritten() {
    let bed = bed().await;
    let into = bed.folder.path().join("web");
    let output = run(words(&format!("setup web --yes --dir {}", into.display()))).await;
    let missing = "--voting-key, --cold-key, --fee, --name, --email, --base-url, --voter";
    ends_with(&output, 2, &[missing]);
    let line = format!("setup web --yes --dir {} --fee much", into.display());
    ends_with(&run(words(&line)).await, 2, &["--fee: \"much\""]);

    let node = bed.folder.path().join("node");
    bed.wallet
        .answer("walletinfo", wallet_info(&json!({"unlocked": false})));
    let output = run(voter(&bed, &node, free_port())).await;
    ends_with(&output, 1, &["is locked", "nothing was written"]);
    let left: Vec<_> = std::fs::read_dir(&node).expect("a folder").collect();
    assert!(left.is_empty(), "{left:?}");
    let mut forced = voter(&bed, &node, free_port());
    let state = bed.folder.path().join("state");
    std::fs::create_dir(&state).expect("a folder");
    forced.extend(words(&format!("--force --state-dir {}", state.display())));
    ends_with(&run(forced).await, 0, &["is locked", "written: "]);
    let before = std::fs::read(node.join("dcrstakepool.toml")).expect("written");
    assert_eq!(mode(&state.join("voter.key")), 0o600);
    assert!(!node.join("voter.key").exists());
    let again = run(voter(&bed, &node, free_port())).await;
    ends_with(&again, 1, &["is there already and stays"]);
    let after = std::fs::read(node.join("dcrstakepool.toml")).expect("still there");
    assert_eq!(before, after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_asked_again_until_the_answer_is_good() {
    let bed = bed().await;
    let node = bed.folder.path().join("node");
    let home = bed.folder.path().display().to_string();
    let (dcrd, wallet) = (bed.dcrd.address(), bed.wallet.address());
    let answers = format!(
        "mars\nsimnet\n{dcrd}\n/nowhere\n{home}/dcrd\n{wallet}\n{home}/dcrwallet\n{home}/cold.key\n7.5\n\
         somewhere\n127.0.0.1:{}\n",
        free_port()
    );
    let mut program = program::command(&["setup", "voter", "--dir"]);
    program.arg(&node);
    // Gives the program a terminal.
    let mut line = format!("{:?}", program.get_program());
    for argument in program.get_args() {
        let _ = write!(line, " {argument:?}");
    }
    let work = tokio::task::spawn_blocking(move || {
        let mut terminal = std::process::Command::new("script");
        terminal.args(["-qefc", &line, "/dev/null"]);
        let mut child = terminal
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("script");
        let mut keys = child.stdin.take().expect("stdin");
        keys.write_all(answers.as_bytes()).expect("keys");
        // Stays open until it has ended: its end would be the end of the terminal.
        let output = child.wait_with_output().expect("an end");
        drop(keys);
        output
    });
    let output = work.await.expect("the program runs");
    let asked = [
        "Network: mainnet, testnet or simnet [mainnet]: ",
        "is none of mainnet, testnet, simnet",
        "/nowhere/dcrd.conf",
        "is not ADDRESS:PORT",
        "written: ",
    ];
    ends_with(&output, 0, &asked);
    assert!(node.join("dcrstakepool.toml").exists());
}
