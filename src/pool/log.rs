//! The audit log, as operators read it.

use super::{Error, Pool};
use crate::db::{AuditFilter, AuditLine};
use crate::domain::UserId;

/// Lines on one page.
pub const LOG_PER_PAGE: u32 = 30;

/// A page of the log, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPage {
    pub lines: Vec<AuditLine>,
    /// From 0.
    pub page: u32,
    pub total: u64,
}

impl Pool {
    /// What happened to a user's account and what they did as an operator, or all; of one kind, unless that is
    /// empty. Pages count from 0.
    pub async fn log(&self, user: Option<UserId>, kind: &str, page: u32) -> Result<LogPage, Error> {
        let filter = AuditFilter {
            user_id: user,
            event: kind.to_owned(),
            by: user.map(super::users::by_admin),
        };
        let offset = u64::from(page).saturating_mul(u64::from(LOG_PER_PAGE));
        let (lines, total) = self.store.audit_log(filter, offset, LOG_PER_PAGE).await?;
        Ok(LogPage { lines, page, total })
    }
}
