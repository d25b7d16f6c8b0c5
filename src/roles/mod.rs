//! One composition root per subcommand, and what becomes of its failure.

pub mod add_invalid_tickets;
mod assembly;
pub mod backup;
pub mod buy;
mod certificate;
pub mod check;
pub mod failure;
mod guest;
mod holder;
pub mod import_config;
pub mod migrate;
mod papers;
mod reissue;
mod restore;
pub mod resume;
mod service;
pub mod setup;
mod takeover;
pub mod user;
pub mod vote;
pub mod voter;
pub mod web;
mod webhook;

pub use failure::Failure;

use crate::cli::Command;

/// Runs one subcommand to its end.
pub async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Web(args) => web::run(args).await,
        // Large: it holds the whole voter.
        Command::Voter(args) => Box::pin(voter::run(args)).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Backup(args) => backup::run(args).await,
        Command::Restore(args) => restore::run(args).await,
        Command::Resume(args) => resume::run(args).await,
        Command::AddInvalidTickets(args) => add_invalid_tickets::run(args).await,
        Command::User(args) => user::run(args).await,
        Command::Setup(args) => Box::pin(setup::run(args)).await,
        Command::Check(args) => Box::pin(check::run(args)).await,
        Command::ImportConfig(args) => import_config::run(&args),
        Command::Buy(args) => buy::run(args).await,
        Command::Vote(args) => vote::run(args).await,
        Command::Completions(args) => papers::completions(args),
        Command::Manual(args) => papers::manual(&args),
    }
}
