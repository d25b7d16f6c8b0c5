//! What blocks did to tickets, taken back.

use super::{Index, between};
use crate::decred::{BlockHash, Height, TicketHash};

impl Index {
    /// Takes back all that happened above `height`, which is then the tip.
    pub fn take_back_above(&mut self, height: Height) {
        let first = Height(height.0.saturating_add(1));
        let above = |tickets| between(tickets, first, Height(u32::MAX)).collect::<Vec<_>>();
        let (unmined, reopened) = (above(&self.by_mined), above(&self.by_settled));
        self.take_all_back(&unmined, &reopened);
        self.strays.retain(|_, settled| settled.height() <= height);
        self.advance(height);
    }

    /// Takes back all that block `block` did; the tip is then the one below it.
    pub fn take_back(&mut self, block: BlockHash, height: Height) {
        self.take_back_at(height, |theirs| theirs == block);
        self.advance(Height(height.0.saturating_sub(1)));
    }

    /// `block` is the one of the main chain at `height`: what was believed to have happened in another
    /// block at this height did not happen.
    pub fn hold_to(&mut self, block: BlockHash, height: Height) {
        self.take_back_at(height, |theirs| theirs != block);
    }

    fn take_back_at(&mut self, height: Height, is_wrong: impl Fn(BlockHash) -> bool) {
        let at = |tickets| between(tickets, height, height).collect::<Vec<_>>();
        let mined_in = |hash: &TicketHash| Some(self.get(hash)?.mined?.0);
        let settled_in = |hash: &TicketHash| Some(self.get(hash)?.settled.as_ref()?.block());
        let mut unmined = at(&self.by_mined);
        unmined.retain(|hash| mined_in(hash).is_some_and(&is_wrong));
        let mut reopened = at(&self.by_settled);
        reopened.retain(|hash| settled_in(hash).is_some_and(&is_wrong));
        self.take_all_back(&unmined, &reopened);
        self.strays
            .retain(|_, settled| settled.height() != height || !is_wrong(settled.block()));
    }

    fn take_all_back(&mut self, unmined: &[TicketHash], reopened: &[TicketHash]) {
        for hash in unmined {
            self.mine(*hash, None);
        }
        for hash in reopened {
            self.settle(*hash, None);
        }
    }
}
