//! The main chain's last blocks as the voter applied them: what a reorganisation takes back; pure.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::decred::{BlockHash, Height};

/// Deeper reorganisations make the voter load its tickets anew.
const KEPT: usize = 512;

/// Oldest first, each the child of the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Chain(VecDeque<(BlockHash, Height)>);

impl Chain {
    pub fn starting_at(block: BlockHash, height: Height) -> Self {
        Self(VecDeque::from([(block, height)]))
    }

    pub fn tip(&self) -> Option<(BlockHash, Height)> {
        self.0.back().copied()
    }

    /// Whether nothing is left below the tip to go back to.
    pub fn is_at_its_root(&self) -> bool {
        self.0.len() <= 1
    }

    /// The block at a height, if it is one of those that are remembered.
    pub fn at(&self, height: Height) -> Option<BlockHash> {
        let (_, oldest) = self.0.front()?;
        let index = usize::try_from(height.0.checked_sub(oldest.0)?).ok()?;
        self.0.get(index).map(|(block, _)| *block)
    }

    /// What came since it was `before`, behind the last block that both have; all of it when there is none.
    #[must_use]
    pub fn since(&self, before: &Chain) -> Chain {
        let both_have = |(block, height): &(BlockHash, Height)| before.at(*height) == Some(*block);
        let first = self.0.iter().rposition(both_have).unwrap_or(0);
        Self(self.0.iter().skip(first).copied().collect())
    }

    /// The same at its place again. Blocks have one parent: whatever was below the first one still is.
    pub fn go_on(&mut self, since: Chain) {
        let mut news = since.0.into_iter();
        let first = news.next();
        let both_have = self.0.iter().rposition(|block| Some(*block) == first);
        self.0
            .truncate(both_have.map_or(0, |place| place.saturating_add(1)));
        if both_have.is_none() {
            self.0.extend(first);
        }
        self.0.extend(news);
        let many = self.0.len().saturating_sub(KEPT);
        self.0.drain(..many);
    }

    pub fn push(&mut self, block: BlockHash, height: Height) {
        self.0.push_back((block, height));
        if self.0.len() > KEPT {
            self.0.pop_front();
        }
    }

    pub fn pop(&mut self) -> Option<(BlockHash, Height)> {
        self.0.pop_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::hash::Hash;

    #[test]
    fn old_blocks_fall_out_and_the_root_stays() {
        let mut chain = Chain::starting_at(Hash([1; 32]), Height(10));
        assert!(chain.is_at_its_root());
        for height in 11..(11 + 600) {
            chain.push(Hash([2; 32]), Height(height));
        }
        assert_eq!(chain.0.len(), KEPT);
        assert_eq!(chain.tip(), Some((Hash([2; 32]), Height(610))));
        assert_eq!(chain.at(Height(610)), Some(Hash([2; 32])));
        assert_eq!(chain.at(Height(99)), Some(Hash([2; 32])));
        assert_eq!((chain.at(Height(98)), chain.at(Height(611))), (None, None));
        while !chain.is_at_its_root() {
            chain.pop();
        }
        assert_eq!(chain.tip().unwrap().1, Height(99));
    }

    fn block(height: u32) -> (BlockHash, Height) {
        (Hash::of(&height.to_le_bytes()), Height(height))
    }

    /// One of the children that a chain's tip may have.
    fn child(chain: &Chain, number: u8) -> (BlockHash, Height) {
        let (parent, height) = chain.tip().unwrap_or_default();
        let hash = Hash::of(&[parent.0.as_slice(), &[number]].concat());
        (hash, Height(height.0 + 1))
    }

    #[test]
    fn what_is_told_piece_by_piece_is_the_chain_through_reorganisations_too() {
        let (mut chain, mut told, mut heard) =
            (Chain::default(), Chain::default(), Chain::default());
        let (mut number, mut most) = (12_345_u32, 0);
        for step in 0..4_000 {
            number = number.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            match (number >> 16) % 40 {
                0 => {
                    let (root, height) = block(step + 10_000);
                    chain = Chain::starting_at(root, height);
                }
                1..8 => {
                    for _ in 0..(number >> 24) % 7 {
                        chain.pop();
                    }
                }
                which => {
                    let (hash, height) = child(&chain, u8::from(which % 8 == 0));
                    chain.push(hash, height);
                }
            }
            // Now and then several things happen between two records.
            if (number >> 28) % 3 > 0 {
                let news = chain.since(&told);
                told = chain.clone();
                heard.go_on(news);
                assert_eq!(heard, chain, "after {step} steps");
                most = most.max(chain.0.len());
            }
        }
        assert!((50..KEPT).contains(&most), "{most} blocks at most");
    }

    #[test]
    fn a_block_more_is_told_with_its_parent_alone_when_old_ones_fall_out_too() {
        let mut chain = Chain::default();
        for height in 1..=600 {
            let (hash, height) = block(height);
            chain.push(hash, height);
        }
        let before = chain.clone();
        let mut heard = chain.clone();
        chain.push(block(601).0, Height(601));
        let news = chain.since(&before);
        assert_eq!(news.0, [block(600), block(601)]);
        heard.go_on(news);
        assert_eq!(heard, chain);
        // Nothing new is a tip.
        assert_eq!(chain.since(&chain).0, [block(601)]);
        // And a whole chain, as records had it once, is taken as it is.
        heard.go_on(chain.clone());
        assert_eq!(heard, chain);
        // After so many blocks that nothing is left of what was told.
        for height in 602..=1_300 {
            chain.push(block(height).0, Height(height));
        }
        heard.go_on(chain.since(&before));
        assert_eq!(heard, chain);
    }
}
