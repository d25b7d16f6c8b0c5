//! Which voters lag: pure bookkeeping of who was how high when.

use std::collections::BTreeMap;

use crate::decred::Height;
use crate::rpc::wire::Tip;

/// A voter may be this many blocks behind the best …
const MAX_BLOCKS_BEHIND: u32 = 2;
/// … for this long.
const MAX_SECONDS_BEHIND: i64 = 60;
/// More heights than a voter may be behind need no memory.
const KEPT: usize = 16;

/// When each of the last heights was first seen at any voter.
#[derive(Debug, Default)]
pub struct Heights {
    seen: BTreeMap<Height, i64>,
}

impl Heights {
    /// A voter is at `height` at the time `now` (unix seconds).
    pub fn note(&mut self, height: Height, now: i64) {
        self.seen.entry(height).or_insert(now);
        while self.seen.len() > KEPT {
            self.seen.pop_first();
        }
    }

    /// Whether a voter at `height` lags behind `best`.
    pub fn lags(&self, height: Height, best: Height, now: i64) -> bool {
        if best.0.saturating_sub(height.0) > MAX_BLOCKS_BEHIND {
            return true;
        }
        let next = Height(height.0.saturating_add(1));
        height < best
            && self
                .seen
                .range(next..=best)
                .any(|(_, first)| now.saturating_sub(*first) > MAX_SECONDS_BEHIND)
    }
}

/// Orders tips: more work first, height where work is unknown.
pub fn weight(tip: &Tip) -> (usize, &str, Height) {
    let work = tip.chain_work.trim_start_matches('0');
    (work.len(), work, tip.height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::BlockHash;

    #[test]
    fn more_than_two_blocks_or_sixty_seconds_behind_lags() {
        let mut heights = Heights::default();
        for height in 100..=103 {
            heights.note(Height(height), 1_000 + i64::from(height));
        }
        let lags = |height, now| heights.lags(Height(height), Height(103), now);
        assert!(lags(100, 1_103));
        assert!(!lags(101, 1_103));
        assert!(!lags(101, 1_162));
        assert!(lags(101, 1_163), "102 was seen 61 seconds ago");
        assert!(!lags(102, 1_163));
        assert!(lags(102, 1_164));
        assert!(!lags(103, 9_999));
        assert!(!lags(104, 9_999));
    }

    #[test]
    fn work_is_compared_as_a_number() {
        let tip = |work: &str, height| Tip {
            hash: BlockHash::ZERO,
            height: Height(height),
            chain_work: work.into(),
            time: 0,
        };
        assert!(weight(&tip("0ff", 1)) < weight(&tip("100", 1)));
        assert!(weight(&tip("00a", 9)) < weight(&tip("00b", 1)));
        assert!(weight(&tip("", 5)) < weight(&tip("", 6)));
    }
}
