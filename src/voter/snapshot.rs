//! The state's parts as they lie on disk, and back. A restarted voter votes from them before anything
//! else is known.

use std::fmt;
use std::sync::Arc;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::chain::Chain;
use super::disk::{self, Disk, Kind, Loaded};
use super::index::Entry;
use super::life::Settled;
use super::preferences::Preferences;
use super::scripts::{Script, ScriptHash};
use super::state::State;
use crate::decred::digits;
use crate::decred::script::PayTo;
use crate::decred::ticket::{Commitment, Ticket};
use crate::decred::{Atoms, BlockHash, Height, Network, TicketHash};
use crate::domain::{FeeVerdict, PoolId, Preference, TicketRecord};
use crate::rpc::wire::{RescanProgress, ScriptImport};

/// Scripts, and the durable mark that the wallet still needs a rescan.
#[derive(Debug, Serialize, Deserialize)]
struct ScriptsFile {
    scripts: Vec<ScriptImport>,
    rescan_from: Option<Height>,
}

#[derive(Debug, Deserialize)]
struct TicketsFile {
    /// Blocks whose effects are in `tickets`: of what was added, those that came since the record before.
    chain: Chain,
    /// And from where they were not read for all scripts.
    #[serde(default)]
    unread: Option<Height>,
    added: Vec<TicketHash>,
    /// Tickets that vanished unmined, which web may still have.
    #[serde(default)]
    gone: Vec<TicketHash>,
    tickets: Vec<StoredTicket>,
}

/// The same as it is written: one ticket after another, never all of them at once.
#[derive(Debug, Serialize)]
struct TicketsWritten {
    chain: Chain,
    unread: Option<Height>,
    added: Vec<TicketHash>,
    gone: Vec<TicketHash>,
    #[serde(serialize_with = "rows")]
    tickets: Vec<Arc<Entry>>,
}

fn rows<S: Serializer>(tickets: &[Arc<Entry>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(tickets.iter().map(|entry| Row::from(entry.as_ref())))
}

/// What does not follow from anything else: hash, block, price, fee, verdict, script, change, commitments,
/// end.
#[derive(Debug, Serialize, Deserialize)]
struct Row(
    TicketHash,
    Option<(BlockHash, Height)>,
    Atoms,
    Atoms,
    FeeVerdict,
    #[serde(with = "digits")] ScriptHash,
    Atoms,
    Vec<StoredCommitment>,
    Option<Settled>,
);

/// A ticket as it was stored in format 1.
#[derive(Debug, Deserialize)]
struct FormerTicket {
    record: TicketRecord,
    settled: Option<Settled>,
    #[serde(with = "digits")]
    script: ScriptHash,
    change: Atoms,
    commitments: Vec<StoredCommitment>,
}

/// A ticket that was read, as a row or in format 1: already in the form in which it is kept, so that reading
/// leaves nothing behind.
#[derive(Debug)]
struct StoredTicket {
    ticket: Ticket,
    mined: Option<(BlockHash, Height)>,
    fee_paid: Atoms,
    verdict: FeeVerdict,
    settled: Option<Box<Settled>>,
}

impl<'de> Deserialize<'de> for StoredTicket {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherForm).map(Self::from)
    }
}

struct EitherForm;

impl<'de> Visitor<'de> for EitherForm {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a ticket")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, row: A) -> Result<Row, A::Error> {
        Row::deserialize(SeqAccessDeserializer::new(row))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Row, A::Error> {
        let former = FormerTicket::deserialize(MapAccessDeserializer::new(fields))?;
        let record = former.record;
        Ok(Row(
            record.hash,
            record.mined,
            record.price,
            record.fee_paid,
            record.verdict,
            former.script,
            former.change,
            former.commitments,
            former.settled,
        ))
    }
}

