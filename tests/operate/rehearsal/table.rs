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
    /// From a block at the miner until its votes were there, while no other voting host could be reached.
    pub alone: Vec<Duration>,
}

/// A counter of the voter's metrics page; none while it does not run.
pub fn votes(node: &Machine, outcome: &str) -> u64 {
    let page = node.run(&format!(
        "curl --silent http://{}:9101/metrics",
        node.address
    ));
    let name = format!("dcrstakepool_votes_total{{outcome=\"{outcome}\"}} ");
    let value = page.lines().find_map(|line| line.strip_prefix(&name));
    let value = value.unwrap_or_else(|| panic!("no {name} in {page}"));
    value.trim().parse().expect("a number")
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
    let mut table = "\nmeasured: host   | ms each way | votes, first there | second | alone: block to all its votes at \
                     the miner, ms: median / longest\n"
        .to_owned();
    for row in rows {
        let _ = writeln!(
            table,
            "measured: {}  | {:11} | {:18} | {:6} | {}",
            row.name,
            row.far,
            row.first,
            row.second,
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
