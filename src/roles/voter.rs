//! The `voter` subcommand.

use super::Failure;
use crate::cli::RoleArgs;

/// Runs it to its end.
#[expect(clippy::unused_async, reason = "its body is not here yet")]
pub async fn run(_args: RoleArgs) -> Result<(), Failure> {
    Err(Failure::failed(anyhow::anyhow!("`voter` is not built yet")))
}
