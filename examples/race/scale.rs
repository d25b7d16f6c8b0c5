//! Few and many users and tickets: what grows with them, and what must not.

mod chain;
mod daemons;
mod database;
mod people;
mod report;
mod site;
mod usage;

use std::fmt;

use super::harness::wait;
use super::options::Scale;
use super::web::load::{Load, Target};
use report::{Run, Summary, VoterFigures, WebFigures, tell};
use site::Site;

/// A pool to measure.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub users: u32,
    /// Live ones, all of the pool's users.
    pub tickets: u32,
    /// Users whose scripts the wallet does not have at the first start.
    pub lacking: u32,
}

const SETTINGS: [Setting; 3] = [
    Setting {
        users: 4,
        tickets: 400,
        lacking: 0,
    },
    Setting {
        users: 10_000,
        tickets: 41_000,
        lacking: 2_000,
    },
    Setting {
        users: 100_000,
        tickets: 41_000,
        lacking: 2_000,
    },
];

/// Blocks whose votes are looked at, after as many that are not.
const BLOCKS: u32 = 12;
const ENROLMENTS: usize = 9;
const LOAD_SECONDS: u32 = 3;

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} users, {} live tickets", self.users, self.tickets)
    }
}

pub fn race(options: &Scale) {
    let chosen = SETTINGS
        .iter()
        .filter(|it| options.users.is_empty() || options.users.contains(&it.users));
    let runs = chosen.map(|setting| {
        let run = run(*setting, options.seed);
        tell(*setting, &run);
        run
    });
    let summary = Summary::of(runs.collect());
    if options.json
        && let Some(Ok(line)) = summary.map(|summary| serde_json::to_string(&summary))
    {
        println!("{line}");
    }
}

fn run(setting: Setting, seed: u64) -> Run {
    println!("\n{setting}: keys, chain, database …");
    let start = std::time::Instant::now();
    let mut site = Site::open(setting, seed);
    println!("open after {:.1} s", start.elapsed().as_secs_f64());
    let start = std::time::Instant::now();
    site.synced();
    let first_start_s = start.elapsed().as_secs_f64();
    let first_start_peak_mb = site.voter_usage().peak_mb;
    println!(
        "first start: {first_start_s:.1} s, the wallet has {} scripts",
        site.daemons.scripts()
    );
    site::rest();
    let started = site.restart_voter();
    site::rest();
    let usage = site.voter_usage();
    let blocks = blocks(&mut site);
    let ready_s = site.restart_web();
    site::rest();
    let rss_mb = site.web_usage().rss_mb;
    let mut enrolments: Vec<f64> = (0..ENROLMENTS).map(|_| site.enrol()).collect();
    enrolments.sort_unstable_by(f64::total_cmp);
    for path in ["/", "/stats"] {
        let target = Target {
            port: site.web.port(),
            path: path.to_owned(),
            header: None,
        };
        Load::of(&target, LOAD_SECONDS);
    }
    let loaded = site.web_usage();
    Run {
        users: setting.users,
        voter: VoterFigures {
            tickets: setting.tickets,
            first_vote_s: started.votes_after,
            first_vote_there_s: started.first_vote,
            synced_s: started.synced,
            daemons_s: started.daemons,
            rss_mb: usage.rss_mb,
            peak_mb: usage.peak_mb,
            own_mb: usage.own_mb,
            first_start_s,
            first_start_peak_mb,
            lacking_scripts: setting.lacking,
            own_part_us: blocks.own_part_us,
            block_cpu_ms: blocks.cpu_ms,
            block_written_kb: blocks.written_kb,
        },
        web: WebFigures {
            users: setting.users,
            ready_s,
            rss_mb,
            load_mb: loaded.rss_mb,
            own_mb: loaded.own_mb,
        },
        enrol_ms: enrolments[ENROLMENTS / 2],
    }
}

struct Blocks {
    own_part_us: f64,
    cpu_ms: f64,
    written_kb: f64,
}

/// Blocks come, and all of ours are voted.
fn blocks(site: &mut Site) -> Blocks {
    let mut before = site.voter_usage();
    for number in 0..2 * BLOCKS {
        if number == BLOCKS {
            // What was gathered until now is written.
            wait::pause(std::time::Duration::from_secs(3));
            before = site.voter_usage();
        }
        site.daemons.mine();
        wait::until("the votes", || {
            let chain = site.daemons.chain();
            let (there, wanted) = (chain.voted(), chain.winners());
            (there == wanted)
                .then_some(())
                .ok_or(format!("{there} of {wanted}"))
        });
        // As blocks never do: one in three seconds, which is longer than changes are gathered.
        wait::pause(std::time::Duration::from_millis(2_500));
    }
    let after = site.voter_usage();
    let status = site.status().expect("the voter answers");
    let last = status
        .blocks
        .iter()
        .rev()
        .take(usize::try_from(BLOCKS).expect("few"));
    let mut own: Vec<u64> = last
        .filter_map(|block| block.votes.iter().map(|vote| vote.sent_us).max())
        .collect();
    own.sort_unstable();
    let median = own.get(own.len() / 2).copied().unwrap_or_default();
    let per_block = |sum: f64| sum / f64::from(BLOCKS);
    Blocks {
        own_part_us: f64::from(u32::try_from(median).unwrap_or(u32::MAX)),
        cpu_ms: per_block(after.since(&before) * 1e3),
        written_kb: per_block(after.written_since(&before) / 1024.0),
    }
}
