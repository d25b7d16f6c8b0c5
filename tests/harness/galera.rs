//! Three MariaDB servers on loopback that are one Galera cluster. Each can be killed, cut off from the
//! others, and brought back; each brings itself up to date from the others then.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::folder::Folder;
use super::mariadb::{self, PASSWORD, USER};
use super::port::free_port;
use super::process::Process;
use super::wait;

const NODES: usize = 3;
/// Joining takes a copy of what was missed, on a machine that does much else.
const JOIN_LIMIT: Duration = Duration::from_mins(2);
/// Quick to notice a death, but slower than a busy machine with two cores may be to answer: else a node that
/// only waits for its turn is cast out, and with it the majority is gone.
const DETECTION: &str = "evs.keepalive_period=PT0.2S;evs.inactive_check_period=PT0.2S;\
    evs.suspect_timeout=PT2S;evs.inactive_timeout=PT4S;evs.install_timeout=PT4S;\
    pc.recovery=yes;gcache.size=64M";
const LIBRARY: [&str; 3] = [
    "/usr/lib/galera/libgalera_smm.so",
    "/usr/lib64/galera-4/libgalera_smm.so",
    "/usr/lib64/galera/libgalera_smm.so",
];

#[derive(Debug)]
pub struct Cluster {
    pub nodes: Vec<Node>,
    _folder: Folder,
}

#[derive(Debug)]
pub struct Node {
    name: String,
    folder: PathBuf,
    port: u16,
    /// Where the others talk to it, and send it what it missed, part by part or as a whole.
    talk: u16,
    parts: u16,
    whole: u16,
    /// Where all talk.
    members: String,
    process: Option<Process>,
}

impl Cluster {
    /// Three nodes with the account that programs use, all up to date.
    pub fn start() -> Self {
        let folder = Folder::new("galera");
        let mut nodes: Vec<_> = (1..=NODES)
            .map(|number| Node::new(number, folder.path()))
            .collect();
        let talk: Vec<_> = nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.talk))
            .collect();
        for node in &mut nodes {
            node.members = talk.join(",");
        }
        give_to_server(folder.path());
        first_life(&mut nodes[0]);
        for node in &nodes[1..] {
            copy(&nodes[0].folder, &node.folder);
        }
        nodes[0].launch(&["--wsrep-new-cluster"]);
        nodes[0].wait_until_synced();
        for node in &mut nodes[1..] {
            node.launch(&[]);
            node.wait_until_synced();
        }
        Self {
            nodes,
            _folder: folder,
        }
    }

    /// Where a program reaches a database through a loopback port: a balancer's.
    pub fn url(port: u16, database: &str) -> String {
        format!("mysql://{USER}:{PASSWORD}@127.0.0.1:{port}/{database}")
    }

    pub fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(|node| node.port).collect()
    }
}

/// The cluster begins as one node, so that the others are copies of it and need nothing else.
fn first_life(node: &mut Node) {
    mariadb::install(&node.folder, &node.data(), server_user());
    node.launch(&["--wsrep-new-cluster"]);
    node.wait_until_synced();
    node.execute(&format!(
        "CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO {USER}@'%'"
    ));
    let mut process = node.process.take().expect("it was launched");
    process.stop();
}