/// Destination, whether it is a script hash, amount, limits.
#[derive(Debug, Serialize, Deserialize)]
struct StoredCommitment(#[serde(with = "digits")] [u8; 20], bool, i64, u16);

impl From<&Entry> for Row {
    fn from(entry: &Entry) -> Self {
        let commitments = entry.ticket.commitments.iter().map(|commitment| {
            StoredCommitment(
                *commitment.to.hash160(),
                commitment.to.is_script_hash(),
                commitment.amount.0,
                commitment.fee_limits,
            )
        });
        Self(
            entry.ticket.hash,
            entry.mined,
            entry.ticket.price,
            entry.fee_paid,
            entry.verdict,
            *entry.ticket.submission.hash160(),
            entry.ticket.change,
            commitments.collect(),
            entry.settled.as_deref().cloned(),
        )
    }
}

impl StoredCommitment {
    fn commitment(&self) -> Commitment {
        let Self(hash, script, amount, limits) = self;
        Commitment {
            to: if *script {
                PayTo::ScriptHash(*hash)
            } else {
                PayTo::PubKeyHash(*hash)
            },
            amount: Atoms(*amount),
            fee_limits: *limits,
        }
    }
}

impl From<Row> for StoredTicket {
    fn from(row: Row) -> Self {
        let Row(hash, mined, price, fee_paid, verdict, script, change, commitments, settled) = row;
        let commitments = commitments.iter().map(StoredCommitment::commitment);
        Self {
            ticket: Ticket {
                hash,
                price,
                submission: PayTo::ScriptHash(script),
                commitments: commitments.collect(),
                change,
            },
            mined,
            fee_paid,
            verdict,
            settled: settled.map(Box::new),
        }
    }
}

impl StoredTicket {
    /// Whose ticket it is follows from its script: two truths would be one too many.
    fn entry(self, owner: Arc<Script>) -> Entry {
        let mut entry = Entry::new(self.ticket, owner);
        entry.mined = self.mined;
        entry.fee_paid = self.fee_paid;
        entry.verdict = self.verdict;
        entry.settled = self.settled;
        entry
    }
}

/// A part of the state, or what changed in it, ready to be written by another thread.
#[derive(Debug)]
pub struct Part {
    pub kind: Kind,
    is_whole: bool,
    pool: Option<PoolId>,
    content: Written,
}

/// The content of a file.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Written {
    Scripts(ScriptsFile),
    Preferences(Vec<Preference>),
    Tickets(TicketsWritten),
}

impl Part {
    /// Takes what is to be written out of the state; cheap, nothing is serialised yet.
    pub fn of(state: &State, kind: Kind) -> Self {
        let content = match kind {
            Kind::Scripts => scripts(state, state.scripts.export()),
            Kind::Preferences => Written::Preferences(state.preferences.all().cloned().collect()),
            Kind::Tickets => {
                let gone = state.tickets.departed().copied().collect();
                let all = state.tickets.all().cloned().collect();
                tickets(state, state.chain.clone(), all, gone)
            }
        };
        Self {
            kind,
            is_whole: true,
            pool: state.preferences.pool(),
            content,
        }
    }

    /// Takes what changed since the last time, and counts as taken what it takes.
    pub fn changed(state: &mut State, kind: Kind) -> Self {
        let content = match kind {
            Kind::Scripts => {
                let new = state.scripts.take_unsaved();
                scripts(state, new)
            }
            Kind::Preferences => Written::Preferences(state.preferences.take_unsaved()),
            Kind::Tickets => {
                let (changed, gone) = state.tickets.take_unsaved();
                let chain = state.take_unsaved_chain();
                tickets(state, chain, changed, gone)
            }
        };
        Self {
            kind,
            is_whole: false,
            pool: state.preferences.pool(),
            content,
        }
    }

    /// Writes it. Blocking.
    pub fn save(self, disk: &Disk) -> std::io::Result<()> {
        if self.is_whole {
            disk.save(self.kind, self.pool, &self.content)
        } else {
            disk.add(self.kind, self.pool, &self.content)
        }
    }

