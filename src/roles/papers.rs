//! What a package ships beside the program: completions for shells, and man pages. Both are made from the definition
//! of the command line, so that they say what `--help` says.

use std::io::{self, Write as _};

use anyhow::Context as _;
use clap::CommandFactory as _;

use super::Failure;
use crate::cli::{Cli, CompletionsArgs, ManualArgs};

const PROGRAM: &str = "dcrstakepool";

pub fn completions(args: CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), PROGRAM, &mut script);
    let written = io::stdout().write_all(&script);
    Ok(written.context("cannot write the completions")?)
}

/// A page for the program and for each command.
pub fn manual(args: &ManualArgs) -> Result<(), Failure> {
    let written = clap_mangen::generate_to(Cli::command(), &args.folder);
    Ok(written.with_context(|| format!("cannot write in {}", args.folder.display()))?)
}
