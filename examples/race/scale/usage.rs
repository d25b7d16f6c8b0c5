//! Memory and processor time of a process, as the kernel counts them.

use std::fs;

/// So far.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Resident memory, and the most there ever was of it.
    pub rss_mb: f64,
    pub peak_mb: f64,
    /// What of it is the process's own: no page of a file, such as the program.
    pub own_mb: f64,
    nanos: u64,
    written: u64,
}

impl Usage {
    pub fn of_own() -> Self {
        Self::of(std::process::id())
    }

    pub fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let mb = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u32>().ok());
            f64::from(kib.unwrap_or_else(|| panic!("process {process} is not there"))) / 1024.0
        };
        Self {
            rss_mb: mb("VmRSS:"),
            peak_mb: mb("VmHWM:"),
            own_mb: mb("RssAnon:"),
            nanos: nanos(process),
            written: written(process),
        }
    }

    /// Seconds of a processor.
    pub fn since(&self, before: &Self) -> f64 {
        std::time::Duration::from_nanos(self.nanos.saturating_sub(before.nanos)).as_secs_f64()
    }

    /// Bytes, sockets included.
    pub fn written_since(&self, before: &Self) -> f64 {
        let bytes = self.written.saturating_sub(before.written);
        f64::from(u32::try_from(bytes).unwrap_or(u32::MAX))
    }
}

/// Bytes that it had the kernel write.
fn written(process: u32) -> u64 {
    let io = fs::read_to_string(format!("/proc/{process}/io")).unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.and_then(|bytes| bytes.parse().ok())
        .unwrap_or_default()
}

/// Of all its threads; those that ended meanwhile are lost.
fn nanos(process: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task"))
        .into_iter()
        .flatten();
    let of_thread = |path: std::path::PathBuf| {
        let text = fs::read_to_string(path.join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    threads
        .flatten()
        .filter_map(|thread| of_thread(thread.path()))
        .sum()
}
