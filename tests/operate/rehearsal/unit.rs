//! A unit's file, and the service that it describes, started as systemd would: its user, its folders, its credential, its
//! command line, word of its readiness, and again after its end. What systemd limits is not limited here.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::machine::{Machine, SHARED};
use crate::harness::process::Process;
use crate::harness::wait;

#[derive(Debug)]
pub struct Unit {
    name: String,
    settings: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Service {
    name: String,
    process: Process,
}

/// A loop as systemd's: `$1` the unit, `$2` the pause, then the command line.
const AGAIN: &str = r#"
unit=$1 pause=$2
shift 2
rm -f "/run/units/$unit.stop"
until [ -e "/run/units/$unit.stop" ]; do
  "$@" &
  echo $! >"/run/units/$unit"
  wait $! || true
  [ ! -e "/run/units/$unit.stop" ] || break
  sleep "$pause"
done
"#;

impl Unit {
    pub fn parse(name: &str, text: &str) -> Self {
        let settings = text
            .lines()
            .filter(|line| !line.starts_with(['#', '[']))
            .filter_map(|line| line.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self {
            name: name.to_owned(),
            settings: settings.collect(),
        }
    }

    fn get(&self, key: &str) -> Option<&str> {
        let mut settings = self.settings.iter().rev();
        settings
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    #[track_caller]
    fn must(&self, key: &str) -> &str {
        self.get(key)
            .unwrap_or_else(|| panic!("{} has no {key}", self.name))
    }

    #[track_caller]
    pub fn start(&self, machine: &Machine) -> Service {
        assert_eq!(self.get("Restart"), Some("always"), "{}", self.name);
        let ready = (self.get("Type") == Some("notify")).then(|| self.listen(&machine.folder));
        let script = self.script();
        let pause = self.must("RestartSec");
        let mut words = vec!["bash", "-uc", &script, "unit", &self.name, pause];
        words.extend(["setpriv", "--reuid", self.must("User")]);
        words.extend(["--regid", self.must("Group"), "--init-groups"]);
        let credentials = format!("/run/credentials/{}", self.name);
        let command = self.must("ExecStart").replace("%d", &credentials);
        words.extend(command.split_whitespace());
        let mut process = Process::start(
            &format!("{} on {}", self.name, machine.name),
            &machine.command(&words),
            &machine.log(&self.name),
        );
        if let Some(ready) = ready {
            process.ready(|| ready.try_recv().map_err(|_| "it does not say that it is"));
        }
        Service {
            name: self.name.clone(),
            process,
        }
    }

    /// What is there before the program starts, and what it finds in its environment.
    fn script(&self) -> String {
        let (user, group) = (self.must("User"), self.must("Group"));
        let state = format!("/var/lib/{}", self.must("StateDirectory"));
        let mut script = format!(
            "set -e\ninstall -d -o {user} -g {group} -m 755 {state}\nexport STATE_DIRECTORY={state} HOME={state} USER={user}\n"
        );
        if let Some(credential) = self.get("LoadCredentialEncrypted") {
            let (name, from) = credential.split_once(':').expect("NAME:PATH");
            let folder = format!("/run/credentials/{}", self.name);
            let _ = write!(
                script,
                "install -d -o {user} -m 700 {folder}\nsystemd-creds decrypt --name={name} {from} - |\n  \
                 install -m 400 -o {user} /dev/stdin {folder}/{name}\nexport CREDENTIALS_DIRECTORY={folder}\n"
            );
        }
        if self.get("Type") == Some("notify") {
            let seconds = self.must("WatchdogSec");
            let _ = writeln!(
                script,
                "export NOTIFY_SOCKET={SHARED}/{}.notify WATCHDOG_USEC={seconds}000000",
                self.name
            );
        }
        let folder = self.get("WorkingDirectory").unwrap_or("/");
        let _ = write!(
            script,
            "cd {folder}\numask {}\nulimit -c 0\n",
            self.must("UMask")
        );
        script + AGAIN
    }

    /// Hears when it is ready, and what else it says as long as the test runs: nobody must wait for a reader.
    fn listen(&self, folder: &Path) -> Receiver<()> {
        let path = folder.join(format!("{}.notify", self.name));
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).expect("a socket");
        let all = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(&path, all).expect("its mode");
        let (tell, ready) = channel();
        std::thread::spawn(move || {
            let mut message = [0; 256];
            while let Ok(length) = socket.recv(&mut message) {
                if String::from_utf8_lossy(&message[..length]).contains("READY=1") {
                    let _ = tell.send(());
                }
            }
        });
        ready
    }
}

impl Service {
    #[track_caller]
    pub fn assert_alive(&mut self) {
        self.process.assert_alive();
    }

    /// As `systemctl stop`.
    pub fn stop(mut self, machine: &Machine) {
        let name = &self.name;
        machine.run(&format!(
            "touch /run/units/{name}.stop; kill -TERM \"$(cat /run/units/{name})\" 2>/dev/null || true"
        ));
        wait::until_within(wait::PATIENCE + Duration::from_secs(10), name, || {
            self.process.ended().ok_or("it goes on")
        });
    }
}
