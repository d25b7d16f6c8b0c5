//! The numbering of changes that web follows: each change takes the ticket to the end. A ticket that is gone
//! has a number too, so that web learns it.

use super::Index;
use crate::decred::TicketHash;
use crate::domain::TicketStatus;
use crate::rpc::wire::{TicketsPage, TicketsSince};

/// A page of `tickets_since` is never larger.
const PAGE_LIMIT: u32 = 5_000;
/// Departures that are remembered; a web that is further behind keeps the older ones.
pub(super) const GONE_KEPT: usize = 4_096;

impl Index {
    /// Forgets a ticket that vanished without having been mined. True: it was here. Should it be mined all
    /// the same, its block brings it back.
    pub fn forget(&mut self, hash: &TicketHash) -> bool {
        let vanished = |status| status == TicketStatus::Mempool;
        if !self.get(hash).is_some_and(|it| vanished(it.status)) {
            return false;
        }
        self.remove(hash);
        self.note_departure(*hash);
        true
    }

    /// Notes that a ticket is gone which web may still have.
    pub fn note_departure(&mut self, hash: TicketHash) {
        if self.contains(&hash) {
            return;
        }
        self.forget_departure(&hash);
        let sequence = self.number(hash);
        self.gone.insert(hash, sequence);
        if self.gone.len() > GONE_KEPT {
            let oldest = self.gone.iter().min_by_key(|(_, sequence)| **sequence);
            if let Some(oldest) = oldest.map(|(hash, _)| *hash) {
                self.forget_departure(&oldest);
            }
        }
    }

    /// Those that are gone, as far as they are remembered.
    pub fn departed(&self) -> impl Iterator<Item = &TicketHash> {
        self.gone.keys()
    }

    pub(super) fn forget_departure(&mut self, hash: &TicketHash) {
        if let Some(sequence) = self.gone.remove(hash) {
            self.by_sequence.remove(&sequence);
        }
    }

    /// The next number, which is this ticket's.
    pub(super) fn number(&mut self, hash: TicketHash) -> u64 {
        self.sequence += 1;
        self.by_sequence.insert(self.sequence, hash);
        self.sequence
    }

    /// What changed since a cursor; another instance's cursor starts over.
    pub fn since(&self, request: &TicketsSince) -> TicketsPage {
        let known = request.instance == Some(self.instance) && request.sequence <= self.sequence;
        let from = if known { request.sequence } else { 0 };
        let limit = usize::try_from(request.limit.clamp(1, PAGE_LIMIT)).unwrap_or(1);
        let mut rest = self.by_sequence.range(from.saturating_add(1)..);
        let page: Vec<_> = rest.by_ref().take(limit).collect();
        let mut answer = TicketsPage {
            instance: self.instance,
            sequence: page
                .last()
                .map_or(self.sequence, |(sequence, _)| **sequence),
            tickets: Vec::with_capacity(page.len()),
            gone: Vec::new(),
            more: rest.next().is_some(),
        };
        for (_, hash) in page {
            match self.get(hash) {
                Some(entry) => answer.tickets.push(entry.record()),
                None => answer.gone.push(*hash),
            }
        }
        answer
    }
}
