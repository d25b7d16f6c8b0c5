//! Every ticket of the pool's users ever seen, by hash, with a numbering of changes that web follows.
//! A status is never set: it follows from what is known (mined, voted, revoked) and the tip; pure.

mod counts;
mod pages;
mod undo;
mod unsaved;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use counts::Kind;

use super::life::{Life, Settled, status};
use super::scripts::Script;
use crate::decred::params::Params;
use crate::decred::ticket::Ticket;
use crate::decred::{Atoms, BlockHash, Height, TicketHash, TxHash};
use crate::domain::{FeeVerdict, InstanceId, TicketRecord, TicketStatus, VoteRecord};

/// Tickets by the height at which something happened to them.
type ByHeight = BTreeSet<(Height, TicketHash)>;

/// How tickets ended that are not in the index is remembered for so many blocks.
const STRAYS_KEPT: u32 = 512;

/// A ticket of a pool user. There are as many as 41,000: what follows from something else is not kept.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Price and commitments: what its vote is built of.
    pub ticket: Ticket,
    /// The script that it pays to, and so whose it is.
    pub owner: Arc<Script>,
    /// Where it was mined; `None` while it is in the mempool.
    pub mined: Option<(BlockHash, Height)>,
    /// What the ticket commits to the pool's fee address.
    pub fee_paid: Atoms,
    pub status: TicketStatus,
    pub verdict: FeeVerdict,
    /// What ended its life.
    pub settled: Option<Box<Settled>>,
    sequence: u64,
}

impl Entry {
    /// One that was not seen in any block yet.
    pub fn new(ticket: Ticket, owner: Arc<Script>) -> Self {
        Self {
            ticket,
            owner,
            mined: None,
            fee_paid: Atoms(0),
            status: TicketStatus::Mempool,
            verdict: FeeVerdict::Pending,
            settled: None,
            sequence: 0,
        }
    }

    /// As web is told of it.
    pub fn record(&self) -> TicketRecord {
        TicketRecord {
            hash: self.ticket.hash,
            user_id: self.owner.user_id,
            ticket_address: self.owner.address().to_owned(),
            price: self.ticket.price,
            fee_paid: self.fee_paid,
            mined: self.mined,
            status: self.status,
            verdict: self.verdict,
            vote: self.vote().cloned(),
            revocation: self.revocation(),
        }
    }

    fn vote(&self) -> Option<&VoteRecord> {
        self.settled.as_deref().and_then(Settled::vote)
    }

    fn revocation(&self) -> Option<TxHash> {
        self.settled.as_deref().and_then(Settled::revocation)
    }

    fn reward(&self) -> i64 {
        self.vote().map_or(0, |vote| vote.reward.0)
    }

    fn settled_at(&self) -> Option<Height> {
        self.settled.as_deref().map(Settled::height)
    }

    fn status_at(&self, tip: Height, params: &Params) -> TicketStatus {
        let life = Life {
            mined: self.mined.map(|(_, height)| height),
            settled: self.settled.as_deref(),
        };
        status(&life, tip, params)
    }

    /// Whether web is told the same of both.
    fn is_told_like(&self, other: &Self) -> bool {
        let told = |it: &Self| (it.mined, it.fee_paid, it.status, it.verdict);
        told(self) == told(other)
            && self.vote() == other.vote()
            && self.revocation() == other.revocation()
    }
}

/// An entry where it is found by its ticket's hash, which is not stored a second time for that.
#[derive(Debug)]
struct Filed(Arc<Entry>);

impl Borrow<TicketHash> for Filed {
    fn borrow(&self) -> &TicketHash {
        &self.0.ticket.hash
    }
}

impl Hash for Filed {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.ticket.hash.hash(hasher);
    }
}

impl PartialEq for Filed {
    fn eq(&self, other: &Self) -> bool {
        self.0.ticket.hash == other.0.ticket.hash
    }
}

impl Eq for Filed {}

