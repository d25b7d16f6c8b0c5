//! How many tickets there are of each kind.

use super::{Entry, Index};
use crate::domain::{FeeVerdict, TicketStatus};
use crate::rpc::wire::TicketCounts;

/// What tickets are counted by: status, low fee, revoked.
pub(super) type Kind = (TicketStatus, bool, bool);

impl Index {
    pub(super) fn count(&mut self, entry: &Entry, step: i64) {
        let low = entry.verdict == FeeVerdict::Low;
        let kind = (entry.status, low, entry.revocation().is_some());
        let count = self.counts.entry(kind).or_default();
        *count = count.saturating_add_signed(step);
    }

    /// By status, low-fee tickets apart.
    pub fn counts(&self) -> TicketCounts {
        let sum = |of: &dyn Fn(&Kind) -> bool| {
            let kinds = self.counts.iter().filter(|(kind, _)| of(kind));
            kinds.map(|(_, count)| count).sum::<u64>()
        };
        let good = |wanted| sum(&|&(status, low, _)| status == wanted && !low);
        TicketCounts {
            mempool: good(TicketStatus::Mempool),
            immature: good(TicketStatus::Immature),
            live: good(TicketStatus::Live),
            voted: good(TicketStatus::Voted),
            missed: good(TicketStatus::Missed),
            expired: good(TicketStatus::Expired),
            revoked: sum(&|&(_, _, revoked)| revoked),
            low_fee: sum(&|&(_, low, _)| low),
        }
    }
}
