//! One connection of either kind, and where it leads.

use std::path::{Path, PathBuf};

use diesel::connection::Connection as _;
use diesel::{MysqlConnection, SqliteConnection};

use super::dialect;
use super::error::{Error, Failure, Kind};
use crate::secret::Secret;

/// A connection to either database. Queries are written once, against this type.
#[derive(diesel::MultiConnection)]
pub(super) enum AnyConnection {
    Sqlite(SqliteConnection),
    Mysql(MysqlConnection),
}

/// Where the database is.
#[derive(Debug, Clone)]
pub(super) enum Location {
    Sqlite(PathBuf),
    Mysql {
        /// The whole URL, with the password.
        url: Secret,
        /// The same without the database: to make one.
        server: Secret,
        database: String,
    },
}

impl Location {
    pub fn parse(url: &Secret) -> Result<Location, Error> {
        let text = url.expose();
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path == ":memory:" {
                return Err(Error::Url("sqlite:// needs the path of a file".into()));
            }
            return Ok(Location::Sqlite(path.into()));
        }
        // What the parser says is not repeated: it may quote the password.
        let mut parsed = url::Url::parse(text)
            .map_err(|_| Error::Url("neither sqlite://PATH nor mysql://…".into()))?;
        if parsed.scheme() != "mysql" {
            return Err(Error::Url(format!(
                "{}:// is not known: use sqlite://PATH or mysql://USER:PASSWORD@HOST:PORT/NAME",
                parsed.scheme()
            )));
        }
        let database = parsed.path().trim_start_matches('/').to_owned();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if database.is_empty() || !database.chars().all(plain) {
            return Err(Error::Url(
                "the database's name must be letters, digits, _ and -".into(),
            ));
        }
        parsed.set_path("");
        Ok(Location::Mysql {
            url: url.clone(),
            server: Secret::new(String::from(parsed)),
            database,
        })
    }

    /// What an operator knows it by, without the password.
    pub fn name(&self) -> String {
        match self {
            Location::Sqlite(path) => path.display().to_string(),
            Location::Mysql { database, .. } => database.clone(),
        }
    }

    /// Opens a connection that is ready for use, and says whether it leads into a cluster. Dispatches by itself
    /// because the derived `establish` tries one kind after the other and hides the real error.
    pub fn connect(&self) -> Result<(AnyConnection, bool), Failure> {
        let mut connection = match self {
            Location::Sqlite(path) => AnyConnection::Sqlite(sqlite(path)?),
            Location::Mysql { url, .. } => AnyConnection::Mysql(mysql(url)?),
        };
        let in_cluster =
            dialect::prepare(&mut connection).map_err(|error| Failure::of_statement(&error))?;
        Ok((connection, in_cluster))
    }
}

/// What an operator can do about a database that is not there.
pub(super) const MIGRATE_MAKES_IT: &str = ": `dcrstakepool migrate` makes it";

fn sqlite(path: &Path) -> Result<SqliteConnection, Failure> {
    SqliteConnection::establish(&path.to_string_lossy()).map_err(|error| {
        let Failure { kind, text } = Failure::of_connecting(&error);
        // SQLite does not say which file.
        let text = format!("{}: {text}", path.display());
        Failure { kind, text }
    })
}

fn mysql(url: &Secret) -> Result<MysqlConnection, Failure> {
    MysqlConnection::establish(url.expose()).map_err(|error| {
        let mut failure = Failure::of_connecting(&error);
        if failure.kind == Kind::NoDatabase {
            failure.text.push_str(MIGRATE_MAKES_IT);
        }
        failure
    })
}

/// Makes the MySQL database if the account may.
pub(super) fn create_database(server: &Secret, database: &str) -> Result<(), Failure> {
    let mut connection = AnyConnection::Mysql(mysql(server)?);
    dialect::create_database(&mut connection, database)
        .map_err(|error| Failure::of_statement(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Location, Error> {
        Location::parse(&Secret::new(url))
    }

    #[test]
    fn sqlite_urls_are_paths() {
        for (url, path) in [
            ("sqlite://pool.db", "pool.db"),
            ("sqlite:///var/lib/pool.db", "/var/lib/pool.db"),
            ("sqlite:pool.db", "pool.db"),
        ] {
            assert_eq!(parse(url).unwrap().name(), path);
        }
        assert!(parse("sqlite://").is_err());
        assert!(parse("sqlite::memory:").is_err());
    }

    #[test]
    fn mysql_urls_name_a_database_and_never_print_the_password() {
        let location = parse("mysql://pool:hunter2@127.0.0.1:3306/stakepool").unwrap();
        assert_eq!(location.name(), "stakepool");
        assert!(!format!("{location:?}").contains("hunter2"));
        let Location::Mysql { server, .. } = location else {
            panic!("not mysql");
        };
        assert_eq!(server.expose(), "mysql://pool:hunter2@127.0.0.1:3306");
        for bad in [
            "mysql://pool:hunter2@h",
            "mysql://pool:hunter2@h/a/b",
            "postgres://pool:hunter2@h/a",
            "hunter2",
        ] {
            let error = parse(bad).unwrap_err().to_string();
            assert!(!error.contains("hunter2") || bad == "hunter2", "{error}");
        }
    }
}
