//! The pool itself: voters and web as an operator runs them, from configuration files.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::configs::{Endpoint, Terms, VOTER_TOKEN, voter_config, web_config};
use super::http::{self, Response};
use super::port::free_port;
use super::process::{Process, read_log};
use super::program;
use super::simnet::Simnet;
use super::wallet::Wallet;

const CONFIG_FILE: &str = "dcrstakepool.toml";

/// A role that runs from a configuration file, and can be stopped and started again.
#[derive(Debug)]
pub struct Role {
    name: String,
    command: &'static str,
    folder: PathBuf,
    port: u16,
    environment: Vec<(String, String)>,
    process: Process,
}

impl Role {
    fn start(name: &str, command: &'static str, folder: &Path, port: u16, config: &str) -> Self {
        let mut role = Self::launch(name, command, folder, port, config);
        role.wait_ready();
        role
    }

    /// Starts it with this configuration file, and gives back control at once.
    pub fn launch(
        name: &str,
        command: &'static str,
        folder: &Path,
        port: u16,
        config: &str,
    ) -> Self {
        configure(folder, config);
        let process = run(name, command, folder, &[]);
        Self {
            name: name.to_owned(),
            command,
            folder: folder.to_path_buf(),
            port,
            environment: Vec::new(),
            process,
        }
    }

    /// One on another machine, which the users' browsers reach at `port`. `bring` prints its log.
    pub fn elsewhere(
        name: &str,
        command: &'static str,
        folder: &Path,
        port: u16,
        bring: &Command,
    ) -> Self {
        Self {
            name: name.to_owned(),
            command,
            folder: folder.to_path_buf(),
            port,
            environment: Vec::new(),
            process: Process::start(name, bring, &log_path(folder)),
        }
    }

    /// A voter's token for web: the usual one, unless its configuration has another.
    pub fn token(&self) -> String {
        let config = std::fs::read_to_string(self.config_file()).unwrap_or_default();
        let token = config
            .lines()
            .find_map(|line| line.strip_prefix("token = "));
        token.map_or_else(
            || VOTER_TOKEN.to_owned(),
            |it| it.trim_matches('"').to_owned(),
        )
    }

    /// Its configuration file, as it is now.
    pub fn config(&self) -> String {
        std::fs::read_to_string(self.config_file()).expect("a configuration")
    }

    pub fn config_file(&self) -> PathBuf {
        self.folder.join(CONFIG_FILE)
    }

    /// Another configuration from its next start on, in a folder that may be gone.
    pub fn configure(&self, config: &str) {
        configure(&self.folder, config);
    }

    /// Changes the first such text of its configuration.
    pub fn edit(&self, from: &str, to: &str) {
        let config = self.config();
        assert!(config.contains(from), "no {from:?} in the configuration");
        self.configure(&config.replacen(from, to, 1));
    }

    /// What it finds in its environment from its next start on.
    pub fn set_environment(&mut self, variables: &[(&str, &str)]) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.environment = variables.iter().map(owned).collect();
    }

    pub fn wait_ready(&mut self) {
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

    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Where web finds a voter.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            port: self.port,
            cert: self.folder.join("voter.cert"),
        }
    }

    /// Starts it again, and gives back control at once.
    pub fn launch_again(&mut self) {
        self.process = run(&self.name, self.command, &self.folder, &self.environment);
    }

    pub fn start_again(&mut self) {
        self.launch_again();
        self.wait_ready();
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where browsers find web.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The newest link of this kind that web wrote to its log instead of sending it.
    pub fn mailed_link(&self, path: &str) -> Option<String> {
        let (log, url) = (self.log(), self.url());
        let start = log.rfind(&format!("{url}{path}?t="))? + url.len();
        let rest = &log[start..];
        let mark = rest.find('=')? + 1;
        let token = rest[mark..]
            .chars()
            .take_while(char::is_ascii_hexdigit)
            .count();
        Some(rest[..mark + token].to_owned())
    }

    /// Everything it ever logged, over all its lives.
    pub fn log(&self) -> String {
        read_log(&log_path(&self.folder))
    }
}

fn run(
    name: &str,
    command: &'static str,
    folder: &Path,
    environment: &[(String, String)],
) -> Process {
    let config = folder.join(CONFIG_FILE);
    let mut program = program::command(&[command, "--config"]);
    program.arg(config).current_dir(folder);
    for (name, value) in environment {
        program.env(name, value);
    }
    Process::start(name, &program, &log_path(folder))
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("role.log")
}

#[derive(Debug)]
pub struct Pool {
    pub web: Role,
    pub voters: Vec<Role>,
    pub terms: Terms,
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
                let config = voter_config(&terms, port, &node.endpoint(), &wallet.endpoint());
                Role::start(&name, "voter", &folder.join(&name), port, &config)
            })
            .collect();
        let port = free_port();
        let known: Vec<_> = voters.iter().map(Role::endpoint).collect();
        let config = web_config(&terms, port, database_url, &known);
        let web = Role::start("web", "web", &folder.join("web"), port, &config);
        simnet.voting_wallets[0].keep_keys();
        Self { web, voters, terms }
    }

    pub fn url(&self) -> String {
        self.web.url()
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

fn configure(folder: &Path, config: &str) {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::create_dir_all(folder).expect("a folder can be made");
    let path = folder.join(CONFIG_FILE);
    std::fs::write(&path, config).expect("a file can be written");
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, private).expect("a file can be made private");
}
