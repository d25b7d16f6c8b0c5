//! Halt, what visitors are told, and the audit log.

use super::{Decision, Store};
use crate::db::changes::Touches;
use crate::db::queries::{audit, halt, narrow, sign};
use crate::db::{AuditEntry, AuditFilter, AuditLine, Halt, Result, StoredSign};

impl Store {
    pub async fn halt(&self) -> Result<Option<Halt>> {
        self.read(halt::find).await
    }

    /// Halts enrolment. The first reason stays: false when it was halted already.
    pub async fn set_halt(&self, halt: Halt) -> Result<bool> {
        self.decide(move |connection, doubtful| match halt::find(connection)? {
            Some(stored) => Ok(Decision::Rollback(doubtful && stored == halt)),
            None => halt::insert(connection, &halt).map(|()| Decision::Commit(true)),
        })
        .await
    }

    /// False when it was not halted.
    pub async fn clear_halt(&self) -> Result<bool> {
        self.write(halt::delete).await
    }

    /// What an admin said to visitors; `None`: nothing, the configuration file holds.
    pub async fn sign(&self) -> Result<Option<StoredSign>> {
        self.read(sign::find).await
    }

    pub async fn set_sign(&self, new: StoredSign) -> Result<()> {
        self.write(move |connection| {
            sign::delete(connection)?;
            sign::insert(connection, &new)
        })
        .await
    }

    /// False when there was none.
    pub async fn clear_sign(&self) -> Result<bool> {
        self.write(sign::delete).await
    }

    pub async fn audit(&self, entry: AuditEntry) -> Result<()> {
        self.write_on(Touches::Nothing, move |connection| {
            audit::insert(connection, &entry)
        })
        .await
    }

    /// What the filter lets through of the newest `most`, newest first; and how much that is in all, where more than
    /// `most` is `most` and one.
    pub async fn audit_log(
        &self,
        filter: AuditFilter,
        offset: u64,
        limit: u32,
        most: u32,
    ) -> Result<(Vec<AuditLine>, u64)> {
        let most = i64::from(most);
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        self.read(move |connection| {
            let total = audit::count(connection, &filter, most)?;
            let limit = i64::from(limit).min(most.saturating_sub(offset).max(0));
            let lines = audit::page(connection, &filter, offset.min(most), limit)?;
            Ok((lines, narrow("count of pool_audit", total)?))
        })
        .await
    }
}
