//! What this process changed, counted: who remembers rows asks whether they may be others by now.
//!
//! A change counts as touching everything unless its method says otherwise: what is forgotten here costs a read,
//! and never shows what is not true any more.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a change touches of what callers remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touches {
    All,
    /// Neither an account nor a session.
    Tickets,
    /// No account, no session that there was, no ticket.
    Nothing,
}

/// Counters that only rise.
#[derive(Debug, Default)]
pub(super) struct Changes {
    accounts: AtomicU64,
    tickets: AtomicU64,
}

impl Changes {
    /// Counted when the guard goes, however the change ended: before its caller can tell anybody.
    pub fn under_way(&self, touches: Touches) -> UnderWay<'_> {
        UnderWay {
            changes: self,
            touches,
        }
    }

    pub fn of_accounts(&self) -> u64 {
        self.accounts.load(Ordering::SeqCst)
    }

    pub fn of_tickets(&self) -> u64 {
        self.tickets.load(Ordering::SeqCst)
    }
}

#[derive(Debug)]
pub(super) struct UnderWay<'a> {
    changes: &'a Changes,
    touches: Touches,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if self.touches == Touches::All {
            self.changes.accounts.fetch_add(1, Ordering::SeqCst);
        }
        if self.touches != Touches::Nothing {
            self.changes.tickets.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_when_it_is_over_and_only_for_what_it_touches() {
        let changes = Changes::default();
        let counts = || (changes.of_accounts(), changes.of_tickets());
        let all = changes.under_way(Touches::All);
        assert_eq!(counts(), (0, 0));
        drop(all);
        assert_eq!(counts(), (1, 1));
        drop(changes.under_way(Touches::Tickets));
        drop(changes.under_way(Touches::Nothing));
        assert_eq!(counts(), (1, 2));
    }
}
