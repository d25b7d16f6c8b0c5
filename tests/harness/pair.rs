//! The two generations of daemons, as `scripts/daemons` builds them.

use std::path::PathBuf;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pair {
    /// Today's network.
    Current,
    /// The last whose wallet buys pool tickets by itself; simnet only.
    Legacy,
}

impl Pair {
    pub fn name(self) -> &'static str {
        match self {
            Pair::Current => "current",
            Pair::Legacy => "legacy",
        }
    }

    /// Beside the build's other results, where `scripts/daemons` puts it.
    pub fn program(self, name: &str) -> PathBuf {
        let path = super::program::target_folder()
            .join("daemons")
            .join(self.name())
            .join(name);
        assert!(
            path.exists(),
            "{} is missing: run scripts/daemons {}",
            path.display(),
            self.name()
        );
        path
    }
}
