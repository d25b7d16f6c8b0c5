//! What can go wrong with a database, in the words a caller acts on; and the one place that reads
//! the databases' own words.

use diesel::result::{ConnectionError, DatabaseErrorKind, Error as Diesel};

/// A failed call. Only `Unavailable` is worth another try later; inside the store, whatever may be
/// repeated safely has been repeated already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No server, no primary, too slow, no free connection.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// The connection broke while the change was being committed, and what is stored could not be
    /// read back.
    #[error("database gone while storing a change, whose outcome is unknown: {0}")]
    OutcomeUnknown(String),
    /// Wrong user or password, or an account without the right to do this.
    #[error("database refuses this account: {0}")]
    Denied(String),
    /// The server has no database of that name; there is no such file.
    #[error("no such database: {0}")]
    NoDatabase(String),
    /// Something with the same key is there already.
    #[error("already stored: {0}")]
    Conflict(String),
    /// Another process uses this SQLite file.
    #[error("{0} is in use by another process: an SQLite database serves one process at a time")]
    Locked(String),
    #[error("database url: {0}")]
    Url(String),
    /// The schema is not this program's; the text says which way.
    #[error("{0}")]
    Schema(String),
    /// A stored value that this program cannot have written.
    #[error("unreadable value in the database: {0}")]
    Unreadable(String),
    /// A statement failed for another reason: a fault of the program, or of the disk.
    #[error("database: {0}")]
    Query(String),
}

/// What to do about a failed statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rolled back because of another transaction: repeat the whole.
    Retry,
    /// The connection is gone and nothing was committed: repeat the whole on another one.
    Lost,
    /// The connection went while committing: read back, or repeat what is safe to repeat.
    Unknown,
    /// A node of a cluster that has lost the others: another one may serve.
    NotPrimary,
    Unavailable,
    Conflict,
    Denied,
    NoDatabase,
    Schema,
    Unreadable,
    Query,
}

/// A failed statement, commit or connection attempt, classified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(super) struct Failure {
    pub kind: Kind,
    pub text: String,
}

impl Failure {
    pub fn unavailable(text: impl Into<String>) -> Self {
        Failure {
            kind: Kind::Unavailable,
            text: text.into(),
        }
    }

    pub fn of_statement(error: &Diesel) -> Self {
        let kind = match error {
            Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Kind::Conflict,
            Diesel::DatabaseError(_, information) => of_text(information.message()),
            Diesel::RollbackErrorOnCommit { commit_error, .. } => {
                return Failure::of_statement(commit_error);
            }
            Diesel::BrokenTransactionManager => Kind::Lost,
            Diesel::DeserializationError(_) => Kind::Unreadable,
            _ => Kind::Query,
        };
        Failure {
            kind,
            text: error.to_string(),
        }
    }

    /// At COMMIT neither a lost connection nor a node that lost its cluster says whether all of it is
    /// committed.
    pub fn of_commit(error: &Diesel) -> Self {
        let mut failure = Failure::of_statement(error);
        if matches!(failure.kind, Kind::Lost | Kind::NotPrimary) {
            failure.kind = Kind::Unknown;
        }
        failure
    }

    pub fn of_connecting(error: &ConnectionError) -> Self {
        let kind = match error {
            ConnectionError::BadConnection(text) => match of_text(text) {
                // There is no transaction to repeat yet.
                Kind::Retry | Kind::Lost | Kind::Unknown => Kind::Unavailable,
                kind => kind,
            },
            ConnectionError::CouldntSetupConfiguration(error) => {
                return match Failure::of_statement(error) {
                    Failure {
                        kind: Kind::Lost | Kind::Retry | Kind::Unknown,
                        text,
                    } => Failure::unavailable(text),
                    failure => failure,
                };
            }
            _ => Kind::Query,
        };
        Failure {
            kind,
            text: error.to_string(),
        }
    }

