//! What can go wrong with a database, in the words a caller acts on.

/// A failed call. Only `Unavailable` is worth another try later; inside the store, whatever may be
/// repeated safely has been repeated already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No server, no primary, too slow, no free connection. Nothing is known to be stored.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// The connection broke while the change was being committed, and what is stored could not be
    /// read back.
    #[error("database gone while storing a change, whose outcome is unknown: {0}")]
    OutcomeUnknown(String),
    /// Wrong user or password, or an account without the right to do this.
    #[error("database refuses this account: {0}")]
    Denied(String),
    /// The server has no database of that name.
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
