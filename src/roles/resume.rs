//! The `resume` subcommand.

use super::Failure;
use crate::cli::ResumeArgs;

/// Runs it to its end.
#[expect(clippy::unused_async, reason = "its body is not here yet")]
pub async fn run(_args: ResumeArgs) -> Result<(), Failure> {
    Err(Failure::failed(anyhow::anyhow!(
        "`resume` is not built yet"
    )))
}
