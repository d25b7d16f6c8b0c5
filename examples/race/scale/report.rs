//! What was found, for people and as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Setting;

#[derive(Debug, Clone, Copy, Serialize)]
pub struct VoterFigures {
    pub tickets: u32,
    /// From the order to start, with the state on disk, until it votes.
    pub first_vote_s: f64,
    /// Until the vote was there: preferences that nobody confirms are waited for up to half a second.
    pub first_vote_there_s: f64,
    /// Until it knows all, and what of that time the daemons worked.
    pub synced_s: f64,
    pub daemons_s: f64,
    pub rss_mb: f64,
    pub peak_mb: f64,
    /// Of the memory what is no page of a file, such as the program.
    pub own_mb: f64,
    /// With nothing on disk and a wallet that lacks scripts.
    pub first_start_s: f64,
    pub first_start_peak_mb: f64,
    pub lacking_scripts: u32,
    /// Received to written, of the last of a block's votes.
    pub own_part_us: f64,
    /// Processor time for a block, with all that follows from it.
    pub block_cpu_ms: f64,
    /// What was written to disk for a block.
    pub block_written_kb: f64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct WebFigures {
    pub users: u32,
    pub ready_s: f64,
    pub rss_mb: f64,
    pub load_mb: f64,
    pub own_mb: f64,
}

/// One pool.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    pub users: u32,
    pub voter: VoterFigures,
    pub web: WebFigures,
    /// An address is submitted: median in milliseconds.
    pub enrol_ms: f64,
}

/// The last line of `--json`.
#[derive(Debug, Serialize)]
pub struct Summary {
    voter: VoterFigures,
    web: WebFigures,
    enrol_ms: BTreeMap<String, f64>,
    runs: Vec<Run>,
}

impl Summary {
    /// Of the voter with the most tickets and fewest users, and the web with the most users.
    pub fn of(runs: Vec<Run>) -> Option<Self> {
        let most = runs.iter().map(|run| run.voter.tickets).max()?;
        let voter = runs.iter().find(|run| run.voter.tickets == most)?.voter;
        let web = runs.iter().max_by_key(|run| run.users)?.web;
        let enrol_ms = runs.iter().map(|run| (run.users.to_string(), run.enrol_ms));
        Some(Self {
            voter,
            web,
            enrol_ms: enrol_ms.collect(),
            runs,
        })
    }
}

pub fn tell(setting: Setting, run: &Run) {
    let Run {
        voter,
        web,
        enrol_ms,
        ..
    } = run;
    println!("{setting}");
    println!(
        "  voter: votes after {:.2} s, first vote there {:.2} s, synchronised {:.2} s (daemons {:.2} s); {:.1} MB, peak {:.1} MB",
        voter.first_vote_s,
        voter.first_vote_there_s,
        voter.synced_s,
        voter.daemons_s,
        voter.rss_mb,
        voter.peak_mb
    );
    println!(
        "         first start {:.1} s with {} scripts that the wallet lacks, peak {:.1} MB",
        voter.first_start_s, voter.lacking_scripts, voter.first_start_peak_mb
    );
    println!(
        "         per block: own part {:.0} µs, {:.2} ms of processor, {:.0} kB written",
        voter.own_part_us, voter.block_cpu_ms, voter.block_written_kb
    );
    println!(
        "  web:   first page after {:.2} s; {:.1} MB idle, {:.1} MB after load",
        web.ready_s, web.rss_mb, web.load_mb
    );
    println!("  an address is submitted in {enrol_ms:.1} ms (median)");
}
