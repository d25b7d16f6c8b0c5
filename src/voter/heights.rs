//! Whether the height that an announcement of winners names can be believed.
//!
//! `rebroadcastwinners` of dcrd reads the best height first and the tips after: a block that arrives between is
//! announced with its parent's height, to every client, whoever asked. dcrwallet asks at each of its own
//! connections, so this can happen at any time. dcrd takes a vote that repeats the wrong height, counts it nowhere,
//! and then refuses the right one as a double spend: the ticket is missed. Such a height is never more than the
//! right one, and never more than that of a block that was announced or connected before.

use std::collections::VecDeque;

use crate::decred::{BlockHash, Height};

/// More than siblings and reorganisations make of blocks that can still be voted on.
const KEPT: usize = 16;

/// Heights of the last blocks: from their own headers, or believed.
#[derive(Debug, Default)]
pub struct Heights(VecDeque<(BlockHash, Height)>);

/// What to make of an announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its block is at this height.
    At(Height),
    /// dcrd must be asked for the block's header.
    Ask,
}

impl Heights {
    pub fn learn(&mut self, block: BlockHash, height: Height) {
        if self.of(&block).is_some() {
            return;
        }
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back((block, height));
    }

    /// Of an announcement that names `height`, while the best block is at `best`. `unsure`: blocks may have come
    /// that were never told of here.
    pub fn judge(&self, block: &BlockHash, height: Height, best: Height, unsure: bool) -> Verdict {
        match self.of(block) {
            Some(known) => Verdict::At(known),
            None if unsure || height <= best => Verdict::Ask,
            None => Verdict::At(height),
        }
    }

    fn of(&self, block: &BlockHash) -> Option<Height> {
        let mut known = self.0.iter().rev();
        known.find(|(it, _)| it == block).map(|(_, height)| *height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::Hash;

    const ONE: BlockHash = Hash([1; 32]);
    const TWO: BlockHash = Hash([2; 32]);

    #[test]
    fn the_next_block_is_believed_at_once() {
        let heights = Heights::default();
        let verdict = heights.judge(&ONE, Height(418), Height(417), false);
        assert_eq!(verdict, Verdict::At(Height(418)));
    }

    #[test]
    fn a_new_block_that_claims_no_more_than_the_best_is_asked_for() {
        let mut heights = Heights::default();
        heights.learn(TWO, Height(417));
        // A sibling of the best block, or the next block under its parent's height.
        let verdict = heights.judge(&ONE, Height(417), Height(417), false);
        assert_eq!(verdict, Verdict::Ask);
    }

    #[test]
    fn what_a_header_told_is_better_than_what_is_announced() {
        let mut heights = Heights::default();
        heights.learn(ONE, Height(418));
        let verdict = heights.judge(&ONE, Height(417), Height(418), true);
        assert_eq!(verdict, Verdict::At(Height(418)));
    }

    #[test]
    fn after_a_connect_every_new_block_is_asked_for() {
        let verdict = Heights::default().judge(&ONE, Height(418), Height(410), true);
        assert_eq!(verdict, Verdict::Ask);
    }

    #[test]
    fn no_more_are_kept_than_needed() {
        let mut heights = Heights::default();
        for height in 0..100_u8 {
            heights.learn(Hash([height; 32]), Height(u32::from(height)));
            heights.learn(Hash([height; 32]), Height(7));
        }
        assert_eq!(heights.0.len(), KEPT);
        assert_eq!(heights.of(&Hash([99; 32])), Some(Height(99)));
        assert_eq!(heights.of(&Hash([1; 32])), None);
    }
}
