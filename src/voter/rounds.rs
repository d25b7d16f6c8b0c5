//! What became of the winners of the last blocks: once per ticket and block; pure.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::cast::{is_failure, is_success};
use super::policy::Choice;
use crate::decred::{BlockHash, Height, TicketHash};
use crate::rpc::wire::{BlockVotes, Unvoted, VoteReport};

/// Blocks whose votes are remembered.
const KEPT: usize = 100;

/// The winners of one block.
#[derive(Debug, Clone)]
pub struct Round {
    pub block: BlockHash,
    pub height: Height,
    /// When the notification had been read.
    pub received: Instant,
    pub winners: BTreeMap<TicketHash, Slot>,
    /// How their votes went.
    pub reports: BTreeMap<TicketHash, VoteReport>,
    /// The log line of the block is written.
    pub told: bool,
}

/// Where one winner stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// Nobody looked yet.
    Open,
    /// Not in the index: being asked for at dcrd.
    Asked,
    /// Pays to no script of ours.
    Foreign,
    /// Ours; waits for its fee verdict or for the preferences to be confirmed.
    Waiting,
    /// Ours with a low fee that no admin accepted.
    LowFee,
    /// A task builds, signs and sends.
    Casting(Choice),
    /// Its report is there.
    Done,
    /// A vote would come too late, and none was cast.
    Lost(Lost),
}

/// Why a winner got no vote in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// It may be ours.
    Unknown,
    /// It is ours.
    Unready,
}

/// A winner whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    pub block: BlockHash,
    pub height: Height,
    pub ticket: TicketHash,
    pub reason: &'static str,
}

impl Lost {
    fn reason(self) -> &'static str {
        match self {
            Lost::Unknown => "not voted: dcrd did not tell in time whose ticket it is",
            Lost::Unready => "not voted: its fee was not judged in time",
        }
    }
}

const LOW_FEE: &str = "not voted: its fee is low and no admin added it";

impl Slot {
    /// What it becomes when a vote cannot help any more.
    fn when_late(&self) -> Option<Lost> {
        match self {
            Slot::Open | Slot::Asked => Some(Lost::Unknown),
            Slot::Waiting => Some(Lost::Unready),
            _ => None,
        }
    }

    fn unvoted(&self) -> Option<(&'static str, bool)> {
        match self {
            Slot::LowFee => Some((LOW_FEE, true)),
            Slot::Lost(lost) => Some((lost.reason(), false)),
            _ => None,
        }
    }
}

impl Round {
    fn new(block: BlockHash, height: Height, received: Instant) -> Self {
        Self {
            block,
            height,
            received,
            winners: BTreeMap::new(),
            reports: BTreeMap::new(),
            told: false,
        }
    }

    /// Own, accepted tickets among the winners.
    pub fn own(&self) -> u32 {
        let own = self.winners.values().filter(|slot| {
            matches!(
                slot,
                Slot::Waiting | Slot::Casting(_) | Slot::Done | Slot::Lost(Lost::Unready)
            )
        });
        u32::try_from(own.count()).unwrap_or(u32::MAX)
    }

    /// Nothing more will happen without new knowledge.
    pub fn is_settled(&self) -> bool {
        !self.winners.values().any(|slot| {
            matches!(
                slot,
                Slot::Open | Slot::Asked | Slot::Waiting | Slot::Casting(_)
            )
        })
    }

    /// Takes the report of a vote. One that is known to have been accepted stays so when it was only
    /// sent again.
    pub fn finish(&mut self, report: VoteReport) {
        let ticket = report.ticket;
        self.winners.insert(ticket, Slot::Done);
        let was_good = self
            .reports
            .get(&ticket)
            .is_some_and(|before| is_success(before.outcome));
        if !was_good || is_failure(report.outcome) {
            self.reports.insert(ticket, report);
        }
    }

    /// Votes that failed, and winners that got none in time.
    pub fn failed(&self) -> usize {
        let failed = |report: &&VoteReport| is_failure(report.outcome);
        let lost = |slot: &&Slot| matches!(slot, Slot::Lost(_));
        let lost = self.winners.values().filter(lost).count();
        lost.saturating_add(self.reports.values().filter(failed).count())
    }

    fn unvoted(&self) -> Vec<Unvoted> {
        let unvoted = self.winners.iter().filter_map(|(ticket, slot)| {
            let (reason, by_rule) = slot.unvoted()?;
            Some(Unvoted {
                ticket: *ticket,
                reason: reason.to_owned(),
                by_rule,
            })
        });
        unvoted.collect()
    }

    pub fn votes(&self) -> BlockVotes {
        BlockVotes {
            hash: self.block,
            height: self.height,
            own_winners: self.own(),
            votes: self.reports.values().cloned().collect(),
            unvoted: self.unvoted(),
            last_accepted_us: self
                .reports
                .values()
                .filter(|report| is_success(report.outcome))
                .map(|report| report.answered_us)
                .max(),
        }
    }
}

/// Newest last.
#[derive(Debug, Default)]
pub struct Rounds(VecDeque<Round>);

