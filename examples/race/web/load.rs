//! Requests, as many as go, from Debian's `wrk`.

use std::process::Command;

use serde::Deserialize;

use crate::harness::folder::Folder;
use crate::harness::http::{self, Response};

const CONNECTIONS: u32 = 32;

/// Says what was measured as JSON.
const REPORT: &str = r#"
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"micros":%d,"p50_us":%d,"p99_us":%d,"errors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"#;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Target {
    pub port: u16,
    pub path: String,
    pub header: Option<(&'static str, String)>,
}

impl Target {
    /// One answer.
    pub fn ask(&self) -> Response {
        let header = self.header.as_ref();
        let headers: Vec<_> = header
            .map(|(name, value)| (*name, value.as_str()))
            .into_iter()
            .collect();
        http::request(self.port, &self.path, &headers, None)
            .unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }
}

/// How it went.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

#[derive(Debug, Deserialize)]
struct Said {
    requests: u32,
    micros: u32,
    p50_us: u32,
    p99_us: u32,
    errors: u32,
}

impl Load {
    pub fn of(target: &Target, seconds: u32) -> Self {
        let folder = Folder::new("race-wrk");
        let script = folder.path().join("report.lua");
        std::fs::write(&script, REPORT).expect("a file can be written");
        let mut wrk = Command::new("wrk");
        wrk.args(["--threads", "1", "--timeout", "10s"])
            .args(["--connections", &CONNECTIONS.to_string()])
            .args(["--duration", &format!("{seconds}s")])
            .arg("--script")
            .arg(&script);
        if let Some((name, value)) = &target.header {
            wrk.args(["--header", &format!("{name}: {value}")]);
        }
        wrk.arg(format!("http://127.0.0.1:{}{}", target.port, target.path));
        let output = wrk.output().unwrap_or_else(|error| panic!("wrk: {error}"));
        let text = String::from_utf8_lossy(&output.stdout);
        let said = text
            .lines()
            .rev()
            .find_map(|line| serde_json::from_str::<Said>(line).ok());
        let said = said.unwrap_or_else(|| panic!("wrk says: {text}"));
        assert_eq!(said.errors, 0, "{}: {text}", target.path);
        Self {
            per_second: f64::from(said.requests) / (f64::from(said.micros) / 1e6),
            p50_ms: f64::from(said.p50_us) / 1e3,
            p99_ms: f64::from(said.p99_us) / 1e3,
        }
    }

    pub fn mean(loads: &[Self]) -> Self {
        let count = f64::from(u32::try_from(loads.len()).expect("few"));
        let mean = |of: fn(&Self) -> f64| loads.iter().map(of).sum::<f64>() / count;
        Self {
            per_second: mean(|load| load.per_second),
            p50_ms: mean(|load| load.p50_ms),
            p99_ms: mean(|load| load.p99_ms),
        }
    }
}
