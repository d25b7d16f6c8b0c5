//! Every ticket of the pool's users ever seen, by hash, with a numbering of changes that web follows.
//! A status is never set: it follows from what is known (mined, voted, revoked) and the tip; pure.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::life::{Life, Settled, status};
use super::scripts::{Script, ScriptHash};
use crate::decred::params::Params;
use crate::decred::ticket::Ticket;
use crate::decred::{Atoms, BlockHash, Height, TicketHash, TxHash};
use crate::domain::{FeeVerdict, InstanceId, TicketRecord, TicketStatus, VoteRecord};
use crate::rpc::wire::{TicketCounts, TicketsPage, TicketsSince};

/// What tickets are counted by: status, low fee, revoked.
type Kind = (TicketStatus, bool, bool);

/// A page of `tickets_since` is never larger.
const PAGE_LIMIT: u32 = 5_000;

/// A ticket of a pool user.
#[derive(Debug, Clone)]
pub struct Entry {
    pub record: TicketRecord,
    pub script: ScriptHash,
    /// Price and commitments: what its vote is built of.
    pub ticket: Arc<Ticket>,
    /// What ended its life; `record.vote` and `record.revocation` are drawn from it.
    pub settled: Option<Settled>,
    sequence: u64,
}

impl Entry {
    /// As read back from disk.
    pub fn restored(
        record: TicketRecord,
        script: ScriptHash,
        ticket: Arc<Ticket>,
        settled: Option<Settled>,
    ) -> Self {
        Self {
            record,
            script,
            ticket,
            settled,
            sequence: 0,
        }
    }
}

#[derive(Debug)]
pub struct Index {
    params: &'static Params,
    instance: InstanceId,
    tip: Height,
    /// Shared with the copy that is being written to disk.
    by_hash: HashMap<TicketHash, Arc<Entry>>,
    by_sequence: BTreeMap<u64, TicketHash>,
    by_mined: BTreeMap<Height, HashSet<TicketHash>>,
    counts: HashMap<Kind, u64>,
    sequence: u64,
    reward: Atoms,
}

impl Index {
    pub fn new(params: &'static Params, instance: InstanceId) -> Self {
        Self {
            params,
            instance,
            tip: Height(0),
            by_hash: HashMap::new(),
            by_sequence: BTreeMap::new(),
            by_mined: BTreeMap::new(),
            counts: HashMap::new(),
            sequence: 0,
            reward: Atoms(0),
        }
    }

    pub fn get(&self, hash: &TicketHash) -> Option<&Entry> {
        self.by_hash.get(hash).map(Arc::as_ref)
    }

    pub fn contains(&self, hash: &TicketHash) -> bool {
        self.by_hash.contains_key(hash)
    }

    pub fn all(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.by_hash.values()
    }

    pub fn len(&self) -> usize {
        self.by_hash.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_hash.is_empty()
    }

    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    pub fn tip(&self) -> Height {
        self.tip
    }

    /// Sum of the rewards of own votes.
    pub fn total_reward(&self) -> Atoms {
        self.reward
    }

    /// A ticket seen for the first time, or seen again: then only `mined` can be news.
    pub fn see(
        &mut self,
        ticket: &Arc<Ticket>,
        owner: &Script,
        script: ScriptHash,
        mined: Option<(BlockHash, Height)>,
    ) {
        if !self.by_hash.contains_key(&ticket.hash) {
            self.insert(Entry {
                record: TicketRecord {
                    hash: ticket.hash,
                    user_id: owner.user_id,
                    ticket_address: owner.address.clone(),
                    price: ticket.price,
                    fee_paid: Atoms(0),
                    mined: None,
                    status: TicketStatus::Mempool,
                    verdict: FeeVerdict::Pending,
                    vote: None,
                    revocation: None,
                },
                script,
                ticket: ticket.clone(),
                settled: None,
                sequence: 0,
            });
        }
        if mined.is_some() {
            self.mine(ticket.hash, mined);
        }
    }

    /// As read back from disk.
    pub fn restore(&mut self, mut entry: Entry) {
        entry.sequence = 0;
        if let Some((_, height)) = entry.record.mined {
            self.by_mined
                .entry(height)
                .or_default()
                .insert(entry.record.hash);
        }
        self.insert(entry);
    }

