//! A machine of the rehearsal: namespaces of its own for network, processes, files and name. Its files are those of the
//! real one with all that it writes on top, in memory. The kernel takes everything away with its first process.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::guide::Step;
use super::unit::{Service, Unit};
use crate::harness::process::Process;
use crate::harness::wait;

const BOOT: &str = include_str!("boot");
/// Where a machine sees the folder that the test reads.
pub const SHARED: &str = "/var/log/machine";

#[derive(Debug)]
pub struct Machine {
    pub name: String,
    pub address: Ipv4Addr,
    /// What it logs, kept after a failure.
    pub folder: PathBuf,
    /// Of its first process, as this machine counts.
    id: u32,
    services: HashMap<String, Service>,
    others: Vec<Process>,
    // The last to end, with all that runs there.
    first: Process,
}

impl Machine {
    pub fn boot(name: &str, address: Ipv4Addr, folder: &Path) -> Self {
        let (disk, log) = (
            folder.join(name).join("disk"),
            folder.join(name).join("log"),
        );
        for folder in [&disk, &log] {
            std::fs::create_dir_all(folder).expect("a folder");
        }
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--net", "--pid", "--ipc", "--uts"])
            .args(["--fork", "--kill-child", "bash", "-c", BOOT, "boot", name])
            .args([&disk, &log]);
        let mut first = Process::start(name, &command, &log.join("boot.log"));
        first.ready(|| std::fs::read(log.join("booted")));
        let id = first.id();
        let children = format!("/proc/{id}/task/{id}/children");
        let children = std::fs::read_to_string(children).expect("the kernel tells of children");
        let id = children.split_whitespace().next().expect("a first process");
        Self {
            name: name.to_owned(),
            address,
            folder: log,
            id: id.parse().expect("a number"),
            services: HashMap::new(),
            others: Vec::new(),
            first,
        }
    }

    /// What the kernel calls its namespaces by.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// A command there, by root.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.id.to_string()])
            .args(["--mount", "--net", "--pid", "--ipc", "--uts"])
            .args([
                "--root",
                "--wd",
                "--",
                "env",
                "-i",
                "-C",
                "/root",
                "HOME=/root",
                "LC_ALL=C",
            ])
            .arg("DEBIAN_FRONTEND=noninteractive")
            .arg("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .args(words);
        command
    }

    /// Runs a script there, which is told `input`; its end, and what it said.
    pub fn attempt(&self, script: &str, input: &[u8]) -> Result<String, String> {
        let mut command = self.command(&["bash", "-euo", "pipefail", "-c", script]);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("nsenter");
        // Who does not read to the end says why.
        let _ = child.stdin.take().expect("a pipe").write_all(input);
        let output = child.wait_with_output().expect("an end");
        let said = [&output.stdout, &output.stderr]
            .map(|it| String::from_utf8_lossy(it).into_owned())
            .concat();
        if output.status.success() {
            return Ok(said);
        }
        Err(format!(
            "{}: {script}\n{}\n{said}",
            self.name, output.status
        ))
    }

    #[track_caller]
    pub fn run(&self, script: &str) -> String {
        self.tell(script, b"")
    }

    #[track_caller]
    pub fn tell(&self, script: &str, input: &[u8]) -> String {
        match self.attempt(script, input) {
            Ok(said) => said,
            Err(said) => panic!("{said}"),
        }
    }

    #[track_caller]
    pub fn write(&self, path: &str, mode: &str, content: &[u8]) {
        self.tell(&format!("install -m {mode} /dev/stdin '{path}'"), content);
    }

    pub fn read(&self, path: &str) -> String {
        self.run(&format!("cat '{path}'"))
    }

    /// Does what a guide says. `seed` goes to a wallet that is made; without one it makes its own. Gives what was said.
    #[track_caller]
    pub fn follow(&mut self, steps: &[Step], seed: Option<&str>) -> String {
        let mut all = String::new();
        for step in steps {
            let said = match step {
                Step::Script(script) => {
                    let said = self.run(script);
                    if script.contains("dcrctl getblockchaininfo") {
                        self.until("the whole chain", "dcrctl getblockchaininfo", |said| {
                            said.contains("\"initialblockdownload\":false")
                        });
                    }
                    said
                }
                Step::Systemctl(words) => self.systemctl(words),
                Step::NewWallet(command) => {
                    let answers = match seed {
                        Some(seed) => format!("y\nn\ny\n{seed}\n\n"),
                        None => "y\nn\nn\nOK\n".to_owned(),
                    };
                    self.tell(command, answers.as_bytes())
                }
            };
            all.push_str(&said);
        }
        all
    }

    /// What systemd would do, which does not run here.
    #[track_caller]
    pub fn systemctl(&mut self, words: &[String]) -> String {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["daemon-reload"] => {}
            ["enable", "--now", units @ ..] | ["start", units @ ..] => {
                let timer = |unit: &&&str| {
                    unit.split_once('.')
                        .is_some_and(|(_, kind)| kind == "timer")
                };
                for unit in units.iter().filter(|unit| !timer(unit)) {
                    self.start(unit);
                }
            }
            ["stop", unit] => self.stop(unit),
            ["restart", unit] => {
                self.stop(unit);
                self.start(unit);
            }
            ["status", unit] => {
                let service = self.services.get_mut(*unit);
                service
                    .unwrap_or_else(|| panic!("{unit} is not active"))
                    .assert_alive();
            }
            _ => panic!("systemctl {words:?} is not rehearsed"),
        }
        String::new()
    }

    /// Starts a unit, and waits until it is ready if it tells.
    #[track_caller]
    pub fn start(&mut self, name: &str) {
        let text = self.run(&format!(
            "cat /etc/systemd/system/{name}.service 2>/dev/null || cat /usr/lib/systemd/system/{name}.service"
        ));
        let service = Unit::parse(name, &text).start(self);
        self.services.insert(name.to_owned(), service);
        match name {
            "dcrd" => drop(self.until("an answer", "dcrctl getblockcount", |_| true)),
            "dcrwallet" => self.wallet_follows(),
            _ => {}
        }
    }

    /// As a person waits for it: the wallet has all blocks.
    fn wallet_follows(&self) {
        self.until(
            "a wallet that follows",
            "dcrctl --wallet syncstatus",
            |said| said.contains("\"synced\":true"),
        );
    }

    /// Runs something that is no unit of ours, as long as the machine does.
    pub fn run_on(&mut self, name: &str, words: &[&str]) {
        let command = self.command(words);
        let process = Process::start(name, &command, &self.log(name));
        self.others.push(process);
    }

    pub fn stop(&mut self, name: &str) {
        if let Some(service) = self.services.remove(name) {
            service.stop(self);
        }
    }

    /// The log of a unit.
    pub fn log(&self, unit: &str) -> PathBuf {
        self.folder.join(format!("{unit}.log"))
    }

    /// As a power cut.
    pub fn power_off(&mut self) {
        self.first.kill();
        self.services.clear();
        self.others.clear();
    }

    /// Waits for what its script must say.
    pub fn until(&self, what: &str, script: &str, good: impl Fn(&str) -> bool) -> String {
        wait::until_within(
            wait::PATIENCE * 4,
            &format!("{what} on {}", self.name),
            || {
                let said = self.attempt(script, b"")?;
                if good(&said) { Ok(said) } else { Err(said) }
            },
        )
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.power_off();
    }
}
