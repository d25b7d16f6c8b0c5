//! A dcrwallet on simnet, unlocked, made from a seed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dcrstakepool::decred::address::Address;
use dcrstakepool::decred::hdkey::ExtendedPubKey;
use dcrstakepool::decred::key::PrivateKey;
use dcrstakepool::decred::params::Network;
use serde_json::{Value, json};

use super::configs::Endpoint;
use super::daemon_rpc::{DaemonRpc, PASSWORD, USER};
use super::dcrd::Dcrd;
use super::pair::Pair;
use super::port::free_port;
use super::process::Process;
use super::secrets;
use super::wait;

const PASSPHRASE: &str = "simnet-passphrase";

#[derive(Debug)]
pub struct Wallet {
    name: String,
    folder: PathBuf,
    rpc_port: u16,
    pair: Pair,
    node: Endpoint,
    process: Process,
    rpc: DaemonRpc,
}

impl Wallet {
    /// `seed`: the one byte that, repeated, is the wallet's seed.
    pub fn create(name: &str, folder: &Path, seed: u8, node: &Dcrd) -> Self {
        std::fs::create_dir_all(folder).expect("a folder can be made");
        make(node.pair(), folder, seed);
        let mut wallet = Self::resume(name, folder, node);
        wallet.wait_synced(node.height());
        wallet
    }

    /// A wallet on a folder that holds one already. It does not wait until it answers.
    pub fn resume(name: &str, folder: &Path, node: &Dcrd) -> Self {
        let rpc_port = free_port();
        let (pair, node) = (node.pair(), node.endpoint());
        let command = command(pair, folder, rpc_port, &node);
        Self {
            name: name.to_owned(),
            folder: folder.to_path_buf(),
            rpc_port,
            pair,
            node,
            process: Process::start(name, &command, &folder.join("dcrwallet.log")),
            rpc: DaemonRpc::new(name, rpc_port, &folder.join("rpc.cert")),
        }
    }

    /// Starts it again after its end, with the same keys and port, and gives back control at once.
    pub fn launch_again(&mut self) {
        let command = command(self.pair, &self.folder, self.rpc_port, &self.node);
        let log = self.folder.join("dcrwallet.log");
        self.process = Process::start(&self.name, &command, &log);
    }

    /// Ends it, and puts a fresh one with this seed in its place, which is not started: of the old one only
    /// the certificate stays.
    pub fn replace(&mut self, seed: u8) {
        self.process.stop();
        std::fs::remove_dir_all(self.folder.join("simnet")).expect("a wallet's data");
        make(self.pair, &self.folder, seed);
    }

    /// Forgets its keys until they are asked for with the passphrase.
    pub fn lock(&self) {
        let _: Value = self.rpc.get("walletlock", &json!([]));
    }

