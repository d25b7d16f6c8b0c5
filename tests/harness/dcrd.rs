//! A dcrd on simnet.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::configs::Endpoint;
use super::daemon_rpc::{DaemonRpc, PASSWORD, USER};
use super::pair::Pair;
use super::port::free_port;
use super::process::Process;
use super::wait;

#[derive(Debug)]
pub struct Dcrd {
    name: String,
    pair: Pair,
    folder: PathBuf,
    p2p_port: u16,
    rpc_port: u16,
    /// The node it follows, for all but the first.
    peer: Option<u16>,
    mining_address: String,
    process: Process,
    rpc: DaemonRpc,
}

/// A block of the least difficulty is there long before.
const MINING: Duration = Duration::from_secs(8);

/// Any simnet address will do for a node that never mines for itself.
const NOBODYS_ADDRESS: &str = "SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc";

impl Dcrd {
    /// The first node of a network, whose blocks pay `mining_address`.
    pub fn first(pair: Pair, name: &str, folder: &Path, mining_address: &str) -> Self {
        let early = match pair {
            // From the future, so that difficulty falls to its least at once.
            Pair::Current => &["--miningtimeoffset=6900"][..],
            Pair::Legacy => &[],
        };
        let mut node = Self::start(pair, name, folder, None, mining_address, early);
        if pair == Pair::Current {
            node.generate(2);
            node.restart();
        }
        node
    }

    /// A node that follows another one.
    pub fn follower(name: &str, folder: &Path, of: &Dcrd) -> Self {
        Self::start(
            of.pair,
            name,
            folder,
            Some(of.p2p_port),
            NOBODYS_ADDRESS,
            &[],
        )
    }

    /// A node without peers: it has the blocks that it is given.
    pub fn alone(pair: Pair, name: &str, folder: &Path) -> Self {
        Self::start(pair, name, folder, None, NOBODYS_ADDRESS, &[])
    }

    fn start(
        pair: Pair,
        name: &str,
        folder: &Path,
        peer: Option<u16>,
        mining_address: &str,
        extra: &[&str],
    ) -> Self {
        let mut node = Self::launch(pair, name, folder, peer, mining_address, extra);
        node.wait_ready();
        node
    }

    /// A node on a folder that holds a chain already. It does not wait until it answers.
    pub fn resume(
        pair: Pair,
        name: &str,
        folder: &Path,
        of: Option<&Dcrd>,
        mining_address: Option<&str>,
    ) -> Self {
        let peer = of.map(|node| node.p2p_port);
        let address = mining_address.unwrap_or(NOBODYS_ADDRESS);
        Self::launch(pair, name, folder, peer, address, &[])
    }

    fn launch(
        pair: Pair,
        name: &str,
        folder: &Path,
        peer: Option<u16>,
        mining_address: &str,
        extra: &[&str],
    ) -> Self {
        let folder = folder.to_path_buf();
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        let (p2p_port, rpc_port) = (free_port(), free_port());
        let rpc = DaemonRpc::new(name, rpc_port, &folder.join("rpc.cert"));
        let mut command = command(pair, &folder, (p2p_port, rpc_port), peer, mining_address);
        command.args(extra);
        let process = Process::start(name, &command, &folder.join("dcrd.log"));
        Self {
            name: name.to_owned(),
            pair,
            folder,
            p2p_port,
            rpc_port,
            peer,
            mining_address: mining_address.to_owned(),
            process,
            rpc,
        }
    }

    pub fn wait_ready(&mut self) {
        let rpc = &self.rpc;
        self.process.ready(|| rpc.call("getblockcount", &json!([])));
    }

    pub fn stop(&mut self) {
        self.process.stop();
    }

    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// As `start_again`, and gives back control at once.
    pub fn launch_again(&mut self) {
        let ports = (self.p2p_port, self.rpc_port);
        let command = command(
            self.pair,
            &self.folder,
            ports,
            self.peer,
            &self.mining_address,
        );
        self.process = Process::start(&self.name, &command, &self.folder.join("dcrd.log"));
    }

    /// Starts it again after `stop`, with the same chain and ports.
    pub fn start_again(&mut self) {
        self.launch_again();
        self.wait_ready();
    }

    pub fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    pub fn pair(&self) -> Pair {
        self.pair
    }

    /// Ends it, and leaves an empty folder: as a new machine.
    pub fn forget(&mut self) {
        self.process.stop();
        std::fs::remove_dir_all(&self.folder).expect("a node's data");
        std::fs::create_dir_all(&self.folder).expect("a folder can be made");
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

    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            port: self.rpc_port,
            cert: self.cert(),
        }
    }

    /// How other nodes reach it.
    pub fn peer_address(&self) -> String {
        format!("127.0.0.1:{}", self.p2p_port)
    }

    pub fn height(&self) -> u32 {
        self.rpc.get("getblockcount", &json!([]))
    }

    pub fn best_hash(&self) -> String {
        self.rpc.get("getbestblockhash", &json!([]))
    }

    /// Mines by dcrd's own miner: the template is made anew first, or the youngest transactions would
    /// have to wait.
    ///
    /// After a reorganisation dcrd may mine beside its tip, and then waits for ever for a template: it is asked
    /// again.
    pub fn generate(&self, blocks: u32) {
        let end = self.height() + blocks;
        wait::until(&format!("{} to mine up to {end}", self.name), || {
            let missing = end.saturating_sub(self.height());
            if missing == 0 {
                return Ok(());
            }
            let _ = self.rpc.call("regentemplate", &json!([]));
            let mined = self.rpc.call_within(MINING, "generate", &json!([missing]));
            mined.map(drop).map_err(|error| error.to_string())
        });
    }

    /// Waits until it has the block.
    pub fn wait_for(&self, hash: &str) {
        wait::until(&format!("{} to reach {hash}", self.name), || {
            let own = self.best_hash();
            if own == hash {
                Ok(())
            } else {
                Err(format!("it is at {own}"))
            }
        });
    }
}

fn command(
    pair: Pair,
    folder: &Path,
    (p2p_port, rpc_port): (u16, u16),
    peer: Option<u16>,
    mining_address: &str,
) -> Command {
    let mut command = Command::new(pair.program("dcrd"));
    command
        .args([
            "--simnet",
            "--txindex",
            "--noseeders",
            "--nodiscoverip",
            "--nobanning",
        ])
        .arg(format!("--appdata={}", folder.display()))
        .arg(format!("--listen=127.0.0.1:{p2p_port}"))
        .arg(format!("--rpclisten=127.0.0.1:{rpc_port}"))
        .arg(format!("--rpcuser={USER}"))
        .arg(format!("--rpcpass={PASSWORD}"))
        .arg(format!("--miningaddr={mining_address}"));
    if let Some(port) = peer {
        command.arg(format!("--connect=127.0.0.1:{port}"));
    }
    command
}
