//! `[log]`.

use super::check::Check;
use super::raw::RawLog;
use crate::telemetry;

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// Directives of `tracing_subscriber::EnvFilter`; `RUST_LOG` wins over the file.
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl LogConfig {
    pub(super) fn resolve(raw: RawLog, check: &mut Check) -> Option<Self> {
        let filter = check.parse_or(raw.filter, "info".to_owned(), |filter| {
            telemetry::check_filter(filter).map(|()| filter.clone())
        });
        let format = check.parse_or(raw.format, LogFormat::Text, |format| {
            match format.as_str() {
                "text" => Ok(LogFormat::Text),
                "json" => Ok(LogFormat::Json),
                other => Err(format!("{other:?} is neither text nor json")),
            }
        });
        Some(Self {
            filter: filter?,
            format: format?,
        })
    }
}
