//! The `migrate` subcommand.

use super::Failure;
use crate::cli::MigrateArgs;

/// Runs it to its end.
#[expect(clippy::unused_async, reason = "its body is not here yet")]
pub async fn run(_args: MigrateArgs) -> Result<(), Failure> {
    Err(Failure::failed(anyhow::anyhow!(
        "`migrate` is not built yet"
    )))
}
