//! Where settings come from.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The inputs of a configuration; a test gives its own.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// `--config`.
    pub file: Option<PathBuf>,
    pub environment: BTreeMap<String, String>,
}

impl Sources {
    /// `--config` and the process's own environment.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { file, environment }
    }
}
