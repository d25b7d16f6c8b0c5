//! Halt and audit log.

use super::{Store, later};
use crate::db::{AuditEntry, Halt, Result};

#[expect(clippy::unused_async, reason = "placeholder")]
impl Store {
    pub async fn halt(&self) -> Result<Option<Halt>> {
        later()
    }

    /// Halts enrolment. The first reason stays: false when it was halted already.
    pub async fn set_halt(&self, _halt: Halt) -> Result<bool> {
        later()
    }

    /// False when it was not halted.
    pub async fn clear_halt(&self) -> Result<bool> {
        later()
    }

    pub async fn audit(&self, _entry: AuditEntry) -> Result<()> {
        later()
    }

    /// Newest first.
    pub async fn audit_log(&self, _offset: u64, _limit: u32) -> Result<Vec<AuditEntry>> {
        later()
    }
}
