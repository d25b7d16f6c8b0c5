//! `[log]`.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use super::check::Check;
use super::raw::RawLog;

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
            parse_filter(filter).map(|_| filter.clone())
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

/// The directives of a filter; what they leave open is info.
///
/// # Errors
/// Why they cannot be used.
pub fn parse_filter(filter: &str) -> Result<EnvFilter, String> {
    EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(filter)
        .map_err(|error| format!("{filter:?}: {error}"))
}
