//! `[database]`.

use crate::secret::Secret;

/// Where the pool's data lives.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// `sqlite://PATH` (absolute by now) or `mysql://USER:PASSWORD@HOST:PORT/NAME`.
    pub url: Secret,
    pub max_connections: u32,
}

impl DatabaseConfig {
    pub fn is_sqlite(&self) -> bool {
        self.url.expose().starts_with("sqlite:")
    }
}