    /// Where the ticket is mined now. At another height than before it is judged anew.
    pub fn mine(&mut self, hash: TicketHash, mined: Option<(BlockHash, Height)>) {
        let Some(before) = self.by_hash.get(&hash).map(|entry| entry.record.mined) else {
            return;
        };
        if before == mined {
            return;
        }
        if let Some((_, height)) = before
            && let Some(set) = self.by_mined.get_mut(&height)
        {
            set.remove(&hash);
        }
        if let Some((_, height)) = mined {
            self.by_mined.entry(height).or_default().insert(hash);
        }
        let moved = mined.is_some() && before.map(|(_, at)| at) != mined.map(|(_, at)| at);
        self.change(hash, |entry| {
            entry.record.mined = mined;
            if moved && entry.record.verdict != FeeVerdict::Added {
                entry.record.verdict = FeeVerdict::Pending;
            }
        });
    }

    /// Stores the judgement on the fee.
    pub fn judge(&mut self, hash: TicketHash, verdict: FeeVerdict, fee_paid: Atoms) {
        self.change(hash, |entry| {
            entry.record.verdict = verdict;
            entry.record.fee_paid = fee_paid;
        });
    }

    /// Mined tickets that wait for their judgement.
    pub fn unjudged(&self) -> Vec<Arc<Ticket>> {
        self.all()
            .filter(|entry| entry.record.verdict == FeeVerdict::Pending)
            .filter(|entry| entry.record.mined.is_some())
            .map(|entry| entry.ticket.clone())
            .collect()
    }

    /// Makes exactly `added` of the low-fee tickets voted.
    pub fn set_added(&mut self, added: &HashSet<TicketHash>) {
        let changes: Vec<_> = self
            .all()
            .filter_map(|entry| {
                let hash = entry.record.hash;
                match (entry.record.verdict, added.contains(&hash)) {
                    (FeeVerdict::Low, true) => Some((hash, FeeVerdict::Added)),
                    (FeeVerdict::Added, false) => Some((hash, FeeVerdict::Low)),
                    _ => None,
                }
            })
            .collect();
        for (hash, verdict) in changes {
            self.change(hash, |entry| entry.record.verdict = verdict);
        }
    }

    pub fn voted(&mut self, hash: TicketHash, vote: VoteRecord) {
        self.settle(hash, Some(Settled::Voted(vote)));
    }

    pub fn revoked(&mut self, hash: TicketHash, by: TxHash, block: BlockHash, height: Height) {
        let revocation = Settled::Revoked { by, block, height };
        self.settle(hash, Some(revocation));
    }

    /// Told by another source (the wallet): only what is not known better.
    pub fn settle_if_open(&mut self, hash: TicketHash, settled: Settled) {
        if self
            .by_hash
            .get(&hash)
            .is_some_and(|entry| entry.settled.is_none())
        {
            self.settle(hash, Some(settled));
        }
    }

    fn settle(&mut self, hash: TicketHash, settled: Option<Settled>) {
        let mut difference = 0i64;
        self.change(hash, |entry| {
            let before = entry.record.vote.take().map_or(0, |vote| vote.reward.0);
            entry.record.vote = settled.as_ref().and_then(Settled::vote);
            entry.record.revocation = settled.as_ref().and_then(Settled::revocation);
            entry.settled = settled;
            let after = entry.record.vote.as_ref().map_or(0, |vote| vote.reward.0);
            difference = after.saturating_sub(before);
        });
        self.reward = Atoms(self.reward.0.saturating_add(difference));
    }

    /// The tip is now `height`: tickets mature and expire.
    pub fn advance(&mut self, height: Height) {
        let (from, to) = (self.tip.min(height), self.tip.max(height));
        self.tip = height;
        let mature = self.params.ticket_maturity;
        let expire = mature.saturating_add(self.params.ticket_expiry);
        let mut changed: Vec<TicketHash> = Vec::new();
        for age in [mature, expire] {
            let range = Height(from.0.saturating_sub(age))..=Height(to.0.saturating_sub(age));
            changed.extend(self.by_mined.range(range).flat_map(|(_, set)| set));
        }
        for hash in changed {
            self.change(hash, |_| {});
        }
    }

    /// Takes back all that happened above `height`, which is then the tip.
    pub fn take_back_above(&mut self, height: Height) {
        let mined: Vec<TicketHash> = self
            .by_mined
            .range(Height(height.0.saturating_add(1))..)
            .flat_map(|(_, set)| set)
            .copied()
            .collect();
        let above = |settled: &Settled| settled.height().is_some_and(|at| at > height);
        let settled: Vec<TicketHash> = self
            .all()
            .filter(|entry| entry.settled.as_ref().is_some_and(above))
            .map(|entry| entry.record.hash)
            .collect();
        for hash in mined {
            self.mine(hash, None);
        }
        for hash in settled {
            self.settle(hash, None);
        }
        self.advance(height);
    }