    /// Whether the connection that failed like this may serve the next call.
    pub fn spares_connection(&self) -> bool {
        matches!(
            self.kind,
            Kind::Retry | Kind::Conflict | Kind::Unreadable | Kind::Query | Kind::Schema
        )
    }
}

impl From<Failure> for Error {
    fn from(Failure { kind, text }: Failure) -> Self {
        match kind {
            // Repeated until the deadline, in vain.
            Kind::Retry | Kind::Lost | Kind::NotPrimary | Kind::Unavailable => {
                Error::Unavailable(text)
            }
            Kind::Unknown => Error::OutcomeUnknown(text),
            Kind::Conflict => Error::Conflict(text),
            Kind::Denied => Error::Denied(text),
            Kind::NoDatabase => Error::NoDatabase(text),
            Kind::Schema => Error::Schema(text),
            Kind::Unreadable => Error::Unreadable(text),
            Kind::Query => Error::Query(text),
        }
    }
}

/// diesel passes no numbers on, so the texts decide (each has a test below). They are looked for
/// without regard to case, in this order.
const TEXTS: &[(&str, Kind)] = &[
    // 1213, also as the answer to COMMIT in a cluster
    ("deadlock found when trying to get lock", Kind::Retry),
    // 1205
    ("lock wait timeout exceeded", Kind::Retry),
    // 1020: a row changed under a MariaDB snapshot
    ("record has changed since last read", Kind::Retry),
    // 1305: a node of a cluster rolled the transaction back without a word (`dialect::begin_write`)
    ("savepoint still_there does not exist", Kind::Retry),
    ("database is locked", Kind::Retry),
    ("database table is locked", Kind::Retry),
    // 1180; the second one is Galera's, whatever was going on when the node lost its cluster
    ("during commit", Kind::Unknown),
    ("(provider status: ", Kind::Unknown),
    // 1061: another process made the same index
    ("duplicate key name", Kind::Conflict),
    // 1047
    ("wsrep has not yet prepared", Kind::NotPrimary),
    // 2006
    ("server has gone away", Kind::Lost),
    // 2013, 2055
    ("lost connection to", Kind::Lost),
    // 1927, 1053, 1317, 4031
    ("connection was killed", Kind::Lost),
    ("server shutdown in progress", Kind::Lost),
    ("query execution was interrupted", Kind::Lost),
    (
        "disconnected by the server because of inactivity",
        Kind::Lost,
    ),
    // 2014, 2027: what follows a torn answer
    ("commands out of sync", Kind::Lost),
    ("malformed packet", Kind::Lost),
    // 2002, 2003, 2005, 2012
    ("can't connect to", Kind::Unavailable),
    ("unknown server host", Kind::Unavailable),
    ("unknown mysql server host", Kind::Unavailable),
    ("error in server handshake", Kind::Unavailable),
    // 1040, 1203, 1226, 1129
    ("too many connections", Kind::Unavailable),
    ("max_user_connections", Kind::Unavailable),
    (
        "is blocked because of many connection errors",
        Kind::Unavailable,
    ),
    // 1290, 1836
    ("read-only option", Kind::Unavailable),
    ("read-only mode", Kind::Unavailable),
    // 1045, 1044, 1142, 1143, 1130, 1410
    ("access denied", Kind::Denied),
    ("command denied to user", Kind::Denied),
    ("is not allowed to connect", Kind::Denied),
    // 1049
    ("unknown database", Kind::NoDatabase),
    ("unable to open database file", Kind::NoDatabase),
    // 1146, 1054
    ("doesn't exist", Kind::Schema),
    ("unknown column", Kind::Schema),
    ("no such table", Kind::Schema),
    ("no such column", Kind::Schema),
];

fn of_text(text: &str) -> Kind {
    let text = text.to_lowercase();
    TEXTS
        .iter()
        .find(|(part, _)| text.contains(part))
        .map_or(Kind::Query, |(_, kind)| *kind)
}

#[cfg(test)]
mod tests;
