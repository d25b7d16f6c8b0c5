//! Calls that wait for their answers. Pure: no socket, no clock, no task.

use std::collections::HashMap;

/// The table id → waiter of one connection. Once closed it takes nobody in, so that no caller can
/// wait on a connection that is gone.
#[derive(Debug)]
pub(super) struct Pending<W> {
    waiting: HashMap<u64, W>,
    open: bool,
}

impl<W> Pending<W> {
    pub(super) fn new() -> Self {
        Self {
            waiting: HashMap::new(),
            open: true,
        }
    }

    /// Gives the waiter back when the table is closed, or the id is taken.
    pub(super) fn insert(&mut self, id: u64, waiter: W) -> Result<(), W> {
        if !self.open || self.waiting.contains_key(&id) {
            return Err(waiter);
        }
        self.waiting.insert(id, waiter);
        Ok(())
    }

    /// The waiter for an answer; `None` for an id that is unknown, already answered, or given up.
    pub(super) fn take(&mut self, id: u64) -> Option<W> {
        self.waiting.remove(&id)
    }

    /// Closes the table and returns all who wait.
    pub(super) fn close(&mut self) -> Vec<W> {
        self.open = false;
        self.waiting.drain().map(|(_, waiter)| waiter).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_find_their_callers_in_any_order() {
        let mut pending = Pending::new();
        for id in 1..=3 {
            pending.insert(id, id * 10).unwrap();
        }
        assert_eq!(pending.take(3), Some(30));
        assert_eq!(pending.take(1), Some(10));
        assert!(!pending.is_empty());
        assert_eq!(pending.take(2), Some(20));
        assert!(pending.is_empty());
    }

    #[test]
    fn unknown_late_and_duplicate_answers_find_nobody() {
        let mut pending = Pending::new();
        pending.insert(1, "caller").unwrap();
        assert_eq!(pending.take(7), None);
        assert_eq!(pending.take(1), Some("caller"));
        assert_eq!(pending.take(1), None);
    }

    #[test]
    fn a_taken_id_is_not_overwritten() {
        let mut pending = Pending::new();
        pending.insert(1, "first").unwrap();
        assert_eq!(pending.insert(1, "second"), Err("second"));
        assert_eq!(pending.take(1), Some("first"));
    }

    #[test]
    fn closing_returns_all_and_keeps_newcomers_out() {
        let mut pending = Pending::new();
        pending.insert(1, 'a').unwrap();
        pending.insert(2, 'b').unwrap();
        let mut waiters = pending.close();
        waiters.sort_unstable();
        assert_eq!(waiters, ['a', 'b']);
        assert_eq!(pending.insert(3, 'c'), Err('c'));
        assert_eq!(pending.take(1), None);
    }
}
