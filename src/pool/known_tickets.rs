//! Which voter knows which tickets that may still vote; pure.
//!
//! One table for all voters with a bit for each: 41,000 tickets of three voters are some 3 MB.

use std::collections::HashMap;

use crate::decred::{BlockHash, TicketHash};
use crate::domain::{InstanceId, TicketStatus};
use crate::rpc::wire::TicketsPage;

/// Voters beyond this many are neither taught nor learned from.
const VOTERS_MOST: usize = 32;
/// Two voters hear of the same block at different moments: what one lacks for this many seconds it
/// has really missed.
const LATE_SECS: i64 = 3;
/// What a voter did not take is sent again after this many seconds, if it is at another block then.
const AGAIN_SECS: i64 = 60;

/// The tickets of all voters.
#[derive(Debug, Default)]
pub struct KnownTickets {
    holders: HashMap<TicketHash, Holders>,
    voters: Vec<Reading>,
}

/// Who has a ticket: a bit for each voter. It is kept as long as it may vote for one of them.
#[derive(Debug, Clone, Copy, Default)]
struct Holders {
    /// Who told of it, be it that it is over.
    known: u32,
    /// For whom it may still vote.
    open: u32,
    /// Of those, who saw it mined.
    mined: u32,
}

/// How far a voter's tickets were read, and what it lacks.
#[derive(Debug, Default)]
struct Reading {
    instance: Option<InstanceId>,
    sequence: u64,
    /// Read to the end at least once.
    complete: bool,
    lacks: HashMap<TicketHash, Lack>,
}

#[derive(Debug, Clone, Copy)]
struct Lack {
    /// Unix seconds.
    since: i64,
    /// When it was sent, and how the voter was then.
    sent: Option<(i64, Circumstances)>,
}

/// On what it depends whether a voter takes a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    pub block: BlockHash,
    /// The number of its scripts, which only grows.
    pub scripts: u64,
}

impl KnownTickets {
    /// Where reading a voter goes on.
    pub fn cursor(&self, voter: usize) -> (Option<InstanceId>, u64) {
        let reading = self.voters.get(voter);
        reading.map_or((None, 0), |reading| (reading.instance, reading.sequence))
    }

    /// What a voter answered. Another instance than before starts over.
    pub fn take(&mut self, voter: usize, page: &TicketsPage) {
        let Some(bit) = bit(voter) else { return };
        if self.voters.len() <= voter {
            self.voters
                .resize_with(voter.saturating_add(1), Reading::default);
        }
        let Some(reading) = self.voters.get_mut(voter) else {
            return;
        };
        let anew = reading.instance != Some(page.instance);
        if anew {
            *reading = Reading::default();
            reading.instance = Some(page.instance);
        }
        reading.sequence = page.sequence;
        reading.complete |= !page.more;
        if anew {
            self.forget(bit);
        }
        for ticket in &page.tickets {
            self.note(bit, ticket.hash, Some(ticket.status));
        }
        for ticket in &page.gone {
            self.note(bit, *ticket, None);
        }
    }

    fn note(&mut self, bit: u32, ticket: TicketHash, status: Option<TicketStatus>) {
        let holders = self.holders.entry(ticket).or_default();
        holders.clear(bit);
        match status {
            Some(TicketStatus::Mempool) => {
                holders.known |= bit;
                holders.open |= bit;
            }
            Some(TicketStatus::Immature | TicketStatus::Live) => {
                holders.known |= bit;
                holders.open |= bit;
                holders.mined |= bit;
            }
            // A voter that is away may still take it for live: nothing to tell this one.
            Some(TicketStatus::Voted | TicketStatus::Missed | TicketStatus::Expired) => {
                holders.known |= bit;
            }
            None => {}
        }
        if holders.open == 0 {
            self.holders.remove(&ticket);
        }
    }

    fn forget(&mut self, bit: u32) {
        self.holders.retain(|_, holders| {
            holders.clear(bit);
            holders.open != 0
        });
    }

    /// Mined tickets of `sources` that the voter has lacked long enough, and that are worth sending
    /// in its circumstances; at most `most`.
    pub fn due(
        &mut self,
        voter: usize,
        sources: &[usize],
        now_as: Circumstances,
        now: i64,
        most: usize,
    ) -> Vec<TicketHash> {
        let (Some(own), Some(reading)) = (bit(voter), self.voters.get_mut(voter)) else {
            return Vec::new();
        };
        if !reading.complete {
            return Vec::new();
        }
        let sources = sources.iter().copied().filter_map(bit);
        let sources = sources.fold(0, |all, source| all | source);
        let lacking = self
            .holders
            .iter()
            .filter(|(_, holders)| holders.mined & sources != 0 && holders.known & own == 0);
        let mut former = std::mem::take(&mut reading.lacks);
        let news = Lack {
            since: now,
            sent: None,
        };
        reading.lacks = lacking
            .map(|(ticket, _)| {
                (
                    *ticket,
                    former.remove(ticket).unwrap_or(news).not_after(now),
                )
            })
            .collect();
        let due = reading.lacks.iter();
        let due = due.filter(|(_, lack)| lack.is_due(now_as, now));
        due.map(|(ticket, _)| *ticket).take(most).collect()
    }

