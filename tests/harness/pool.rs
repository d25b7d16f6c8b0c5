//! The pool itself: voters and web as an operator runs them, from configuration files.

use std::path::{Path, PathBuf};

use super::daemon_rpc::{PASSWORD, USER};
use super::dcrd::Dcrd;
use super::http::{self, Response};
use super::port::free_port;
use super::process::{Process, read_log};
use super::program;
use super::simnet::Simnet;
use super::wallet::Wallet;

const VOTER_TOKEN: &str = "a-token-shared-by-web-and-voters-0123456789";
const API_SECRET: &str = "the-key-of-api-tokens-of-a-simnet-pool-0123456789";
pub const MONITOR_TOKEN: &str = "the-monitors-token-0123456789";
/// More than any story needs, few enough for wallets to watch all at once.
const MAX_USERS: u32 = 50;

/// What all roles must agree on.
#[derive(Debug, Clone)]
struct Terms {
    voting_extpub: String,
    cold_extpub: String,
}

/// A role that runs from a configuration file, and can be stopped and started again.
#[derive(Debug)]
pub struct Role {
    name: String,
    command: &'static str,
    folder: PathBuf,
    port: u16,
    process: Process,
}

impl Role {
    fn start(name: &str, command: &'static str, folder: &Path, port: u16, config: &str) -> Self {
        std::fs::create_dir_all(folder).expect("a folder can be made");
        write_private(&folder.join("dcrstakepool.toml"), config);
        let process = launch(name, command, folder);
        let mut role = Self {
            name: name.to_owned(),
            command,
            folder: folder.to_path_buf(),
            port,
            process,
        };
        role.wait_ready();
        role
    }

    fn wait_ready(&mut self) {
        let (port, cert) = (self.port, self.folder.join("voter.cert"));
        let secure = self.command == "voter";
        self.process.ready(|| {
            let answer = if secure {
                http::get_secure(port, &cert, "/healthz")
            } else {
                http::request(port, "/healthz", &[], None)
            };
            match answer {
                Ok(Response { status: 200, .. }) => Ok(()),
                Ok(other) => Err(format!("/healthz: {} {}", other.status, other.body)),
                Err(error) => Err(error.to_string()),
            }
        });
    }

    pub fn stop(&mut self) {
        self.process.stop();
    }

    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again, and gives back control at once.
    pub fn launch_again(&mut self) {
        self.process = launch(&self.name, self.command, &self.folder);
    }

    pub fn start_again(&mut self) {
        self.launch_again();
        self.wait_ready();
    }

    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Everything it ever logged, over all its lives.
    pub fn log(&self) -> String {
        read_log(&log_path(&self.folder))
    }
}

fn launch(name: &str, command: &'static str, folder: &Path) -> Process {
    let config = folder.join("dcrstakepool.toml");
    let mut launched = program::command(&[command, "--config"]);
    launched.arg(config).current_dir(folder);
    Process::start(name, &launched, &log_path(folder))
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("role.log")
}

#[derive(Debug)]
pub struct Pool {
    pub web: Role,
    pub voters: Vec<Role>,
}

impl Pool {
    /// Opens a pool on the simnet's voting nodes with this database.
    pub fn open(simnet: &Simnet, folder: &Path, database_url: &str) -> Self {
        let terms = Terms {
            voting_extpub: common_extpub(&simnet.voting_wallets),
            cold_extpub: simnet.miner.extpub_of_new_account("cold"),
        };
        let pairs = simnet.nodes.iter().zip(&simnet.voting_wallets);
        let voters: Vec<_> = (1..)
            .zip(pairs)
            .map(|(number, (node, wallet))| {
                let name = format!("voter{number}");
                let port = free_port();
                let config = voter_config(&terms, port, node, wallet);
                Role::start(&name, "voter", &folder.join(&name), port, &config)
            })
            .collect();
        let port = free_port();
        let config = web_config(&terms, port, database_url, &voters);
        let web = Role::start("web", "web", &folder.join("web"), port, &config);
        Self { web, voters }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.web.port())
    }

    /// The newest link of this kind that web wrote to its log instead of sending it.
    pub fn mailed_link(&self, path: &str) -> Option<String> {
        let log = self.web.log();
        let start = log.rfind(&format!("{}{path}?t=", self.url()))? + self.url().len();
        let rest = &log[start..];
        let mark = rest.find('=')? + 1;
        let token = rest[mark..]
            .chars()
            .take_while(char::is_ascii_hexdigit)
            .count();
        Some(rest[..mark + token].to_owned())
    }
}

fn common_extpub(wallets: &[Wallet]) -> String {
    let keys: Vec<_> = wallets.iter().map(Wallet::extpub).collect();
    assert!(
        keys.windows(2).all(|pair| pair[0] == pair[1]),
        "wallets of one seed have one master key: {keys:?}"
    );
    keys.into_iter().next().expect("there is a voting wallet")
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::write(path, text).expect("a file can be written");
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, private).expect("a file can be made private");
}

fn pool_section(terms: &Terms) -> String {
    format!(
        r#"network = "simnet"

[log]
filter = "info"

[pool]
name = "Simnet pool"
email = "admin@example.com"
link = "https://example.com/"
fee_percent = 7.5
voting_wallet_extpub = "{}"
cold_wallet_extpub = "{}"
min_voters = 1
max_users = {MAX_USERS}
"#,
        terms.voting_extpub, terms.cold_extpub
    )
}

fn voter_config(terms: &Terms, port: u16, node: &Dcrd, wallet: &Wallet) -> String {
    let mut config = pool_section(terms);
    config.push_str(&format!(
        r#"
[voter]
listen = "127.0.0.1:{port}"
cert = "voter.cert"
key = "voter.key"
token = "{VOTER_TOKEN}"
data_dir = "data"
"#
    ));
    let daemons = [
        ("dcrd", node.rpc_port(), node.cert()),
        ("dcrwallet", wallet.rpc_port(), wallet.cert()),
    ];
    for (name, port, cert) in daemons {
        config.push_str(&format!(
            r#"
[voter.{name}]
host = "127.0.0.1:{port}"
user = "{USER}"
password = "{PASSWORD}"
cert = "{}"
"#,
            cert.display()
        ));
    }
    config
}

fn web_config(terms: &Terms, port: u16, database_url: &str, voters: &[Role]) -> String {
    let mut config = pool_section(terms);
    config.push_str(&format!(
        r#"
[database]
url = "{database_url}"

[web]
listen = ["127.0.0.1:{port}"]
base_url = "http://127.0.0.1:{port}"
api_secret = "{API_SECRET}"
monitor_token = "{MONITOR_TOKEN}"
cookie_secure = false
captcha = false
"#
    ));
    for voter in voters {
        config.push_str(&format!(
            r#"
[[voters]]
url = "https://127.0.0.1:{}"
cert = "{}"
token = "{VOTER_TOKEN}"
"#,
            voter.port(),
            voter.folder().join("voter.cert").display()
        ));
    }
    config
}
