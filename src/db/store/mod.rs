//! The store's methods, a file per concern.

use super::{Error, Options, Result, SchemaState};
use crate::domain::PoolId;

mod accounts;
mod enrolment;
mod operations;
mod preferences;
mod sessions;
mod tickets;

/// A database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {}

fn later<T>() -> Result<T> {
    Err(Error::Unavailable("not built yet".into()))
}

#[expect(clippy::unused_async, reason = "placeholder")]
impl Store {
    /// Opens the database and makes sure that it answers; makes an SQLite file that is missing.
    /// Says nothing about the schema: see `require_schema`.
    pub async fn connect(_options: Options) -> Result<Store> {
        later()
    }

    pub async fn schema_state(&self) -> Result<SchemaState> {
        later()
    }

    /// For `web`: makes the schema in an empty database, is content with today's, refuses any other
    /// (`Error::Schema`).
    pub async fn require_schema(&self) -> Result<()> {
        later()
    }

    /// Which pool this database is of: made with the schema.
    pub async fn pool_id(&self) -> Result<PoolId> {
        later()
    }

    /// Whether the database answers now.
    pub async fn ping(&self) -> Result<()> {
        later()
    }
}
