//! Where settings come from: the file that the search finds, and the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Environment variable that names the file.
pub const FILE_VARIABLE: &str = "DCRSTAKEPOOL_CONFIG";

const FILE_NAME: &str = "dcrstakepool.toml";

/// The inputs of a configuration; a test gives its own.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// `--config`.
    pub file: Option<PathBuf>,
    pub environment: BTreeMap<String, String>,
    /// Where the search looks besides `$HOME`; `of_process` fills it.
    pub search: Vec<PathBuf>,
}

impl Sources {
    /// `--config` and the process's own environment.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        // A variable that is no Unicode is none of ours, or its value cannot be meant.
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let home = environment
            .get("HOME")
            .map(|home| Path::new(home).join(".config/dcrstakepool"));
        let folders = [
            Some(PathBuf::from(".")),
            home,
            Some(PathBuf::from("/etc/dcrstakepool")),
        ];
        let search = folders
            .into_iter()
            .flatten()
            .map(|folder| folder.join(FILE_NAME))
            .collect();
        Self {
            file,
            environment,
            search,
        }
    }

    /// The file to read: one that was named must be there, one that is searched may be missing.
    pub(super) fn find(&self) -> Option<PathBuf> {
        let named = self.environment.get(FILE_VARIABLE);
        self.file
            .clone()
            .or_else(|| named.filter(|name| !name.is_empty()).map(PathBuf::from))
            .or_else(|| self.search.iter().find(|path| path.is_file()).cloned())
    }

    /// What systemd says of its journal, if that gets what the process writes.
    pub fn journal_stream(&self) -> Option<&str> {
        self.environment.get("JOURNAL_STREAM").map(String::as_str)
    }

    /// `RUST_LOG`, which wins over `log.filter`.
    pub fn rust_log(&self) -> Option<&str> {
        self.environment
            .get("RUST_LOG")
            .map(String::as_str)
            .filter(|filter| !filter.is_empty())
    }
}
