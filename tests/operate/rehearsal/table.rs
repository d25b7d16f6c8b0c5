//! What is told at the end: each voting host's part.

use std::fmt::Write as _;
use std::time::Duration;

use super::machine::Machine;

/// What one voting host did.
#[derive(Debug, Default)]
pub struct Row {
    pub name: String,
    pub far: u64,
    /// By what its dcrd said, over all lives of its voter.
    pub first: u64,
    pub second: u64,
    /// From its dcrd's word of a block until a vote was accepted there, over all votes: seconds, and how many votes.
    pub seconds: f64,
    pub timed: u32,
    /// From a block at the miner until its votes were there, while no other voting host could be reached.
    pub alone: Vec<Duration>,
}

impl Row {
    /// What the voter's metrics say of its life, which is added: none while it does not run.
    pub fn add(&mut self, node: &Machine) {
        let address = node.address;
        let page = node.run(&format!(
            "curl --silent --show-error --noproxy '*' --retry 20 --retry-connrefused http://{address}:9101/metrics"
        ));
        self.first += value::<u64>(&page, "dcrstakepool_votes_total{outcome=\"accepted\"}");
        self.second += value::<u64>(&page, "dcrstakepool_votes_total{outcome=\"already_known\"}");
        self.seconds += value::<f64>(
            &page,
            "dcrstakepool_vote_step_seconds_sum{step=\"accepted\"}",
        );
        self.timed += value::<u32>(
            &page,
            "dcrstakepool_vote_step_seconds_count{step=\"accepted\"}",
        );
    }

    /// Its own part of a vote, in the mean.
    fn own_part(&self) -> String {
        if self.timed < 1 {
            return "-".to_owned();
        }
        let mean = Duration::from_secs_f64(self.seconds) / self.timed;
        format!("{:.1}", mean.as_secs_f64() * 1000.0)
    }
}

/// A number of a metrics page.
fn value<T: std::str::FromStr>(page: &str, name: &str) -> T {
    let value = page.lines().find_map(|line| line.strip_prefix(name));
    let value = value.and_then(|text| text.trim().parse().ok());
    value.unwrap_or_else(|| panic!("no {name} in {page}"))
}

/// The one in the middle, and the longest, in milliseconds.
pub fn median_and_longest(times: &[Duration]) -> String {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    match (sorted.get(sorted.len() / 2), sorted.last()) {
        (Some(median), Some(last)) => format!("{} / {}", median.as_millis(), last.as_millis()),
        _ => "-".to_owned(),
    }
}

/// For people.
pub fn table(rows: &[Row], together: &[Duration]) -> String {
    let mut table = "\nmeasured: host   | ms each way | votes, new to its dcrd | known | own part, ms: mean | alone: block to \
                     all its votes at the miner, ms: median / longest\n"
        .to_owned();
    for row in rows {
        let _ = writeln!(
            table,
            "measured: {}  | {:11} | {:21} | {:5} | {:17} | {}",
            row.name,
            row.far,
            row.first,
            row.second,
            row.own_part(),
            median_and_longest(&row.alone)
        );
    }
    let _ = writeln!(
        table,
        "measured: all three: {} ms over {} blocks",
        median_and_longest(together),
        together.len()
    );
    table
}