    pub fn unlock(&self) {
        let _: Value = self.rpc.get("walletpassphrase", &json!([PASSPHRASE, 0]));
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            port: self.rpc_port,
            cert: self.cert(),
        }
    }

    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    pub fn rpc(&self) -> &DaemonRpc {
        &self.rpc
    }

    pub fn rpc_port(&self) -> u16 {
        self.rpc_port
    }

    pub fn cert(&self) -> PathBuf {
        self.folder.join("rpc.cert")
    }

    /// Waits until it has seen the block at `height` and everything before.
    pub fn wait_synced(&mut self, height: u32) {
        let rpc = &self.rpc;
        self.process.ready(|| synced(rpc, height));
    }

    /// Waits until it has seen the block at `height`; it is running already.
    pub fn wait_for_height(&self, height: u32) {
        let what = format!("{} to reach height {height}", self.name);
        wait::until(&what, || synced(&self.rpc, height));
    }

    /// The account's extended public key.
    pub fn extpub(&self) -> String {
        self.rpc.get("getmasterpubkey", &json!(["default"]))
    }

    /// An account of its own plays another wallet, of which only the public key matters.
    pub fn extpub_of_new_account(&self, account: &str) -> String {
        let _: Value = self.rpc.get("createnewaccount", &json!([account]));
        self.rpc.get("getmasterpubkey", &json!([account]))
    }

    /// The private keys of the account's first addresses, and that of their branch, which voters hold, must
    /// be in no log. An old wallet knows its first address only when its voter has taught it.
    pub fn keep_keys(&self) {
        let account = ExtendedPubKey::parse(Network::Simnet, &self.extpub()).expect("its key");
        let branch = account.external_branch().expect("a branch");
        let first = branch.key(0).expect("a key").hash160();
        let first = Address::pubkey_hash(Network::Simnet, first).to_string();
        let wif = wait::until("the wallet to know its first address", || {
            self.rpc
                .call("dumpprivkey", &json!([first]))
                .map_err(|error| error.to_string())
        });
        let wif = wif.as_str().expect("text");
        let first = PrivateKey::from_wif(Network::Simnet, wif).expect("a key");
        let branch = branch.private(0, &first).expect("the branch's child");
        let keys = (0..10).map(|index| branch.key(index).expect("a key"));
        for key in keys.chain([branch.branch_key().clone()]) {
            secrets::keep("a private key", &key.to_wif(Network::Simnet));
            secrets::keep("a private key", &hex::encode(*key.to_bytes()));
        }
    }

    pub fn new_address(&self) -> String {
        self.rpc.get("getnewaddress", &json!(["default", "ignore"]))
    }

    /// A fresh address in the form that shows the public key: what a user gives to the pool.
    pub fn new_public_key_address(&self) -> String {
        let address = self.new_address();
        let known: Value = self.rpc.get("validateaddress", &json!([address]));
        known["pubkeyaddr"]
            .as_str()
            .unwrap_or_else(|| panic!("{}: validateaddress answers {known}", self.name))
            .to_owned()
    }

    /// Spendable coins of the default account.
    pub fn spendable(&self) -> f64 {
        let answer: Value = self.rpc.get("getbalance", &json!(["default"]));
        answer["balances"][0]["spendable"]
            .as_f64()
            .unwrap_or_default()
    }

    /// Pays everyone in one transaction, coins by address.
    pub fn pay(&self, amounts: &BTreeMap<String, f64>) -> String {
        self.rpc.get("sendmany", &json!(["default", amounts]))
    }
}

fn synced(rpc: &DaemonRpc, height: u32) -> Result<(), String> {
    let call = |method| {
        rpc.call(method, &json!([]))
            .map_err(|error| error.to_string())
    };
    let own = call("getblockcount")?;
    if own.as_u64() < Some(height.into()) {
        return Err(format!("it is at {own} of {height}"));
    }
    let status = call("syncstatus")?;
    if status["synced"] == json!(true) {
        Ok(())
    } else {
        Err(format!("syncstatus: {status}"))
    }
}

/// Answers the questions of `dcrwallet --create`.
fn make(pair: Pair, folder: &Path, seed: u8) {
    let seed = hex::encode([seed; 32]);
    secrets::keep("a wallet's seed", &seed);
    let mut child = base_command(pair, folder)
        .arg("--create")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("dcrwallet starts");
    let answers = format!("y\nn\ny\n{seed}\n\n");
    let mut input = child.stdin.take().expect("its input is a pipe");
    input
        .write_all(answers.as_bytes())
        .expect("it reads the answers");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(
        output.status.success(),
        "dcrwallet --create: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn base_command(pair: Pair, folder: &Path) -> Command {
    secrets::keep("a wallet's passphrase", PASSPHRASE);
    let mut command = Command::new(pair.program("dcrwallet"));
    command
        .arg("--simnet")
        .arg(format!("--appdata={}", folder.display()))
        .arg(format!("--pass={PASSPHRASE}"));
    command
}

fn command(pair: Pair, folder: &Path, rpc_port: u16, node: &Endpoint) -> Command {
    let mut command = base_command(pair, folder);
    command
        .arg("--nogrpc")
        .arg(format!("--rpcconnect=127.0.0.1:{}", node.port))
        .arg(format!("--cafile={}", node.cert.display()))
        .arg(format!("--rpclisten=127.0.0.1:{rpc_port}"))
        .arg(format!("--username={USER}"))
        .arg(format!("--password={PASSWORD}"));
    command
}
