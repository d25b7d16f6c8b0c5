//! Which voters lag or are on another branch: pure bookkeeping of who was where when.

use std::collections::BTreeMap;

use crate::decred::{BlockHash, Height};
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
        let first = self.seen.entry(height).or_insert(now);
        // The clock may have been set back.
        *first = (*first).min(now);
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

/// The last blocks at which a voter was seen.
#[derive(Debug, Clone, Default)]
pub struct Trail(BTreeMap<Height, BlockHash>);

impl Trail {
    /// The voter is at this block now: what it was at higher or at the same height is undone.
    pub fn note(&mut self, tip: &Tip) {
        drop(self.0.split_off(&tip.height));
        self.0.insert(tip.height, tip.hash);
        while self.0.len() > KEPT {
            self.0.pop_first();
        }
    }

    /// The last height at which both were seen, if they were at different blocks there: they are on
    /// different branches. Who is only behind has the same block there.
    pub fn parts_from(&self, other: &Trail) -> Option<Height> {
        let mut both = self.0.iter().rev().filter_map(|(height, hash)| {
            let theirs = other.0.get(height)?;
            Some((height, hash != theirs))
        });
        let (height, differ) = both.next()?;
        differ.then_some(*height)
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
    use crate::decred::Hash;

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
    fn who_is_only_behind_is_on_no_other_branch() {
        let trail = |blocks: &[(u32, u8)]| {
            let mut trail = Trail::default();
            for (height, hash) in blocks {
                trail.note(&Tip {
                    hash: Hash([*hash; 32]),
                    height: Height(*height),
                    chain_work: String::new(),
                    time: 0,
                });
            }
            trail
        };
        let ahead = trail(&[(100, 1), (101, 2), (102, 3)]);
        assert_eq!(trail(&[(100, 1)]).parts_from(&ahead), None);
        assert_eq!(ahead.parts_from(&trail(&[(100, 1), (101, 2)])), None);
        let other = trail(&[(100, 1), (101, 9)]);
        assert_eq!(other.parts_from(&ahead), Some(Height(101)));
        assert_eq!(ahead.parts_from(&other), Some(Height(101)));
        let back = trail(&[(100, 1), (101, 9), (102, 3)]);
        assert_eq!(
            back.parts_from(&ahead),
            None,
            "it followed to the other branch"
        );
        let undone = trail(&[(100, 1), (101, 2), (102, 9), (101, 2)]);
        assert_eq!(undone.parts_from(&ahead), None);
        assert_eq!(
            trail(&[(5, 9)]).parts_from(&ahead),
            None,
            "never seen at one height"
        );
        let long = trail(&(0..200).map(|n| (n, 1)).collect::<Vec<_>>());
        assert_eq!(long.0.len(), KEPT);
    }

    #[test]
    fn work_is_compared_as_a_number() {
        let tip = |work: &str, height| Tip {
            hash: Hash::ZERO,
            height: Height(height),
            chain_work: work.into(),
            time: 0,
        };
        assert!(weight(&tip("0ff", 1)) < weight(&tip("100", 1)));
        assert!(weight(&tip("00a", 9)) < weight(&tip("00b", 1)));
        assert!(weight(&tip("", 5)) < weight(&tip("", 6)));
    }
}
