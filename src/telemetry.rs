//! The log: format, filter, and what no filter may show.

use crate::config::LogConfig;

/// Keeps the filter changeable while the role runs.
#[derive(Debug, Clone)]
pub struct Telemetry;

/// Starts logging to standard error. Called once, by a role.
///
/// # Errors
/// When a subscriber is there already, or the filter is none.
pub fn start(_log: &LogConfig, _rust_log: Option<&str>) -> Result<Telemetry, Error> {
    Ok(Telemetry)
}

impl Telemetry {
    /// Puts another filter in place, as SIGHUP asks.
    ///
    /// # Errors
    /// When it is none; the old one stays.
    pub fn set_filter(&self, _filter: &str) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("log filter {filter:?} cannot be used: {reason}")]
    Filter { filter: String, reason: String },
    #[error("logging is set up already")]
    AlreadyStarted,
}
