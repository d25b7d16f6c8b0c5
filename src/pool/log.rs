//! The audit log, as operators read it.

use super::{Error, Pool};
use crate::db::{AuditFilter, AuditLine};
use crate::domain::UserId;

/// Lines on one page.
pub const LOG_PER_PAGE: u32 = 30;

/// So far back pages go, and counting: both cost the more the further. The database has it all.
pub const LOG_REACH: u32 = 99_990;

/// A page of the log, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPage {
    pub lines: Vec<AuditLine>,
    /// From 0.
    pub page: u32,
    /// As far as pages go.
    pub total: u64,
    /// There is more than that.
    pub more: bool,
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
        let found = self
            .store
            .audit_log(filter, offset, LOG_PER_PAGE, LOG_REACH);
        let (lines, total) = found.await?;
        let reach = u64::from(LOG_REACH);
        Ok(LogPage {
            lines,
            page,
            total: total.min(reach),
            more: total > reach,
        })
    }
}
