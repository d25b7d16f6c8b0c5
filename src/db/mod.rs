//! Everything that is stored by the web role. Callers see `Store`, whose methods are named after
//! intent; SQL and diesel never leave this module.
//!
//! Two databases, one set of queries: SQLite (embedded default) and MySQL or MariaDB. What differs
//! between them is a named function in `dialect`.
//!
//! Invariants: every change is one transaction, short, and safe to repeat as a whole; the tables of
//! the Go program get no column and no index; blocking work runs off the async workers, and each
//! call has a deadline.

mod backup;
mod changes;
mod connection;
mod dialect;
mod error;
mod former;
mod lender;
mod lock;
mod merge;
mod news;
mod pool;
mod queries;
mod schema;
mod store;
mod transaction;
mod turn;
mod types;
mod upgrade;

pub use backup::{BackupError, Extent, Header, Progress, Reader, Wish, refuse_newer, verify};
pub use error::Error;
pub use news::is_true;
pub use store::{Store, create_database};
pub use turn::{Turn, take_turn};
pub use types::*;
pub use upgrade::{Facts, Needs, Plan, Step, plan};

pub type Result<T> = std::result::Result<T, Error>;