    /// The voter has answered for these tickets: whatever it said, they are not sent again soon.
    pub fn sent(&mut self, voter: usize, tickets: &[TicketHash], to: Circumstances, now: i64) {
        let Some(reading) = self.voters.get_mut(voter) else {
            return;
        };
        for ticket in tickets {
            if let Some(lack) = reading.lacks.get_mut(ticket) {
                lack.sent = Some((now, to));
            }
        }
    }
}

impl Holders {
    fn clear(&mut self, bit: u32) {
        self.known &= !bit;
        self.open &= !bit;
        self.mined &= !bit;
    }
}

impl Lack {
    /// A clock that was set back must not make it wait for the former time to come again.
    fn not_after(self, now: i64) -> Self {
        Self {
            since: self.since.min(now),
            sent: self.sent.map(|(at, then)| (at.min(now), then)),
        }
    }

    fn is_due(&self, now_as: Circumstances, now: i64) -> bool {
        match self.sent {
            None => now.saturating_sub(self.since) >= LATE_SECS,
            Some((at, then)) => {
                now_as.scripts != then.scripts
                    || now_as.block != then.block && now.saturating_sub(at) >= AGAIN_SECS
            }
        }
    }
}

fn bit(voter: usize) -> Option<u32> {
    let place = u32::try_from(voter).ok()?;
    (voter < VOTERS_MOST).then(|| 1_u32.checked_shl(place))?
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::decred::{Atoms, Hash, Height};
    use crate::domain::{FeeVerdict, TicketRecord, UserId};

    const NOW: i64 = 1_000;
    const AT: Circumstances = Circumstances {
        block: Hash([9; 32]),
        scripts: 5,
    };

    fn page(instance: u128, tickets: &[(u8, TicketStatus)]) -> TicketsPage {
        let record = |&(n, status): &(u8, TicketStatus)| TicketRecord {
            hash: Hash([n; 32]),
            user_id: UserId(1),
            ticket_address: String::new(),
            price: Atoms(1),
            fee_paid: Atoms(1),
            mined: Some((Hash([1; 32]), Height(1))),
            status,
            verdict: FeeVerdict::Good,
            vote: None,
            revocation: None,
        };
        TicketsPage {
            instance: InstanceId(Uuid::from_u128(instance)),
            sequence: 7,
            tickets: tickets.iter().map(record).collect(),
            gone: Vec::new(),
            more: false,
        }
    }

    /// Two voters of which the second lacks ticket 2.
    fn one_lacks() -> KnownTickets {
        let mut known = KnownTickets::default();
        let (live, immature) = (TicketStatus::Live, TicketStatus::Immature);
        known.take(0, &page(1, &[(1, live), (2, immature), (3, live)]));
        known.take(1, &page(2, &[(1, live), (3, TicketStatus::Mempool)]));
        known
    }

    #[test]
    fn what_a_voter_lacks_for_some_seconds_is_due() {
        let mut known = one_lacks();
        assert!(
            known.due(1, &[0], AT, NOW, 9).is_empty(),
            "perhaps just late"
        );
        assert_eq!(known.due(1, &[0], AT, NOW + 3, 9), [Hash([2; 32])]);
        assert!(known.due(1, &[], AT, NOW + 3, 9).is_empty(), "no sources");
        assert!(known.due(0, &[1], AT, NOW + 3, 9).is_empty());
    }

    #[test]
    fn a_clock_that_is_set_back_delays_no_ticket() {
        let mut known = one_lacks();
        known.due(1, &[0], AT, NOW, 9);
        assert!(known.due(1, &[0], AT, NOW - 900, 9).is_empty());
        assert_eq!(known.due(1, &[0], AT, NOW - 897, 9), [Hash([2; 32])]);
    }

    #[test]
    fn what_comes_by_itself_is_not_sent() {
        let mut known = one_lacks();
        known.due(1, &[0], AT, NOW, 9);
        known.take(1, &page(2, &[(2, TicketStatus::Live)]));
        assert!(known.due(1, &[0], AT, NOW + 9, 9).is_empty());
    }

    #[test]
    fn tickets_of_the_mempool_and_those_that_are_over_are_not_taught() {
        let mut known = one_lacks();
        known.take(0, &page(1, &[(2, TicketStatus::Mempool)]));
        known.take(
            0,
            &page(1, &[(4, TicketStatus::Voted), (5, TicketStatus::Mempool)]),
        );
        known.due(1, &[0], AT, NOW, 9);
        assert!(known.due(1, &[0], AT, NOW + 9, 9).is_empty());
    }

    #[test]
    fn a_voter_that_knows_that_a_ticket_is_over_lacks_nothing() {
        let mut known = one_lacks();
        known.take(
            1,
            &page(2, &[(1, TicketStatus::Voted), (2, TicketStatus::Live)]),
        );
        known.due(1, &[0], AT, NOW, 9);
        assert!(known.due(1, &[0], AT, NOW + 9, 9).is_empty());
        known.take(0, &page(1, &[(1, TicketStatus::Voted)]));
        assert!(!known.holders.contains_key(&Hash([1; 32])), "forgotten");
        // A reorganisation.
        known.take(1, &page(2, &[(1, TicketStatus::Live)]));
        assert_eq!(known.holders[&Hash([1; 32])].mined, 2);
    }

    #[test]
    fn what_is_gone_is_nobodys() {
        let mut known = one_lacks();
        let mut gone = page(1, &[]);
        gone.gone = vec![Hash([2; 32])];
        known.take(0, &gone);
        known.due(1, &[0], AT, NOW, 9);
        assert!(known.due(1, &[0], AT, NOW + 9, 9).is_empty());
    }

    #[test]
    fn what_was_refused_waits_until_something_changed() {
        let mut known = one_lacks();
        known.due(1, &[0], AT, NOW, 9);
        let due = known.due(1, &[0], AT, NOW + 3, 9);
        known.sent(1, &due, AT, NOW + 3);
        assert!(known.due(1, &[0], AT, NOW + 999, 9).is_empty());
        let block = Circumstances {
            block: Hash([8; 32]),
            ..AT
        };
        assert!(
            known.due(1, &[0], block, NOW + 62, 9).is_empty(),
            "too soon"
        );
        assert_eq!(known.due(1, &[0], block, NOW + 63, 9), due);
        let scripts = Circumstances { scripts: 6, ..AT };
        assert_eq!(known.due(1, &[0], scripts, NOW + 4, 9), due);
    }

    #[test]
    fn another_instance_starts_over() {
        let mut known = one_lacks();
        known.due(1, &[0], AT, NOW, 9);
        let due = known.due(1, &[0], AT, NOW + 3, 9);
        known.sent(1, &due, AT, NOW + 3);
        assert_eq!(known.cursor(1), (Some(InstanceId(Uuid::from_u128(2))), 7));
        let mut first = page(3, &[(3, TicketStatus::Live)]);
        first.more = true;
        known.take(1, &first);
        assert!(known.due(1, &[0], AT, NOW + 4, 9).is_empty(), "half read");
        known.take(1, &page(3, &[]));
        assert!(known.due(1, &[0], AT, NOW + 4, 9).is_empty());
        assert_eq!(known.due(1, &[0], AT, NOW + 7, 9).len(), 2, "1 and 2");
        assert_eq!(known.due(1, &[0], AT, NOW + 7, 1).len(), 1);
        known.take(0, &page(4, &[]));
        assert!(known.due(1, &[0], AT, NOW + 9, 9).is_empty());
    }

    #[test]
    fn a_full_pool_takes_a_few_megabytes() {
        let mut known = KnownTickets::default();
        for voter in 0..3 {
            let mut all = page(voter, &[(1, TicketStatus::Live)]);
            let ticket = all.tickets.remove(0);
            all.tickets = (0..41_000_u32)
                .map(|n| TicketRecord {
                    hash: Hash::of(&n.to_be_bytes()),
                    ..ticket.clone()
                })
                .collect();
            known.take(usize::try_from(voter).unwrap(), &all);
        }
        assert_eq!(known.holders.len(), 41_000);
        let bytes = known.holders.capacity() * size_of::<(TicketHash, Holders)>();
        assert!(bytes < 4_000_000, "{bytes}");
    }

    #[test]
    fn voters_beyond_the_bits_are_left_out() {
        let mut known = one_lacks();
        known.take(VOTERS_MOST, &page(5, &[(6, TicketStatus::Live)]));
        assert!(known.due(VOTERS_MOST, &[0], AT, NOW + 9, 9).is_empty());
        assert!(bit(VOTERS_MOST - 1).is_some());
    }
}