    /// Takes back all that block `block` did; the tip is then the one below it.
    pub fn take_back(&mut self, block: BlockHash, height: Height) {
        let mined = self.by_mined.get(&height).into_iter().flatten();
        let unmined: Vec<TicketHash> = mined
            .filter(|hash| {
                self.by_hash
                    .get(hash)
                    .and_then(|entry| entry.record.mined)
                    .is_some_and(|(mined_in, _)| mined_in == block)
            })
            .copied()
            .collect();
        let reopened: Vec<TicketHash> = self
            .all()
            .filter(|entry| {
                entry
                    .settled
                    .as_ref()
                    .is_some_and(|s| s.block() == Some(block))
            })
            .map(|entry| entry.record.hash)
            .collect();
        for hash in unmined {
            self.mine(hash, None);
        }
        for hash in reopened {
            self.settle(hash, None);
        }
        self.advance(Height(height.0.saturating_sub(1)));
    }

    fn insert(&mut self, mut entry: Entry) {
        let hash = entry.record.hash;
        entry.record.status = status(&life(&entry), self.tip, self.params);
        self.sequence += 1;
        entry.sequence = self.sequence;
        self.by_sequence.insert(self.sequence, hash);
        self.count(&entry.record, 1);
        let reward = entry.record.vote.as_ref().map_or(0, |vote| vote.reward.0);
        self.reward = Atoms(self.reward.0.saturating_add(reward));
        self.by_hash.insert(hash, Arc::new(entry));
    }

    /// The one way to change an entry: status, counts and numbering follow.
    fn change(&mut self, hash: TicketHash, change: impl FnOnce(&mut Entry)) {
        let Some(entry) = self.by_hash.get(&hash) else {
            return;
        };
        let before = entry.record.clone();
        let mut entry = Entry::clone(entry);
        change(&mut entry);
        entry.record.status = status(&life(&entry), self.tip, self.params);
        if entry.record != before {
            self.count(&before, -1);
            self.count(&entry.record, 1);
            self.by_sequence.remove(&entry.sequence);
            self.sequence += 1;
            entry.sequence = self.sequence;
            self.by_sequence.insert(self.sequence, hash);
        }
        self.by_hash.insert(hash, Arc::new(entry));
    }

    fn count(&mut self, record: &TicketRecord, step: i64) {
        let low = record.verdict == FeeVerdict::Low;
        let kind = (record.status, low, record.revocation.is_some());
        let count = self.counts.entry(kind).or_default();
        *count = count.saturating_add_signed(step);
    }

    /// By status, low-fee tickets apart.
    pub fn counts(&self) -> TicketCounts {
        let sum = |of: &dyn Fn(&Kind) -> bool| {
            let kinds = self.counts.iter().filter(|(kind, _)| of(kind));
            kinds.map(|(_, count)| count).sum::<u64>()
        };
        let good = |wanted| sum(&|&(status, low, _)| status == wanted && !low);
        TicketCounts {
            mempool: good(TicketStatus::Mempool),
            immature: good(TicketStatus::Immature),
            live: good(TicketStatus::Live),
            voted: good(TicketStatus::Voted),
            missed: good(TicketStatus::Missed),
            expired: good(TicketStatus::Expired),
            revoked: sum(&|&(_, _, revoked)| revoked),
            low_fee: sum(&|&(_, low, _)| low),
        }
    }

    /// What changed since a cursor; another instance's cursor starts over.
    pub fn since(&self, request: &TicketsSince) -> TicketsPage {
        let known = request.instance == Some(self.instance) && request.sequence <= self.sequence;
        let from = if known { request.sequence } else { 0 };
        let limit = usize::try_from(request.limit.clamp(1, PAGE_LIMIT)).unwrap_or(1);
        let mut rest = self.by_sequence.range(from.saturating_add(1)..);
        let page: Vec<_> = rest.by_ref().take(limit).collect();
        TicketsPage {
            instance: self.instance,
            sequence: page
                .last()
                .map_or(self.sequence, |(sequence, _)| **sequence),
            tickets: page
                .iter()
                .filter_map(|(_, hash)| self.by_hash.get(hash))
                .map(|entry| entry.record.clone())
                .collect(),
            more: rest.next().is_some(),
        }
    }
}

fn life(entry: &Entry) -> Life<'_> {
    Life {
        mined: entry.record.mined.map(|(_, height)| height),
        settled: entry.settled.as_ref(),
    }
}

#[cfg(test)]
mod tests;
