//! When a call left.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// The moment at which the socket had taken all of a call's frame; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Written(Arc<OnceLock<Instant>>);

impl Written {
    /// `None` before.
    pub fn at(&self) -> Option<Instant> {
        self.0.get().copied()
    }

    pub(super) fn is_now(&self) {
        let _ = self.0.set(Instant::now());
    }
}