    /// The bytes of a file with it.
    pub fn file(self, network: Network) -> serde_json::Result<Vec<u8>> {
        let content = serde_json::to_vec(&self.content)?;
        let mut file = disk::first_line(self.kind, network, self.pool, &content)?;
        file.extend_from_slice(&content);
        Ok(file)
    }
}

fn scripts(state: &State, scripts: Vec<ScriptImport>) -> Written {
    Written::Scripts(ScriptsFile {
        scripts,
        rescan_from: state.rescan.map(|rescan| rescan.from),
    })
}

fn tickets(
    state: &State,
    chain: Chain,
    tickets: Vec<Arc<Entry>>,
    gone: Vec<TicketHash>,
) -> Written {
    Written::Tickets(TicketsWritten {
        chain,
        unread: state.past.unread(),
        added: state.added.iter().copied().collect(),
        gone,
        tickets,
    })
}

/// Where the parts are read from, one after another: what is not needed any more makes room for the next.
trait Source {
    fn load<T: DeserializeOwned>(&self, kind: Kind) -> Loaded<T>;
}

impl Source for Disk {
    fn load<T: DeserializeOwned>(&self, kind: Kind) -> Loaded<T> {
        Disk::load(self, kind)
    }
}

/// The bytes of one file a kind.
struct Files<F> {
    file: F,
    network: Network,
}

impl<'a, F: Fn(Kind) -> &'a [u8]> Source for Files<F> {
    fn load<T: DeserializeOwned>(&self, kind: Kind) -> Loaded<T> {
        let opened = disk::open((self.file)(kind), kind, self.network);
        let warnings = opened.as_ref().err().map(ToString::to_string);
        Loaded {
            content: opened.ok(),
            added: Vec::new(),
            warnings: warnings.into_iter().collect(),
        }
    }
}

/// Reads everything back into a fresh state; the warnings say what was passed over. Parts of different
/// pools never mix: the preferences' pool is believed. Blocking.
pub fn restore(state: &mut State, disk: &Disk) -> Vec<String> {
    take(state, disk)
}

/// The same from the bytes of one file a kind, as `Part::file` gives them.
pub fn restore_files<'a>(state: &mut State, file: impl Fn(Kind) -> &'a [u8]) -> Vec<String> {
    let network = state.params.network;
    take(state, &Files { file, network })
}

fn take(state: &mut State, source: &impl Source) -> Vec<String> {
    let mut warnings = Vec::new();
    let preferences: Loaded<Vec<Preference>> = source.load(Kind::Preferences);
    let preferences = files(preferences, &mut warnings);
    let scripts: Loaded<ScriptsFile> = source.load(Kind::Scripts);
    let scripts = files(scripts, &mut warnings);
    let pool_of_preferences = preferences.as_ref().and_then(|(pool, _)| *pool);
    let pool = pool_of_preferences.or_else(|| scripts.as_ref().and_then(|(pool, _)| *pool));
    let held = preferences.map(|(_, files)| files).unwrap_or_default();
    let held: Vec<Preference> = held.into_iter().flatten().collect();
    state.preferences = Preferences::restore(pool, held);
    for file in same_pool(scripts, pool, Kind::Scripts, &mut warnings) {
        restore_scripts(state, &file, &mut warnings);
    }
    let tickets: Loaded<TicketsFile> = source.load(Kind::Tickets);
    let newest = tickets.warnings.is_empty();
    let tickets = files(tickets, &mut warnings);
    let tickets = same_pool(tickets, pool, Kind::Tickets, &mut warnings);
    // An older generation does not tell which of today's scripts it was made with.
    if tickets.is_empty() || !newest {
        state.all_past_unread();
    }
    if let Some(unread) = tickets.last().and_then(|file| file.unread) {
        state.past.need(unread, None);
    }
    for file in tickets {
        restore_tickets(state, file);
    }
    state.tickets.all_restored();
    for kind in Kind::ALL {
        state.all_saved(kind);
    }
    warnings
}

