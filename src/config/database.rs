//! `[database]`.

use std::path::Path;

use url::Url;

use super::check::{Check, in_range};
use super::raw::RawDatabase;
use crate::secret::Secret;

const DEFAULT_SQLITE: &str = "pool.db";

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

    /// The file of an SQLite database.
    pub fn file(&self) -> Option<&Path> {
        let path = self.url.expose().strip_prefix("sqlite:")?;
        Some(Path::new(path.strip_prefix("//").unwrap_or(path)))
    }

    pub(super) fn resolve(raw: RawDatabase, check: &mut Check) -> Option<Self> {
        let given = check.secret(raw.url);
        let default = sqlite_url(&check.path(Path::new(DEFAULT_SQLITE)));
        let base = check.path(Path::new(""));
        let url = check.parse_or(given, default, |url| database_url(url.expose(), &base));
        let max_connections = check.parse_or(raw.max_connections, 10, |n| in_range(*n, 1, 1000));
        Some(Self {
            url: url?,
            max_connections: max_connections?,
        })
    }
}

fn sqlite_url(path: &Path) -> Secret {
    Secret::new(format!("sqlite://{}", path.display()))
}

/// The address with a relative SQLite path made absolute. Messages never repeat it: it holds a
/// password.
fn database_url(text: &str, base: &Path) -> Result<Secret, String> {
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err("sqlite:// needs a path".into());
        }
        return Ok(sqlite_url(&base.join(path)));
    }
    let mut url = Url::parse(text).map_err(|_| EXPECTED.to_owned())?;
    if url.scheme() != "mysql" {
        return Err(EXPECTED.into());
    }
    if url.path().trim_matches('/').is_empty() {
        return Err("mysql:// needs the name of a database after the host".into());
    }
    // MySQL clients take this name for the machine's socket. Whoever gives a port wants the port.
    if url.host_str() == Some("localhost") && url.port().is_some() {
        url.set_host(Some("127.0.0.1"))
            .map_err(|_| EXPECTED.to_owned())?;
        return Ok(Secret::new(url));
    }
    Ok(Secret::new(text))
}

const EXPECTED: &str = "must be sqlite://PATH or mysql://USER:PASSWORD@HOST:PORT/NAME";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_kinds() {
        let base = Path::new("/etc/pool");
        let resolved = |text| database_url(text, base).map(|url| url.expose().to_owned());
        assert_eq!(
            resolved("sqlite://a.db").unwrap(),
            "sqlite:///etc/pool/a.db"
        );
        assert_eq!(resolved("sqlite:///a.db").unwrap(), "sqlite:///a.db");
        assert_eq!(resolved("mysql://u:p@h/n").unwrap(), "mysql://u:p@h/n");
        let socket = "mysql://u:p@localhost/n";
        assert_eq!(resolved(socket).unwrap(), socket);
        assert_eq!(
            resolved("mysql://u:p%25@localhost:3307/n").unwrap(),
            "mysql://u:p%25@127.0.0.1:3307/n"
        );
        assert!(resolved("mysql://u:p@h").is_err());
        for bad in ["postgres://hunter2@h/n", "hunter2", "sqlite:", ""] {
            let error = resolved(bad).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
