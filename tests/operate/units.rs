//! The units of `deploy/systemd`: systemd understands them and finds them tight, and the program tells systemd what they
//! count on.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::tools::{root, succeeds};
use crate::harness::folder::Folder;
use crate::harness::process::Process;
use crate::harness::program;
use crate::harness::wait;
use crate::web::site::Site;
use crate::web::voter_bed::Bed;

/// Run for months, and must come back by themselves.
const SERVICES: [&str; 4] = [
    "dcrd.service",
    "dcrstakepool-voter.service",
    "dcrstakepool-web.service",
    "dcrwallet.service",
];

fn units() -> Vec<PathBuf> {
    let folder = root().join("deploy/systemd");
    let entries = std::fs::read_dir(folder).expect("the units");
    let mut units: Vec<_> = entries.map(|entry| entry.expect("a unit").path()).collect();
    units.sort();
    assert!(units.len() >= 6, "{units:?}");
    units
}

fn is_service(unit: &Path) -> bool {
    unit.extension().is_some_and(|it| it == "service")
}

fn text_of(unit: &Path) -> String {
    std::fs::read_to_string(unit).expect("a unit")
}

#[test]
fn systemd_understands_every_word_of_the_units() {
    let folder = Folder::new("units");
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]);
    for unit in units() {
        // The programs are elsewhere here.
        let text = text_of(&unit)
            .replace(
                "/usr/bin/dcrstakepool",
                &program::binary().display().to_string(),
            )
            .replace("/usr/bin/dcrd ", "/bin/true ")
            .replace("/usr/bin/dcrwallet ", "/bin/true ");
        let copy = folder.path().join(unit.file_name().expect("a name"));
        std::fs::write(&copy, text).expect("folder");
        verify.arg(copy);
    }
    assert_eq!(succeeds(&mut verify), "");
}

#[test]
fn every_service_is_tight() {
    for unit in units().iter().filter(|unit| is_service(unit)) {
        // At most 2.0 of 10.
        succeeds(
            Command::new("systemd-analyze")
                .args(["security", "--no-pager", "--offline=true", "--threshold=20"])
                .arg(unit),
        );
    }
}

#[test]
fn services_come_back_for_ever_and_leave_no_keys_behind() {
    for unit in units().iter().filter(|unit| is_service(unit)) {
        let (name, text) = (unit.file_name().expect("a name"), text_of(unit));
        let has = |line: &str| text.lines().any(|it| it == line);
        assert!(has("LimitCORE=0"), "{name:?} may dump core");
        assert!(text.contains("\nUser="), "{name:?} runs as root");
        if SERVICES.contains(&name.to_str().expect("text")) {
            assert!(has("Restart=always"), "{name:?} stays away");
            assert!(has("StartLimitIntervalSec=0"), "{name:?} gives up");
        }
    }
    let of = |name: &str| text_of(&root().join("deploy/systemd").join(name));
    for name in ["dcrstakepool-voter.service", "dcrstakepool-web.service"] {
        for line in ["Type=notify\n", "WatchdogSec="] {
            assert!(of(name).contains(line), "{name} lacks {line}");
        }
    }
    for name in ["dcrstakepool-voter.service", "dcrwallet.service"] {
        assert!(of(name).contains("\nMemorySwapMax=0\n"), "{name}");
    }
}

/// What systemd would hear of a service.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
    heard: Vec<String>,
}

impl Manager {
    fn new(folder: &Path) -> Self {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        let patience = Some(wait::PATIENCE);
        socket.set_read_timeout(patience).expect("a timeout");
        Self {
            socket,
            path,
            heard: Vec::new(),
        }
    }

    /// With a watchdog that wants to be fed every 200 ms.
    fn watches(&self, mut command: Command) -> Command {
        command.env("NOTIFY_SOCKET", &self.path);
        command.env("WATCHDOG_USEC", "200000");
        command
    }

    /// Listens until it hears `word`.
    fn hears(&mut self, word: &str, process: &Process) {
        let mut message = [0; 256];
        while self.heard.last().is_none_or(|last| last != word) {
            let length = self.socket.recv(&mut message);
            let length = length.unwrap_or_else(|error| {
                panic!(
                    "no {word} but {:?}: {error}\n{}",
                    self.heard,
                    process.tail()
                )
            });
            let text = String::from_utf8_lossy(&message[..length]);
            self.heard.push(text.trim().to_owned());
        }
    }

    /// The whole life of a service.
    fn sees_it_come_and_go(mut self, mut process: Process) {
        self.hears("READY=1", &process);
        assert_eq!(self.heard.len(), 1, "{:?}", self.heard);
        for _ in 0..3 {
            self.hears("WATCHDOG=1", &process);
            self.heard.clear();
        }
        process.signal("TERM");
        self.hears("STOPPING=1", &process);
        assert!(process.wait().success(), "{}", process.tail());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn systemd_hears_when_web_is_ready_alive_and_ending() {
    let mut site = Site::start().await;
    assert!(site.stop().await.success());
    let mut command = program::command(&["web", "--config"]);
    command.arg(site.file());
    let manager = Manager::new(site.folder.path());
    let log = site.folder.path().join("log");
    let process = Process::start("web", &manager.watches(command), &log);
    let work = tokio::task::spawn_blocking(move || manager.sees_it_come_and_go(process));
    let work = tokio::time::timeout(Duration::from_mins(5), work).await;
    work.expect("in time").expect("it came and went");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn systemd_hears_when_a_voter_is_ready_alive_and_ending() {
    let bed = Bed::new().await;
    let mut command = program::command(&["voter", "--config"]);
    command.arg(bed.configuration());
    let manager = Manager::new(bed.folder.path());
    let log = bed.folder.path().join("log");
    let process = Process::start("voter", &manager.watches(command), &log);
    let work = tokio::task::spawn_blocking(move || manager.sees_it_come_and_go(process));
    let work = tokio::time::timeout(Duration::from_mins(5), work).await;
    work.expect("in time").expect("it came and went");
}
