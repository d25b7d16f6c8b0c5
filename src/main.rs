//! Parses the command line, runs the role, turns its failure into an exit code.

use std::process::ExitCode;

use clap::Parser as _;
use dcrstakepool::cli::{Cli, Command};
use dcrstakepool::{heap, roles};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Command::Web(_) | Command::Voter(_)) {
        heap::be_sparing();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return roles::Failure::failed(error).report(),
    };
    let outcome = runtime.block_on(roles::run(cli.command));
    // A thread that hangs in a dead database must not keep the process.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
