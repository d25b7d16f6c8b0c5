//! How much was added to a part on disk: when it is written whole again; pure.

use crate::domain::PoolId;

/// What a record costs beside its items, in items.
const RECORD: usize = 100;
/// So many items may be added to a small part.
const AT_LEAST: usize = 4_000;

#[derive(Debug, Clone, Copy)]
pub struct Growth {
    pool: Option<PoolId>,
    /// Items when it was written whole.
    whole: usize,
    added: usize,
}

impl Growth {
    /// After a part of so many items was written whole, for this pool.
    pub fn of(whole: usize, pool: Option<PoolId>) -> Self {
        Self {
            pool,
            whole,
            added: 0,
        }
    }

    /// Whether so many changed items can be added; counts them if they can. A file is of one pool.
    pub fn takes(&mut self, changed: usize, pool: Option<PoolId>) -> bool {
        self.added = self.added.saturating_add(changed).saturating_add(RECORD);
        pool == self.pool && self.added <= AT_LEAST.max(self.whole / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_written_whole_when_half_of_it_was_added() {
        let mut growth = Growth::of(41_000, None);
        let most = 41_000 / 2 / (10 + RECORD);
        let taken = (0..most).filter(|_| growth.takes(10, None)).count();
        assert_eq!(taken, most);
        assert!(!growth.takes(10, None));
    }

    #[test]
    fn for_another_pool_it_is_written_whole() {
        let pool = Some(PoolId(uuid::Uuid::from_u128(7)));
        assert!(!Growth::of(5, None).takes(1, pool));
        assert!(Growth::of(5, pool).takes(1, pool));
        assert!(!Growth::of(5, pool).takes(usize::MAX, pool));
    }
}
