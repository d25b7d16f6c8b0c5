//! The wires: a switch in a namespace of its own, and a wire from it to each machine, which can be pulled. One goes to
//! this machine, where the miner and the users are; it goes away with the switch.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use super::super::tools::succeeds;
use super::machine::Machine;
use crate::harness::process::Process;
use crate::harness::wait;

#[derive(Debug)]
pub struct Network {
    switch: Process,
    third: u8,
}

impl Network {
    /// Fails with the reason where namespaces cannot be made.
    pub fn new(folder: &Path) -> Self {
        let user = succeeds(Command::new("id").arg("-u"));
        assert_eq!(
            user.trim(),
            "0",
            "the rehearsal makes network namespaces and mounts: run it as root"
        );
        let mut trial = Command::new("unshare");
        trial.args([
            "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "true",
        ]);
        // Says what is not permitted.
        succeeds(&mut trial);
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", "echo up; exec tail -f /dev/null"]);
        let log = folder.join("switch.log");
        let mut switch = Process::start("the switch", &command, &log);
        switch.ready(|| {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            if said.contains("up") {
                Ok(())
            } else {
                Err(said)
            }
        });
        // Of the range for such tests; another rehearsal at the same time has another part.
        let third = u8::try_from(std::process::id() % 250).expect("small");
        let network = Self { switch, third };
        network.at_switch("link add switch type bridge");
        network.at_switch("link set switch up");
        let (own, id) = (format!("dsp{third}"), network.switch.id());
        ip(&format!(
            "link add outside netns {id} type veth peer name {own}"
        ));
        ip(&format!("addr add {}/24 dev {own}", network.address(1)));
        ip(&format!("link set {own} up"));
        network.at_switch("link set outside master switch up");
        network
    }

    pub fn address(&self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(198, 18, self.third, last)
    }

    /// Its example addresses, as the guide has them.
    pub fn beginning(&self) -> String {
        format!("198.18.{}.", self.third)
    }

    pub fn wire(&self, machine: &Machine) {
        let (switch, id, name) = (self.switch.id(), machine.id(), &machine.name);
        // The wire of a machine that is gone goes away a moment later.
        wait::until("a free place at the switch", || {
            let words =
                format!("link add {name} netns {switch} type veth peer name eth0 netns {id}");
            let output = Command::new("ip").args(words.split(' ')).output();
            let output = output.map_err(|error| error.to_string())?;
            if output.status.success() {
                Ok(())
            } else {
                Err(String::from_utf8_lossy(&output.stderr).into_owned())
            }
        });
        self.at_switch(&format!("link set {name} master switch up"));
        machine.run(&format!(
            "ip addr add {}/24 dev eth0; ip link set eth0 up",
            machine.address
        ));
    }

    /// Whatever is said to it or by it is lost; nobody hears of an end.
    pub fn pull(&self, machine: &Machine) {
        self.at_switch(&format!("link set {} down", machine.name));
    }

    pub fn plug(&self, machine: &Machine) {
        self.at_switch(&format!("link set {} up", machine.name));
    }

    fn at_switch(&self, words: &str) {
        let id = self.switch.id().to_string();
        let mut command = Command::new("nsenter");
        command.args(["--target", &id, "--net", "ip"]);
        succeeds(command.args(words.split(' ')));
    }
}

fn ip(words: &str) {
    succeeds(Command::new("ip").args(words.split(' ')));
}
