//! All that is stored, as a file of lines, and back: for the day the database is lost, and to move between SQLite
//! and MySQL.
//!
//! Rows are copied by the columns that are found, not by what this version knows of them: a table that a later
//! version adds is in the backup without a word here, and so is what others added to the Go program's tables.
//! `format` is the file, `statements` the words of either database, `dump` reads the database, `restore` fills it.

mod dump;
mod format;
mod restore;
mod rows;
mod statements;

use std::io;

pub use format::{Header, Reader, verify};
pub use restore::refuse_newer;

pub(super) use dump::dump;
pub(super) use format::{Column, Kind, Table};
pub(super) use restore::restore;

use super::Error;
use super::error::Failure;

/// A table that is there while a restore is under way: nothing else is to be done with such a database.
pub(super) const UNFINISHED: &str = "pool_restore";

/// What lives for hours, or holds links that let others in: users sign in again, and ask for another mail.
pub(super) const SHORT_LIVED: [&str; 10] = [
    "EmailChange",
    "PasswordReset",
    "pool_alerts",
    "pool_half_sign_ins",
    "pool_leases",
    "pool_limits",
    "pool_links",
    "pool_mails",
    "pool_sessions",
    "pool_sign_ups",
];

/// Told the name of a table and how many of its rows are done: now and then, and at its end.
pub type Progress = Box<dyn Fn(&str, u64) + Send>;

/// Rows after which there is a word of progress.
const PROGRESS: u64 = 100_000;

/// What a backup is to hold.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Also what is short-lived, and links of unverified users in plain text.
    pub secrets: bool,
    pub now: i64,
    /// Version of the program, for the reader of the file.
    pub program: String,
}

/// What is in a backup, or was taken from one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    pub tables: u64,
    pub rows: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Database(#[from] Error),
    #[error("the file: {0}")]
    File(#[from] io::Error),
    /// Cut, changed, or not a backup.
    #[error("the backup is damaged: line {line}: {reason}")]
    Damaged { line: u64, reason: String },
    /// Of a program that knows more, or tables that cannot be worked with.
    #[error("{0}")]
    Schema(String),
    /// It would cost what is there, or make no sense.
    #[error("{0}")]
    Refused(String),
}

impl From<Failure> for BackupError {
    fn from(failure: Failure) -> Self {
        Self::Database(failure.into())
    }
}

impl From<diesel::result::Error> for BackupError {
    fn from(error: diesel::result::Error) -> Self {
        Failure::of_statement(&error).into()
    }
}
