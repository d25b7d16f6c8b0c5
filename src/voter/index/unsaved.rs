//! What changed since it was written to disk, so that only that is written.

use std::sync::Arc;

use super::{Entry, Index};
use crate::decred::TicketHash;

impl Index {
    /// Tickets that changed or came or went.
    pub fn unsaved(&self) -> usize {
        self.unsaved.len()
    }

    /// The changed ones, and those that are not here any more.
    pub fn take_unsaved(&mut self) -> (Vec<Arc<Entry>>, Vec<TicketHash>) {
        let (mut changed, mut gone) = (Vec::new(), Vec::new());
        for hash in std::mem::take(&mut self.unsaved) {
            match self.filed(&hash) {
                Some(entry) => changed.push(entry.clone()),
                None => gone.push(hash),
            }
        }
        (changed, gone)
    }

    /// All of it is written, or about to be.
    pub fn all_saved(&mut self) {
        self.unsaved = std::collections::HashSet::new();
    }
}
