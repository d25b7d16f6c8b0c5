//! The `buy` subcommand.

use super::Failure;
use crate::cli::BuyArgs;

/// Runs it to its end.
#[expect(clippy::unused_async, reason = "its body is not here yet")]
pub async fn run(_args: BuyArgs) -> Result<(), Failure> {
    Err(Failure::failed(anyhow::anyhow!("`buy` is not built yet")))
}