#[derive(Debug)]
pub struct Index {
    params: &'static Params,
    instance: InstanceId,
    tip: Height,
    /// Shared with the copy that is being written to disk.
    by_hash: HashSet<Filed>,
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
            by_hash: HashSet::new(),
            by_sequence: BTreeMap::new(),
            gone: HashMap::new(),
            by_mined: BTreeSet::new(),
            by_settled: BTreeSet::new(),
            strays: HashMap::new(),
            counts: HashMap::new(),
            sequence: 0,
            reward: Atoms(0),
            unmined: HashSet::new(),
            unsaved: HashSet::new(),
        }
    }

    pub fn get(&self, hash: &TicketHash) -> Option<&Entry> {
        self.filed(hash).map(Arc::as_ref)
    }

    /// The same to be kept: what it says stays as it is now.
    pub fn filed(&self, hash: &TicketHash) -> Option<&Arc<Entry>> {
        self.by_hash.get(hash).map(|Filed(entry)| entry)
    }

    pub fn contains(&self, hash: &TicketHash) -> bool {
        self.by_hash.contains(hash)
    }

    pub fn all(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.by_hash.iter().map(|Filed(entry)| entry)
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
        ticket: &Ticket,
        owner: &Arc<Script>,
        mined: Option<(BlockHash, Height)>,
    ) {
        if !self.contains(&ticket.hash) {
            self.insert(Entry::new(ticket.clone(), owner.clone()));
            let ended = self.strays.remove(&ticket.hash);
            if ended.is_some() {
                self.settle(ticket.hash, ended);
            }
        }
        if mined.is_some() {
            self.mine(ticket.hash, mined);
        }
    }

    /// As read back from disk, in the place of what was there. Nothing finds it before `all_restored`.
    pub fn restore(&mut self, entry: Entry) {
        self.by_hash.replace(Filed(Arc::new(entry)));
    }

    /// The same of one that was gone.
    pub fn restore_departure(&mut self, hash: TicketHash) {
        self.by_hash.remove(&hash);
        self.note_departure(hash);
    }

    /// Files what was restored, once and for all of it: what is made of sorted numbers has no gaps.
    #[expect(
        clippy::mutable_key_type,
        reason = "what a ticket is filed by, its hash, never changes"
    )]
    pub fn all_restored(&mut self) {
        let restored = std::mem::take(&mut self.by_hash);
        self.by_hash.reserve(restored.len());
        let mut numbered = Vec::with_capacity(restored.len());
        let (mut mined, mut settled) = (Vec::with_capacity(restored.len()), Vec::new());
        for Filed(mut entry) in restored {
            let hash = entry.ticket.hash;
            self.forget_departure(&hash);
            self.sequence += 1;
            let (sequence, tip, params) = (self.sequence, self.tip, self.params);
            let known = Arc::make_mut(&mut entry);
            known.sequence = sequence;
            known.status = known.status_at(tip, params);
            numbered.push((sequence, hash));
            mined.extend(known.mined.map(|(_, height)| (height, hash)));
            settled.extend(known.settled_at().map(|height| (height, hash)));
            self.take_in(&entry);
            self.by_hash.insert(Filed(entry));
        }
        numbered.extend(std::mem::take(&mut self.by_sequence));
        self.by_sequence = numbered.into_iter().collect();
        self.by_mined = mined.into_iter().collect();
        self.by_settled = settled.into_iter().collect();
    }

    /// Takes a ticket out, with all that it counts for.
    pub fn remove(&mut self, hash: &TicketHash) {
        let Some(Filed(entry)) = self.by_hash.take(hash) else {
            return;
        };
        let mined = entry.mined.map(|(_, at)| at);
        refile(&mut self.by_mined, *hash, mined, None);
        refile(&mut self.by_settled, *hash, entry.settled_at(), None);
        self.by_sequence.remove(&entry.sequence);
        self.unmined.remove(hash);
        self.unsaved.insert(*hash);
        self.count(&entry, -1);
        self.reward = Atoms(self.reward.0.saturating_sub(entry.reward()));
    }

    /// Tickets that no block holds.
    pub fn unmined(&self) -> impl Iterator<Item = &TicketHash> {
        self.unmined.iter()
    }

    /// Where the ticket is mined now. At another height than before it is judged anew.
    pub fn mine(&mut self, hash: TicketHash, mined: Option<(BlockHash, Height)>) {
        let Some(before) = self.get(&hash).map(|entry| entry.mined) else {
            return;
        };
        if before == mined {
            return;
        }
        let (from, to) = (before.map(|(_, at)| at), mined.map(|(_, at)| at));
        refile(&mut self.by_mined, hash, from, to);
        let moved = to.is_some() && from != to;
        self.change(hash, |entry| {
            entry.mined = mined;
            if moved && entry.verdict != FeeVerdict::Added {
                entry.verdict = FeeVerdict::Pending;
            }
        });
    }

    /// Stores the judgement on the fee.
    pub fn judge(&mut self, hash: TicketHash, verdict: FeeVerdict, fee_paid: Atoms) {
        self.change(hash, |entry| {
            entry.verdict = verdict;
            entry.fee_paid = fee_paid;
        });
    }

    /// Mined tickets that wait for their judgement.
    pub fn unjudged(&self) -> Vec<TicketHash> {
        self.all()
            .filter(|entry| entry.verdict == FeeVerdict::Pending && entry.mined.is_some())
            .map(|entry| entry.ticket.hash)
            .collect()
    }

    /// Makes exactly `added` of the low-fee tickets voted. How a ticket came to vote is not changed after
    /// its end: web's list drops it then.
    pub fn set_added(&mut self, added: &HashSet<TicketHash>) {
        let changes: Vec<_> = self
            .all()
            .filter_map(|entry| {
                let hash = entry.ticket.hash;
                match (entry.verdict, added.contains(&hash)) {
                    (FeeVerdict::Low, true) => Some((hash, FeeVerdict::Added)),
                    (FeeVerdict::Added, false) if entry.settled.is_none() => {
                        Some((hash, FeeVerdict::Low))
                    }
                    _ => None,
                }
            })
            .collect();
        for (hash, verdict) in changes {
            self.change(hash, |entry| entry.verdict = verdict);
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
        if self.get(&hash).is_some_and(|entry| entry.settled.is_none()) {
            self.settle(hash, Some(settled));
        }
    }

    /// Revoked so late that nobody can tell by the height whether they were missed or expired.
    pub fn revoked_late(&self) -> Vec<TicketHash> {
        let is_late = |entry: &&Arc<Entry>| {
            let untold = matches!(
                entry.settled.as_deref(),
                Some(Settled::Revoked { expired: None, .. })
            );
            untold && entry.status == TicketStatus::Expired
        };
        let late = self.all().filter(is_late);
        late.map(|entry| entry.ticket.hash).collect()
    }

    /// dcrd's word on a ticket that was revoked late.
    pub fn tell_expired(&mut self, hash: TicketHash, word: bool) {
        self.change(hash, |entry| {
            if let Some(Settled::Revoked { expired, .. }) = entry.settled.as_deref_mut() {
                *expired = Some(word);
            }
        });
    }

    fn settle(&mut self, hash: TicketHash, settled: Option<Settled>) {
        let Some((from, reward)) = self.get(&hash).map(|it| (it.settled_at(), it.reward())) else {
            if let Some(settled) = settled {
                self.strays.insert(hash, settled);
            }
            return;
        };
        let to = settled.as_ref().map(Settled::height);
        refile(&mut self.by_settled, hash, from, to);
        let mut difference = 0i64;
        self.change(hash, |entry| {
            entry.settled = settled.map(Box::new);
            difference = entry.reward().saturating_sub(reward);
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
            let (from, to) = (from.0.saturating_sub(age), to.0.saturating_sub(age));
            changed.extend(between(&self.by_mined, Height(from), Height(to)));
        }
        for hash in changed {
            self.change(hash, |_| {});
        }
        let oldest = Height(height.0.saturating_sub(STRAYS_KEPT));
        self.strays.retain(|_, settled| settled.height() >= oldest);
    }

    fn insert(&mut self, mut entry: Entry) {
        let hash = entry.ticket.hash;
        entry.status = entry.status_at(self.tip, self.params);
        self.forget_departure(&hash);
        entry.sequence = self.number(hash);
        self.take_in(&entry);
        self.unsaved.insert(hash);
        self.by_hash.insert(Filed(Arc::new(entry)));
    }

    /// What a ticket counts for.
    fn take_in(&mut self, entry: &Entry) {
        self.count(entry, 1);
        self.reward = Atoms(self.reward.0.saturating_add(entry.reward()));
        if entry.mined.is_none() {
            self.unmined.insert(entry.ticket.hash);
        }
    }

    /// The one way to change an entry: status, counts and numbering follow.
    fn change(&mut self, hash: TicketHash, change: impl FnOnce(&mut Entry)) {
        let Some(before) = self.filed(&hash).cloned() else {
            return;
        };
        let mut entry = Entry::clone(&before);
        change(&mut entry);
        entry.status = entry.status_at(self.tip, self.params);
        if !entry.is_told_like(&before) {
            self.count(&before, -1);
            self.count(&entry, 1);
            self.by_sequence.remove(&entry.sequence);
            entry.sequence = self.number(hash);
        }
        if entry.mined.is_none() {
            self.unmined.insert(hash);
        } else {
            self.unmined.remove(&hash);
        }
        self.unsaved.insert(hash);
        self.by_hash.replace(Filed(Arc::new(entry)));
    }
}

/// Moves a ticket to where it belongs now.
fn refile(tickets: &mut ByHeight, hash: TicketHash, from: Option<Height>, to: Option<Height>) {
    if from == to {
        return;
    }
    if let Some(from) = from {
        tickets.remove(&(from, hash));
    }
    if let Some(to) = to {
        tickets.insert((to, hash));
    }
}

/// Those to which it happened from `first` to `last`, which is not below it.
fn between(
    tickets: &ByHeight,
    first: Height,
    last: Height,
) -> impl Iterator<Item = TicketHash> + '_ {
    let last = (last.max(first), TicketHash::LAST);
    tickets
        .range((first, TicketHash::ZERO)..=last)
        .map(|(_, hash)| *hash)
}

#[cfg(test)]
mod tests;
