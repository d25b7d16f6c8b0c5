//! Others who want something of the machine while votes are cast: visitors of web, and callers of every
//! voter's internal RPC, as many as it takes.

use std::path::Path;
use std::process::Command;

use dcrstakepool::rpc::method::STATUS;
use dcrstakepool::rpc::wire::PATH;

use super::harness::configs::VOTER_TOKEN;
use super::harness::pool::Pool;
use super::harness::process::Process;

const CALL: &str = "wrk.method = \"POST\"\nwrk.body = \"{}\"\n";

/// It lasts as long as this value.
#[derive(Debug)]
pub struct Pressure {
    _loads: Vec<Process>,
}

impl Pressure {
    pub fn on(pool: &Pool, folder: &Path) -> std::io::Result<Self> {
        let script = folder.join("call.lua");
        std::fs::write(&script, CALL)?;
        let log = folder.join("wrk.log");
        let visitors = wrk(32, &format!("{}/stats", pool.url()));
        let mut loads = vec![Process::start("visitors", &visitors, &log)];
        for voter in &pool.voters {
            let url = format!("https://127.0.0.1:{}{PATH}{STATUS}", voter.port());
            let mut callers = wrk(8, &url);
            callers
                .arg("--script")
                .arg(&script)
                .args(["--header", &format!("Authorization: Bearer {VOTER_TOKEN}")])
                .args(["--header", "Content-Type: application/json"]);
            loads.push(Process::start("callers", &callers, &log));
        }
        Ok(Self { _loads: loads })
    }
}

/// Without end: a voter that is started again is called again.
fn wrk(connections: u32, url: &str) -> Command {
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads", "1", "--duration", "24h", "--timeout", "10s"])
        .args(["--connections", &connections.to_string()])
        .arg(url);
    wrk
}
