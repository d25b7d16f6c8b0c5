//! The whole program beside the limit of the machine: `scripts/race votes [--blocks N] [--restart-every M]
//! [--seed S] [--json]`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

#[path = "../../tests/harness/mod.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the tests' own modules; a failure ends the race with its reason"
)]
mod harness;

#[path = "../../tests/pure/fuzz/random.rs"]
#[expect(
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the fuzzer's own module"
)]
mod random;

mod limit;
mod numbers;
mod options;
mod restarts;
mod stock;
mod votes;
mod watch;

use harness::interrupts;
use harness::wait::Interrupted;
use options::Options;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let Some(options) = Options::read(&arguments) else {
        eprintln!("usage: scripts/race votes [--blocks N] [--restart-every M] [--seed S] [--json]");
        return ExitCode::from(2);
    };
    interrupts::obey();
    // Processes and folders end with the race, however it ends.
    match catch_unwind(AssertUnwindSafe(|| votes::race(&options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) if reason.is::<Interrupted>() => {
            eprintln!("stopped; nothing is left behind");
            ExitCode::from(130)
        }
        Err(_) => ExitCode::FAILURE,
    }
}