impl Rounds {
    /// The round of a block. A vote that was cast already is sent again, the same bytes: a daemon that
    /// announces winners anew may have lost its votes. One that is under way is left alone.
    pub fn announce(
        &mut self,
        block: BlockHash,
        height: Height,
        received: Instant,
        tickets: &[TicketHash],
    ) {
        if self.get(&block).is_none() {
            if self.0.len() >= KEPT {
                self.0.pop_front();
            }
            self.0.push_back(Round::new(block, height, received));
        }
        let Some(round) = self.0.iter_mut().rev().find(|round| round.block == block) else {
            return;
        };
        for ticket in tickets {
            let slot = round.winners.entry(*ticket).or_insert(Slot::Open);
            if matches!(slot, Slot::Done | Slot::Asked | Slot::Lost(_)) {
                *slot = Slot::Open;
            }
        }
    }

    pub fn get(&self, block: &BlockHash) -> Option<&Round> {
        self.0.iter().rev().find(|round| round.block == *block)
    }

    pub fn get_mut(&mut self, block: &BlockHash) -> Option<&mut Round> {
        self.0.iter_mut().rev().find(|round| round.block == *block)
    }

    /// Blocks on which a vote may still help: they are a tip, or were one until now.
    pub fn in_time(&self, best: Height) -> Vec<BlockHash> {
        self.0
            .iter()
            .filter(|round| in_time(round.height, best))
            .map(|round| round.block)
            .collect()
    }

    /// Gives up what waits in rounds whose time is over, and says what that was.
    pub fn give_up_late(&mut self, best: Height) -> Vec<Missed> {
        let mut missed = Vec::new();
        let late = |round: &&mut Round| !in_time(round.height, best);
        for round in self.0.iter_mut().filter(late) {
            for (ticket, slot) in &mut round.winners {
                let Some(lost) = slot.when_late() else {
                    continue;
                };
                *slot = Slot::Lost(lost);
                missed.push(Missed {
                    block: round.block,
                    height: round.height,
                    ticket: *ticket,
                    reason: lost.reason(),
                });
            }
        }
        missed
    }

    /// When the next round stops waiting for the preferences.
    pub fn next_deadline(&self, patience: Duration, now: Instant) -> Option<Instant> {
        self.0
            .iter()
            .filter(|round| round.winners.values().any(|slot| *slot == Slot::Waiting))
            .filter_map(|round| round.received.checked_add(patience))
            .filter(|deadline| *deadline > now)
            .min()
    }

    /// Votes under way.
    pub fn casting(&self) -> usize {
        self.0
            .iter()
            .flat_map(|round| round.winners.values())
            .filter(|slot| matches!(slot, Slot::Casting(_)))
            .count()
    }

    pub fn votes(&self) -> Vec<BlockVotes> {
        self.0.iter().map(Round::votes).collect()
    }
}

/// Whether a vote on a block at `height` can still help while the best block is at `best`.
pub fn in_time(height: Height, best: Height) -> bool {
    best.0 <= height.0.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::hash::Hash;

    const BLOCK: BlockHash = Hash([77; 32]);

    fn announced(slots: &[Slot]) -> Rounds {
        let mut rounds = Rounds::default();
        let tickets: Vec<_> = (1..).take(slots.len()).map(|n| Hash([n; 32])).collect();
        rounds.announce(BLOCK, Height(170), Instant::now(), &tickets);
        let round = rounds.get_mut(&BLOCK).unwrap();
        for (ticket, slot) in tickets.iter().zip(slots) {
            round.winners.insert(*ticket, slot.clone());
        }
        rounds
    }

    fn unvoted(rounds: &Rounds) -> Vec<(TicketHash, bool)> {
        let votes = rounds.get(&BLOCK).unwrap().votes();
        let unvoted = votes.unvoted.iter();
        unvoted.map(|it| (it.ticket, it.by_rule)).collect()
    }

    #[test]
    fn what_waits_too_long_is_a_failure_once() {
        let mut rounds = announced(&[Slot::Asked, Slot::Waiting, Slot::Foreign, Slot::Done]);
        assert!(rounds.give_up_late(Height(171)).is_empty(), "still a help");
        let missed = rounds.give_up_late(Height(172));
        let tickets: Vec<_> = missed.iter().map(|it| it.ticket).collect();
        assert_eq!(tickets, [Hash([1; 32]), Hash([2; 32])]);
        assert!(missed.iter().all(|it| it.reason.starts_with("not voted: ")));
        assert!(rounds.give_up_late(Height(173)).is_empty());
        let round = rounds.get(&BLOCK).unwrap();
        assert_eq!((round.own(), round.failed()), (2, 2));
        assert!(round.is_settled());
        assert_eq!(
            unvoted(&rounds),
            [(Hash([1; 32]), false), (Hash([2; 32]), false)]
        );
    }

    #[test]
    fn a_low_fee_is_told_at_once_and_is_no_failure() {
        let mut rounds = announced(&[Slot::LowFee]);
        assert_eq!(unvoted(&rounds), [(Hash([1; 32]), true)]);
        assert!(rounds.give_up_late(Height(172)).is_empty());
        let round = rounds.get(&BLOCK).unwrap();
        assert_eq!((round.own(), round.failed()), (0, 0));
    }

    #[test]
    fn a_block_that_is_announced_again_gets_another_chance() {
        let mut rounds = announced(&[Slot::Waiting]);
        assert_eq!(rounds.give_up_late(Height(172)).len(), 1);
        rounds.announce(BLOCK, Height(170), Instant::now(), &[Hash([1; 32])]);
        let round = rounds.get(&BLOCK).unwrap();
        assert_eq!(round.winners[&Hash([1; 32])], Slot::Open);
        assert!(unvoted(&rounds).is_empty());
    }
}
