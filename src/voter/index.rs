//! Every ticket of the pool's users ever seen, by hash, with a numbering of changes that web follows.
//! A status is never set: it follows from what is known (mined, voted, revoked) and the tip; pure.

mod counts;
mod pages;
mod undo;
mod unsaved;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use counts::Kind;

use super::life::{Life, Settled, status};
use super::scripts::{Script, ScriptHash};
use crate::decred::params::Params;
use crate::decred::ticket::Ticket;
use crate::decred::{Atoms, BlockHash, Height, TicketHash, TxHash};
use crate::domain::{FeeVerdict, InstanceId, TicketRecord, TicketStatus, VoteRecord};

/// Tickets by the height at which something happened to them.
type ByHeight = BTreeMap<Height, HashSet<TicketHash>>;

/// How tickets ended that are not in the index is remembered for so many blocks.
const STRAYS_KEPT: u32 = 512;

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
    /// Tickets, and those that are gone, by their last change.
    by_sequence: BTreeMap<u64, TicketHash>,
    /// Tickets that vanished without having been mined, with the numbers of their departure.
    gone: HashMap<TicketHash, u64>,
    by_mined: ByHeight,
    by_settled: ByHeight,
    /// How tickets ended that are not in the index: whoever finds one of them a moment later finds its end.
    strays: HashMap<TicketHash, Settled>,
    counts: HashMap<Kind, u64>,
    sequence: u64,
    reward: Atoms,
    /// Seen, and in no block.
    unmined: HashSet<TicketHash>,
    /// What changed, or left, since it was written to disk.
    unsaved: HashSet<TicketHash>,
}

impl Index {
    pub fn new(params: &'static Params, instance: InstanceId) -> Self {
        Self {
            params,
            instance,
            tip: Height(0),
            by_hash: HashMap::new(),
            by_sequence: BTreeMap::new(),
            gone: HashMap::new(),
            by_mined: BTreeMap::new(),
            by_settled: BTreeMap::new(),
            strays: HashMap::new(),
            counts: HashMap::new(),
            sequence: 0,
            reward: Atoms(0),
            unmined: HashSet::new(),
            unsaved: HashSet::new(),
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
            let ended = self.strays.remove(&ticket.hash);
            if ended.is_some() {
                self.settle(ticket.hash, ended);
            }
        }
        if mined.is_some() {
            self.mine(ticket.hash, mined);
        }
    }

    /// As read back from disk.
    pub fn restore(&mut self, mut entry: Entry) {
        let (hash, mined) = (entry.record.hash, entry.record.mined);
        let settled = entry.settled.as_ref().map(Settled::height);
        entry.sequence = 0;
        refile(&mut self.by_mined, hash, None, mined.map(|(_, at)| at));
        refile(&mut self.by_settled, hash, None, settled);
        self.insert(entry);
    }

    /// Takes a ticket out, with all that it counts for.
    pub fn remove(&mut self, hash: &TicketHash) {
        let Some(entry) = self.by_hash.remove(hash) else {
            return;
        };
        let mined = entry.record.mined.map(|(_, at)| at);
        let settled = entry.settled.as_ref().map(Settled::height);
        refile(&mut self.by_mined, *hash, mined, None);
        refile(&mut self.by_settled, *hash, settled, None);
        self.by_sequence.remove(&entry.sequence);
        self.unmined.remove(hash);
        self.unsaved.insert(*hash);
        self.count(&entry.record, -1);
        let reward = entry.record.vote.as_ref().map_or(0, |vote| vote.reward.0);
        self.reward = Atoms(self.reward.0.saturating_sub(reward));
    }

    /// Tickets that no block holds.
    pub fn unmined(&self) -> impl Iterator<Item = &TicketHash> {
        self.unmined.iter()
    }

