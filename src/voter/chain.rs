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
}
