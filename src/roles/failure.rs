//! Why a role ended, with the exit code that scripts and supervisors read.

use std::fmt::Write as _;
use std::process::ExitCode;

use crate::node::error::Fault;
use crate::{config, db, telemetry};

/// The end of a role that did not go well: an exit code and a chain of reasons.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    error: anyhow::Error,
}

impl Failure {
    /// 1: it was tried and failed.
    pub fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::new(1, error)
    }

    /// 2: the command line asks for what makes no sense.
    pub fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self::new(2, error)
    }

    /// 69: a service that is needed cannot be reached now.
    pub fn unavailable(error: impl Into<anyhow::Error>) -> Self {
        Self::new(69, error)
    }

    /// 76: a service is there, but it is the wrong one or set up wrongly.
    pub fn wrong_service(error: impl Into<anyhow::Error>) -> Self {
        Self::new(76, error)
    }

    /// 78: the configuration, a key of the wrong kind, or a database schema of another version.
    pub fn config(error: impl Into<anyhow::Error>) -> Self {
        Self::new(78, error)
    }

    /// By what a daemon's fault is.
    pub fn of_node(fault: Fault, error: impl Into<anyhow::Error>) -> Self {
        match fault {
            Fault::Unavailable => Self::unavailable(error),
            Fault::Wrong => Self::wrong_service(error),
            Fault::Config => Self::config(error),
        }
    }

    fn new(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self {
            code,
            error: error.into(),
        }
    }

    pub fn code(&self) -> u8 {
        self.code
    }

    /// Puts what was being done before the reason; the code stays.
    #[must_use]
    pub fn context(self, what: impl std::fmt::Display + Send + Sync + 'static) -> Self {
        Self {
            code: self.code,
            error: self.error.context(what),
        }
    }

    /// What the operator reads: `error: …`, then one `because: …` line per cause.
    pub fn text(&self) -> String {
        let mut text = format!("error: {}", self.error);
        let mut shown = self.error.to_string();
        for cause in self.error.chain().skip(1).map(ToString::to_string) {
            // An error that already quotes its source would say it twice.
            if !shown.contains(&cause) {
                let _ = write!(text, "\nbecause: {cause}");
            }
            shown = cause;
        }
        text
    }

    /// Writes `text` to standard error and gives the exit code.
    pub fn report(&self) -> ExitCode {
        telemetry::say_last(&self.text());
        ExitCode::from(self.code)
    }
}

/// What a role does not map itself is a plain failure.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(error)
    }
}

impl From<config::Invalid> for Failure {
    fn from(error: config::Invalid) -> Self {
        Self::config(error)
    }
}

impl From<db::Error> for Failure {
    fn from(error: db::Error) -> Self {
        match error {
            db::Error::Unavailable(_)
            | db::Error::OutcomeUnknown(_)
            | db::Error::NoDatabase(_)
            | db::Error::Locked(_) => Self::unavailable(error),
            db::Error::Denied(_) => Self::wrong_service(error),
            db::Error::Url(_) | db::Error::Schema(_) => Self::config(error),
            db::Error::Conflict(_) | db::Error::Unreadable(_) | db::Error::Query(_) => {
                Self::failed(error)
            }
        }
    }
}

impl From<db::BackupError> for Failure {
    fn from(error: db::BackupError) -> Self {
        match error {
            db::BackupError::Database(error) => error.into(),
            db::BackupError::Schema(_) => Self::config(error),
            db::BackupError::File(_)
            | db::BackupError::Damaged { .. }
            | db::BackupError::Refused(_) => Self::failed(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn the_chain_is_told_once() {
        let failure = Failure::unavailable(anyhow!("connection refused").context("dcrd at x"))
            .context("cannot start");
        assert_eq!(
            failure.text(),
            "error: cannot start\nbecause: dcrd at x\nbecause: connection refused"
        );
        assert_eq!(failure.code(), 69);
        let quoting = Failure::failed(anyhow!("b").context("a: b"));
        assert_eq!(quoting.text(), "error: a: b");
    }
}