    /// Where the ticket is mined now. At another height than before it is judged anew.
    pub fn mine(&mut self, hash: TicketHash, mined: Option<(BlockHash, Height)>) {
        let Some(before) = self.by_hash.get(&hash).map(|entry| entry.record.mined) else {
            return;
        };
        if before == mined {
            return;
        }
        let (from, to) = (before.map(|(_, at)| at), mined.map(|(_, at)| at));
        refile(&mut self.by_mined, hash, from, to);
        let moved = to.is_some() && from != to;
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

    /// Makes exactly `added` of the low-fee tickets voted. How a ticket came to vote is not changed after
    /// its end: web's list drops it then.
    pub fn set_added(&mut self, added: &HashSet<TicketHash>) {
        let changes: Vec<_> = self
            .all()
            .filter_map(|entry| {
                let hash = entry.record.hash;
                match (entry.record.verdict, added.contains(&hash)) {
                    (FeeVerdict::Low, true) => Some((hash, FeeVerdict::Added)),
                    (FeeVerdict::Added, false) if entry.settled.is_none() => {
                        Some((hash, FeeVerdict::Low))
                    }
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
        let revocation = Settled::Revoked {
            by,
            block,
            height,
            expired: None,
        };
        self.settle(hash, Some(revocation));
    }

    /// Told by another source than the followed blocks: only what is not known better.
    pub fn settle_if_open(&mut self, hash: TicketHash, settled: Settled) {
        if self
            .by_hash
            .get(&hash)
            .is_some_and(|entry| entry.settled.is_none())
        {
            self.settle(hash, Some(settled));
        }
    }

    /// Revoked so late that nobody can tell by the height whether they were missed or expired.
    pub fn revoked_late(&self) -> Vec<TicketHash> {
        let is_late = |entry: &&Arc<Entry>| {
            let told = matches!(
                entry.settled,
                Some(Settled::Revoked {
                    expired: Some(_),
                    ..
                })
            );
            let revoked = entry.record.revocation.is_some();
            revoked && !told && entry.record.status == TicketStatus::Expired
        };
        let late = self.all().filter(is_late);
        late.map(|entry| entry.record.hash).collect()
    }

    /// dcrd's word on a ticket that was revoked late.
    pub fn tell_expired(&mut self, hash: TicketHash, word: bool) {
        self.change(hash, |entry| {
            if let Some(Settled::Revoked { expired, .. }) = &mut entry.settled {
                *expired = Some(word);
            }
        });
    }

    fn settle(&mut self, hash: TicketHash, settled: Option<Settled>) {
        let Some(entry) = self.by_hash.get(&hash) else {
            if let Some(settled) = settled {
                self.strays.insert(hash, settled);
            }
            return;
        };
        let from = entry.settled.as_ref().map(Settled::height);
        let to = settled.as_ref().map(Settled::height);
        refile(&mut self.by_settled, hash, from, to);
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
        let oldest = Height(height.0.saturating_sub(STRAYS_KEPT));
        self.strays.retain(|_, settled| settled.height() >= oldest);
    }

    fn insert(&mut self, mut entry: Entry) {
        let hash = entry.record.hash;
        entry.record.status = status(&life(&entry), self.tip, self.params);
        self.forget_departure(&hash);
        entry.sequence = self.number(hash);
        self.count(&entry.record, 1);
        let reward = entry.record.vote.as_ref().map_or(0, |vote| vote.reward.0);
        self.reward = Atoms(self.reward.0.saturating_add(reward));
        if entry.record.mined.is_none() {
            self.unmined.insert(hash);
        }
        self.unsaved.insert(hash);
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
            entry.sequence = self.number(hash);
        }
        if entry.record.mined.is_none() {
            self.unmined.insert(hash);
        } else {
            self.unmined.remove(&hash);
        }
        self.unsaved.insert(hash);
        self.by_hash.insert(hash, Arc::new(entry));
    }
}

/// Moves a ticket to where it belongs now.
fn refile(tickets: &mut ByHeight, hash: TicketHash, from: Option<Height>, to: Option<Height>) {
    if from == to {
        return;
    }
    if let Some(from) = from
        && let Some(there) = tickets.get_mut(&from)
    {
        there.remove(&hash);
        if there.is_empty() {
            tickets.remove(&from);
        }
    }
    if let Some(to) = to {
        tickets.entry(to).or_default().insert(hash);
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
