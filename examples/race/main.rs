//! The whole program beside the limit of the machine: `scripts/race votes`, `web` and `scale`.

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
mod pressure;
mod restarts;
#[expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "as in the harness that it drives: a failure ends the race with its reason"
)]
mod scale;
mod stock;
mod votes;
mod watch;
#[expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "as in the harness that it drives: a failure ends the race with its reason"
)]
mod web;

use harness::interrupts;
use harness::wait::Interrupted;
use options::{Race, USAGE};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let Some(race) = Race::read(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    interrupts::obey();
    // Processes and folders end with the race, however it ends.
    match catch_unwind(AssertUnwindSafe(|| run(&race))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) if reason.is::<Interrupted>() => {
            eprintln!("stopped; nothing is left behind");
            ExitCode::from(130)
        }
        Err(_) => ExitCode::FAILURE,
    }
}

fn run(race: &Race) {
    match race {
        Race::Votes(options) => votes::race(options),
        Race::Web(options) => web::race(options),
        Race::Scale(options) => scale::race(options),
    }
}