/// The whole file and what was added to it, with the pool they are of.
fn files<T>(loaded: Loaded<T>, warnings: &mut Vec<String>) -> Option<(Option<PoolId>, Vec<T>)> {
    warnings.extend(loaded.warnings);
    let (pool, whole) = loaded.content?;
    Some((pool, std::iter::once(whole).chain(loaded.added).collect()))
}

fn same_pool<T>(
    files: Option<(Option<PoolId>, Vec<T>)>,
    pool: Option<PoolId>,
    kind: Kind,
    warnings: &mut Vec<String>,
) -> Vec<T> {
    let Some((theirs, files)) = files else {
        return Vec::new();
    };
    if theirs.is_some() && theirs != pool {
        warnings.push(format!("the saved {kind:?} are of another pool: not used"));
        return Vec::new();
    }
    files
}

fn restore_scripts(state: &mut State, file: &ScriptsFile, warnings: &mut Vec<String>) {
    if let Err(error) = state.scripts.restore(&file.scripts) {
        warnings.push(format!("the saved scripts are not used: {error}"));
        return;
    }
    state.rescan = file.rescan_from.map(|from| RescanProgress {
        from,
        running: false,
    });
}

/// Of what was added, each ticket is in the place of the same one before.
fn restore_tickets(state: &mut State, file: TicketsFile) {
    state.chain.go_on(file.chain);
    state.added = file.added.into_iter().collect();
    if let Some((_, height)) = state.chain.tip() {
        state.tickets.advance(height);
    }
    for stored in file.tickets {
        // A ticket whose script is not known here cannot be voted: it is found again when it is.
        if let Some(owner) = state.scripts.get(stored.ticket.submission.hash160()) {
            let entry = stored.entry(owner.clone());
            state.tickets.restore(entry);
        }
    }
    for hash in file.gone {
        state.tickets.restore_departure(hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::hash::Hash;
    use crate::decred::{VoteBits, VoteVersion};
    use crate::domain::{FeeVerdict, Revision, TicketStatus, UserId, VoteRecord};
    use crate::rpc::wire::PreferencesPush;
    use crate::voter::testing::{POOL, script, state, ticket};

    fn preference() -> Preference {
        Preference {
            user_id: UserId(4),
            ticket_address: script(4).address().to_owned(),
            version: VoteVersion(12),
            bits: VoteBits(5),
            revision: Revision(3),
        }
    }

    /// A state with a live ticket, a preference and a rescan mark, saved to a new folder.
    fn saved() -> (tempfile::TempDir, Disk) {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path(), crate::decred::Network::Simnet).unwrap();
        let mut before = state();
        before
            .preferences
            .push(PreferencesPush {
                pool_id: POOL,
                full: true,
                preferences: vec![preference()],
                accept: false,
            })
            .unwrap();
        before.rescan = Some(RescanProgress {
            from: Height(7),
            running: true,
        });
        before.past.need(Height(12), None);
        before.added.insert(Hash([9; 32]));
        before.chain = Chain::starting_at(Hash([170; 32]), Height(170));
        before.tickets.advance(Height(170));
        before.discover(&ticket(1, &script(4)), Some((Hash([1; 32]), Height(150))));
        for kind in [Kind::Scripts, Kind::Preferences, Kind::Tickets] {
            Part::of(&before, kind).save(&disk).unwrap();
        }
        (folder, disk)
    }

    /// A state as at start: it knows nothing.
    fn fresh() -> State {
        let known = state();
        State::new(known.params, known.instance, known.judge)
    }

    #[test]
    fn a_restarted_voter_knows_what_it_knew() {
        let (_folder, disk) = saved();
        let mut state = fresh();
        assert!(restore(&mut state, &disk).is_empty());
        let entry = state.tickets.get(&Hash([1; 32])).unwrap();
        assert_eq!(entry.status, TicketStatus::Live);
        assert_eq!(entry.verdict, FeeVerdict::Good);
        assert_eq!(entry.ticket, *ticket(1, &script(4)));
        assert_eq!(state.preferences.of(UserId(4)), Some(&preference()));
        assert!(!state.preferences.confirmed());
        assert_eq!(state.preferences.pool(), Some(POOL));
        assert_eq!(state.scripts.summary().count, 2);
        assert_eq!(state.rescan.unwrap().from, Height(7));
        assert_eq!(state.past.unread(), Some(Height(12)));
        assert_eq!(state.chain.tip(), Some((Hash([170; 32]), Height(170))));
        assert!(state.added.contains(&Hash([9; 32])));
    }

    #[test]
    fn changes_are_added_and_read_back_over_what_was_there() {
        let (_folder, disk) = saved();
        let mut state = fresh();
        restore(&mut state, &disk);
        state.discover(&ticket(2, &script(5)), Some((Hash([171; 32]), Height(171))));
        state.discover(&ticket(3, &script(5)), None);
        state.tickets.forget(&Hash([3; 32]));
        state.chain.push(Hash([171; 32]), Height(171));
        let vote = VoteRecord {
            hash: Hash([6; 32]),
            block: Hash([171; 32]),
            height: Height(171),
            bits: VoteBits(1),
            version: VoteVersion(12),
            reward: Atoms(77),
        };
        state.tickets.voted(Hash([1; 32]), vote);
        state.tickets.advance(Height(171));
        state.past.read_to(state.past.revision(), None);
        let part = Part::changed(&mut state, Kind::Tickets);
        part.save(&disk).unwrap();
        let mut again = fresh();
        assert!(restore(&mut again, &disk).is_empty());
        assert_eq!(again.chain, state.chain);
        assert_eq!(again.past.unread(), None);
        assert_eq!(again.tickets.counts(), state.tickets.counts());
        assert_eq!(again.tickets.total_reward(), Atoms(77));
        let record =
            |state: &State, number| state.tickets.get(&Hash([number; 32])).unwrap().record();
        assert_eq!(record(&again, 1), record(&state, 1));
        assert_eq!(record(&again, 2), record(&state, 2));
        let departed: Vec<_> = again.tickets.departed().copied().collect();
        assert_eq!(departed, [Hash([3; 32])]);
    }

    /// Saved three times: with the chain as long as it gets, and after each of two blocks with a ticket each.
    fn saved_block_by_block() -> (tempfile::TempDir, Disk, [State; 3]) {
        let (folder, disk) = saved();
        let mut state = before_changes(&disk);
        for height in 171..900_u32 {
            let hash = Hash::of(&height.to_le_bytes());
            state.chain.push(hash, Height(height));
        }
        state.tickets.advance(Height(899));
        state.past.read_to(state.past.revision(), None);
        Part::of(&state, Kind::Tickets).save(&disk).unwrap();
        state.all_saved(Kind::Tickets);
        let mut states = vec![before_changes(&disk)];
        for (number, height) in [(2, 900_u32), (3, 901)] {
            let block = (Hash::of(&height.to_le_bytes()), Height(height));
            state.discover(&ticket(number, &script(5)), Some(block));
            state.chain.push(block.0, block.1);
            state.tickets.advance(block.1);
            let part = Part::changed(&mut state, Kind::Tickets);
            part.save(&disk).unwrap();
            states.push(before_changes(&disk));
        }
        assert_eq!(states[2].chain, state.chain);
        (folder, disk, states.try_into().unwrap())
    }

    fn assert_same(one: &State, other: &State) {
        assert_eq!(one.chain, other.chain);
        assert_eq!(one.tickets.counts(), other.tickets.counts());
        let hashes = |state: &State| -> std::collections::BTreeSet<_> {
            state.tickets.all().map(|it| it.ticket.hash).collect()
        };
        assert_eq!(hashes(one), hashes(other));
    }

    #[test]
    fn a_block_costs_what_it_brought_and_not_all_that_are_remembered() {
        let (folder, _disk, states) = saved_block_by_block();
        let added = std::fs::read(folder.path().join("tickets.state.added")).unwrap();
        // Two lines of less than 400 bytes, two blocks each, and a ticket each.
        assert!(added.len() < 2_600, "{} bytes", added.len());
        let tip = (Hash::of(&901_u32.to_le_bytes()), Height(901));
        assert_eq!(states[2].chain.tip(), Some(tip));
        assert_eq!(states[2].tickets.len(), 3);
        let lengths = states.map(|state| serde_json::to_string(&state.chain).unwrap().len());
        assert!(lengths.iter().all(|length| *length > 30_000), "{lengths:?}");
    }

    #[test]
    fn a_record_that_was_cut_off_leaves_the_state_before_it() {
        let (folder, disk, [whole, first, second]) = saved_block_by_block();
        let path = folder.path().join("tickets.state.added");
        let added = std::fs::read(&path).unwrap();
        let line = b"{\"format\"";
        let starts = (1..added.len()).filter(|at| added[*at..].starts_with(line));
        let [start] = starts.collect::<Vec<_>>()[..] else {
            panic!("two records");
        };
        for length in (0..=added.len()).rev().step_by(7) {
            std::fs::write(&path, &added[..length]).unwrap();
            let mut state = fresh();
            assert!(restore(&mut state, &disk).is_empty(), "{length} bytes");
            let expected = match length {
                all if all == added.len() => &second,
                some if some >= start => &first,
                _ => &whole,
            };
            assert_same(&state, expected);
            assert!(!state.past.is_unread());
        }
    }

    #[test]
    fn what_follows_a_lost_record_is_not_used_and_its_blocks_are_read_again() {
        let (folder, disk, [whole, ..]) = saved_block_by_block();
        let path = folder.path().join("tickets.state.added");
        let added = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
        let second = added.rfind("{\"format\"").unwrap();
        std::fs::write(&path, &added[second..]).unwrap();
        let mut state = fresh();
        assert_eq!(restore(&mut state, &disk).len(), 1);
        assert_same(&state, &whole);
        assert_eq!(state.past.unread(), Some(Height(2)));
    }

    /// What lies on disk now.
    fn before_changes(disk: &Disk) -> State {
        let mut state = fresh();
        restore(&mut state, disk);
        state
    }

    #[test]
    fn tickets_as_they_were_stored_before_are_read() {
        let (folder, disk) = saved();
        let known = before_changes(&disk);
        let entry = known.tickets.get(&Hash([1; 32])).unwrap();
        let former = serde_json::json!({
            "chain": known.chain,
            "added": [],
            "tickets": [{
                "record": entry.record(),
                "settled": null,
                "script": hex::encode(entry.ticket.submission.hash160()),
                "change": 0,
                "commitments": entry.ticket.commitments.iter().map(|it| serde_json::json!(
                    [hex::encode(it.to.hash160()), false, it.amount, it.fee_limits]
                )).collect::<Vec<_>>(),
            }],
        });
        disk.save(Kind::Tickets, Some(POOL), &former).unwrap();
        let mut state = fresh();
        assert!(restore(&mut state, &disk).is_empty());
        let again = state.tickets.get(&Hash([1; 32])).unwrap();
        assert_eq!(
            (again.record(), &again.ticket),
            (entry.record(), &entry.ticket)
        );
        drop(folder);
    }

    #[test]
    fn tickets_of_another_pool_are_not_used() {
        let (_folder, disk) = saved();
        let mut other = state();
        other.preferences = Preferences::restore(Some(PoolId(uuid::Uuid::from_u128(8))), vec![]);
        Part::of(&other, Kind::Tickets).save(&disk).unwrap();
        let mut state = fresh();
        assert_eq!(restore(&mut state, &disk).len(), 1);
        assert!(state.tickets.is_empty());
        assert_eq!(state.scripts.summary().count, 2);
    }

    #[test]
    fn what_vanished_is_told_after_a_restart_too() {
        let (_folder, disk) = saved();
        let mut state = state();
        state.discover(&ticket(2, &script(4)), None);
        state.tickets.forget(&Hash([2; 32]));
        Part::of(&state, Kind::Tickets).save(&disk).unwrap();
        let mut state = fresh();
        assert!(restore(&mut state, &disk).is_empty());
        let departed: Vec<_> = state.tickets.departed().copied().collect();
        assert_eq!(departed, [Hash([2; 32])]);
    }

    #[test]
    fn a_ticket_belongs_to_the_owner_of_its_script_and_is_counted_once() {
        let (_folder, disk) = saved();
        let mut before = fresh();
        restore(&mut before, &disk);
        let entry = before.tickets.get(&Hash([1; 32])).unwrap();
        let file = TicketsWritten {
            chain: before.chain.clone(),
            unread: None,
            added: Vec::new(),
            gone: Vec::new(),
            tickets: vec![Arc::new(entry.clone()), Arc::new(entry.clone())],
        };
        disk.save(Kind::Tickets, Some(POOL), &file).unwrap();
        let mut state = fresh();
        assert!(restore(&mut state, &disk).is_empty());
        let entry = state.tickets.get(&Hash([1; 32])).unwrap();
        assert_eq!(entry.owner.user_id, UserId(4));
        assert_eq!(entry.record().ticket_address, script(4).address());
        assert_eq!(entry.record().revocation, None);
        assert_eq!(state.tickets.counts().live, 1);
    }

    #[test]
    fn a_part_of_the_future_or_of_another_network_costs_only_itself() {
        for kind in ["scripts", "preferences", "tickets"] {
            for (from, to) in [("\"format\":2", "\"format\":9"), ("simnet", "testnet")] {
                let (folder, disk) = saved();
                let file = folder.path().join(format!("{kind}.state"));
                let text = std::fs::read_to_string(&file).unwrap();
                std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
                let mut state = fresh();
                let warnings = restore(&mut state, &disk);
                assert_eq!(warnings.len(), 1, "{kind} {to}: {warnings:?}");
                assert!(warnings[0].contains(&format!("{kind}.state is not used")));
                let held = [
                    !state.scripts.is_empty(),
                    state.preferences.count() > 0,
                    !state.tickets.is_empty(),
                ];
                // Tickets without the scripts they pay to are loaded again when those are there.
                let expected = match kind {
                    "scripts" => [false, true, false],
                    "preferences" => [true, false, true],
                    _ => [true, true, false],
                };
                assert_eq!(held, expected, "{kind} {to}");
            }
        }
    }

    #[test]
    fn lost_tickets_cost_neither_scripts_nor_preferences() {
        let (folder, disk) = saved();
        std::fs::write(folder.path().join("tickets.state"), b"garbage").unwrap();
        let mut state = fresh();
        assert_eq!(restore(&mut state, &disk).len(), 1);
        assert!(state.tickets.is_empty() && state.chain.tip().is_none());
        // From the registration of the first script on.
        assert_eq!(state.past.unread(), Some(Height(2)));
        assert_eq!(state.preferences.count(), 1);
        assert_eq!(state.scripts.summary().count, 2);
    }

    #[test]
    fn a_first_start_is_no_trouble() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path(), crate::decred::Network::Simnet).unwrap();
        let mut state = fresh();
        assert!(restore(&mut state, &disk).is_empty());
        assert!(state.scripts.is_empty() && state.preferences.pool().is_none());
        assert!(!state.past.is_unread());
    }
}
