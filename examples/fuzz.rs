//! Feeds the decoders with damaged copies of real input:
//!
//! ```text
//! cargo run --release --example fuzz -- TARGET COUNT [SEED]
//! CARGO_PROFILE_DEV_OPT_LEVEL=2 cargo run --example fuzz -- TARGET COUNT [SEED]
//! ```
//!
//! TARGET is `state`, `json`, `transaction`, `ticket` or `all`. The second way also finds arithmetic that
//! overflows, and takes the dependencies that tests use. The exit code is 1 when something was found.

use std::process::ExitCode;
use std::time::Instant;

#[path = "../tests/pure/fuzz/mod.rs"]
#[expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the tests' own modules; a panic is what is looked for"
)]
mod fuzz;

use fuzz::{Finding, Outcome, Target};

/// Between two lines of progress.
const STEP: u64 = 1_000_000;
/// More than this say nothing new.
const MOST_FINDINGS: usize = 20;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |text: &String| text.replace('_', "").parse::<u64>().ok();
    let (name, count, seed) = match arguments.as_slice() {
        [name, count] => (name, number(count), Some(1)),
        [name, count, seed] => (name, number(count), number(seed)),
        _ => return usage(),
    };
    let (Some(count), Some(seed)) = (count, seed) else {
        return usage();
    };
    let targets = fuzz::targets(name);
    if targets.is_empty() {
        return usage();
    }
    // Panics are told as findings.
    std::panic::set_hook(Box::new(|_| {}));
    let mut found = 0;
    for target in targets {
        found += hunt(target.as_ref(), count, seed);
    }
    if found == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: fuzz state|json|transaction|ticket|all COUNT [SEED]");
    ExitCode::from(2)
}

/// Gives the number of findings.
fn hunt(target: &dyn Target, count: u64, seed: u64) -> usize {
    let start = Instant::now();
    let mut outcome = Outcome::default();
    while outcome.executions < count && outcome.findings.len() < MOST_FINDINGS {
        let told = outcome.findings.len();
        let from = outcome.executions;
        let to = from.saturating_add(STEP).min(count);
        fuzz::run(target, seed, from..to, &mut outcome);
        for finding in outcome.findings.iter().skip(told).take(MOST_FINDINGS) {
            println!("{}", Finding::describe(finding));
        }
        tell(target.name(), &outcome, start, seed);
    }
    outcome.findings.len()
}

fn tell(name: &str, outcome: &Outcome, start: Instant, seed: u64) {
    let seconds = start.elapsed().as_secs_f64();
    let executions = outcome.executions;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = executions as f64 / seconds.max(0.001);
    println!(
        "{name}: {executions} executions in {seconds:.0} s ({rate:.0}/s), {} accepted, {} findings, seed {seed}",
        outcome.accepted,
        outcome.findings.len()
    );
}
