//! When a live ticket is called: each block calls a few of all live tickets by chance, so every one that waits has
//! the same chance in each block, however long it has waited.

/// The chance of one live ticket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lottery {
    /// To be called by one block: above 0, at most 1.
    chance: f64,
}

impl Lottery {
    /// `None` when no ticket is live, or none is called.
    #[expect(clippy::cast_precision_loss, reason = "there are some 41,000")]
    pub fn new(tickets_per_block: u16, live_tickets: u64) -> Option<Lottery> {
        let chance = f64::from(tickets_per_block) / live_tickets as f64;
        (chance > 0.0 && live_tickets > 0).then_some(Lottery {
            chance: chance.min(1.0),
        })
    }

    /// Blocks until a ticket is called, in the mean.
    pub fn mean_blocks(self) -> f64 {
        1.0 / self.chance
    }

    /// The chance to be called by one of so many blocks.
    pub fn within(self, blocks: u32) -> f64 {
        if blocks == 0 {
            return 0.0;
        }
        -(f64::from(blocks) * (-self.chance).ln_1p()).exp_m1()
    }

    /// The number of blocks by which a ticket is called with this chance (0 to 1); the highest number for
    /// what never becomes certain.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the type's range"
    )]
    pub fn blocks_until(self, chance: f64) -> u32 {
        if chance <= 0.0 {
            return 0;
        }
        if self.chance >= 1.0 {
            return 1;
        }
        let blocks = (-chance).ln_1p() / (-self.chance).ln_1p();
        blocks.ceil().clamp(1.0, f64::from(u32::MAX)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mainnet() -> Lottery {
        Lottery::new(5, 40_960).unwrap()
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-4
    }

    #[test]
    fn a_ticket_of_the_main_network_takes_28_days_in_the_mean_and_seldom_expires() {
        let lottery = mainnet();
        assert!(close(lottery.mean_blocks(), 8192.0));
        assert_eq!(lottery.blocks_until(0.5), 5678);
        assert_eq!(lottery.blocks_until(0.9), 18_862);
        assert!(close(lottery.within(40_960), 0.9933));
        assert!(close(lottery.within(1), 5.0 / 40_960.0));
    }

    #[test]
    fn the_blocks_of_a_chance_are_the_first_that_reach_it() {
        for live in [5, 6, 64, 1_024, 40_960, 1_000_000] {
            let lottery = Lottery::new(5, live).unwrap();
            for percent in 1..100 {
                let chance = f64::from(percent) / 100.0;
                let blocks = lottery.blocks_until(chance);
                assert!(lottery.within(blocks) >= chance - 1e-12);
                assert!(lottery.within(blocks - 1) < chance);
            }
        }
    }

    #[test]
    fn where_all_are_called_at_once_or_none_is_there_nothing_breaks() {
        assert_eq!(Lottery::new(5, 0), None);
        assert_eq!(Lottery::new(0, 7), None);
        let all = Lottery::new(5, 3).unwrap();
        assert_eq!((all.within(0), all.within(1)), (0.0, 1.0));
        assert_eq!(all.blocks_until(0.9), 1);
        assert_eq!(all.blocks_until(1.0), 1);
        let huge = Lottery::new(1, u64::MAX).unwrap();
        assert!(huge.within(u32::MAX) > 0.0);
        assert_eq!(huge.blocks_until(0.5), u32::MAX);
        assert_eq!(mainnet().blocks_until(1.0), u32::MAX);
        assert_eq!(mainnet().blocks_until(0.0), 0);
    }
}
