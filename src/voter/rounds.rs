//! What became of the winners of the last blocks: once per ticket and block; pure.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::cast::{is_failure, is_success};
use super::policy::Choice;
use crate::decred::{BlockHash, Height, TicketHash};
use crate::rpc::wire::{BlockVotes, VoteReport};

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
        let own = self
            .winners
            .values()
            .filter(|slot| matches!(slot, Slot::Waiting | Slot::Casting(_) | Slot::Done));
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

    pub fn failed(&self) -> usize {
        let failed = |report: &&VoteReport| is_failure(report.outcome);
        self.reports.values().filter(failed).count()
    }

    pub fn votes(&self) -> BlockVotes {
        BlockVotes {
            hash: self.block,
            height: self.height,
            own_winners: self.own(),
            votes: self.reports.values().cloned().collect(),
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
            if matches!(slot, Slot::Done | Slot::Asked) {
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