impl Node {
    fn new(number: usize, folder: &Path) -> Self {
        let name = format!("node{number}");
        let folder = folder.join(&name);
        fs::create_dir_all(&folder).expect("a folder can be made");
        Self {
            name,
            folder,
            port: free_port(),
            talk: free_port(),
            parts: free_port(),
            whole: free_port(),
            members: String::new(),
            process: None,
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// kill -9.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// After `kill`: it finds out where it stood and gets what it missed from the others.
    pub fn start_again(&mut self) {
        let position = self.recovered_position();
        self.launch(&[&format!("--wsrep_start_position={position}")]);
    }

    /// The others do not hear it any more, nor it them; clients reach it as ever.
    pub fn isolate(&self) {
        self.execute("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'");
    }

    pub fn join_again(&self) {
        self.execute("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'");
    }

    pub fn wait_until_synced(&mut self) {
        let (name, log) = (self.name.clone(), self.log().display().to_string());
        let port = self.port;
        wait::until_within(JOIN_LIMIT, &format!("{name}, see {log}"), || {
            match state(port) {
                Ok(state) if state == SYNCED => Ok(()),
                Ok(state) => Err(state),
                Err(error) => Err(error.to_string()),
            }
        });
    }

    /// A plain connection, for what only a test does.
    pub fn connection(&self, database: &str) -> MysqlConnection {
        MysqlConnection::establish(&root_url(self.port, database)).expect("a connection")
    }

    pub fn execute(&self, sql: &str) {
        self.connection("mysql")
            .batch_execute(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn launch(&mut self, more: &[&str]) {
        let mut command = self.server();
        command.args(more);
        self.process = Some(Process::start(&self.name, &command, &self.log()));
    }

    /// What it had written down before it died.
    fn recovered_position(&self) -> String {
        let output = self.server().arg("--wsrep-recover").output();
        let output = output.expect("the server can be asked");
        let said = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        let found = said.rsplit_once("Recovered position: ");
        let found = found.and_then(|(_, rest)| rest.split_whitespace().next());
        found
            .unwrap_or_else(|| panic!("no position: {said}"))
            .to_owned()
    }

    fn server(&self) -> Command {
        let mut command = as_server_user();
        command
            .arg(mariadb::program("mariadbd"))
            .arg("--no-defaults")
            .arg(format!("--datadir={}", self.data().display()))
            .arg(format!("--socket={}", self.folder.join("socket").display()))
            .arg(format!("--pid-file={}", self.folder.join("pid").display()))
            .arg(format!("--port={}", self.port))
            .args(mariadb::SMALL)
            .args(["--binlog-format=ROW", "--innodb-autoinc-lock-mode=2"])
            .args(["--wsrep-on=ON", "--wsrep-sst-method=rsync"])
            .arg(format!("--wsrep-provider={}", library()))
            .arg("--wsrep-cluster-name=test")
            .arg(format!("--wsrep-cluster-address=gcomm://{}", self.members))
            .arg(format!("--wsrep-node-name={}", self.name))
            .arg(format!("--wsrep-node-address=127.0.0.1:{}", self.whole))
            .arg(format!(
                "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{};\
                 ist.recv_addr=127.0.0.1:{};{DETECTION}",
                self.talk, self.parts
            ));
        command
    }
}

/// What a node says of itself when it takes part.
const SYNCED: &str = "Synced";

#[derive(QueryableByName)]
struct Variable {
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

/// Whether the node at this port serves: what a balancer asks.
pub fn serves(port: u16) -> bool {
    state(port).is_ok_and(|state| state == SYNCED)
}

fn state(port: u16) -> Result<String, Box<dyn std::error::Error>> {
    let mut connection = MysqlConnection::establish(&root_url(port, "mysql"))?;
    let query = "SHOW GLOBAL STATUS WHERE Variable_name = 'wsrep_local_state_comment'";
    let found: Variable = diesel::sql_query(query).get_result(&mut connection)?;
    Ok(found.value)
}

fn root_url(port: u16, database: &str) -> String {
    format!("mysql://root@127.0.0.1:{port}/{database}")
}

fn library() -> &'static str {
    let found = LIBRARY.into_iter().find(|path| Path::new(path).exists());
    found.expect("Galera's library: install galera-4")
}

/// What one node sends another as a whole comes by rsync, which refuses to work as root here.
fn server_user() -> Option<&'static str> {
    mariadb::is_root().then_some("mysql")
}

/// Ends with this process, which a server that changes its user by itself would not.
fn as_server_user() -> Command {
    let Some(user) = server_user() else {
        return Command::new("env");
    };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
    command.args(["--pdeathsig", "KILL", "--"]);
    command
}

fn give_to_server(folder: &Path) {
    if let Some(user) = server_user() {
        run(Command::new("chown").args(["-R", user]).arg(folder));
    }
}

/// The data of one node for another one.
fn copy(from: &Path, to: &Path) {
    run(Command::new("cp").arg("-a").arg(from.join("data")).arg(to));
    for own in ["galera.cache", "gvwstate.dat"] {
        let _ = fs::remove_file(to.join("data").join(own));
    }
}

fn run(command: &mut Command) {
    let status = command.status().expect("a command of the system");
    assert!(status.success(), "{command:?}: {status}");
}
