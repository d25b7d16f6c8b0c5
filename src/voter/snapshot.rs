//! The state's parts as they lie on disk, and back. A restarted voter votes from them before anything
//! else is known.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::disk::{self, Disk, Kind, Loaded};
use super::index::Entry;
use super::life::Settled;
use super::preferences::Preferences;
use super::scripts::Script;
use super::state::State;
use crate::decred::script::PayTo;
use crate::decred::ticket::{Commitment, Ticket};
use crate::decred::{Atoms, Height, Network, TicketHash};
use crate::domain::{PoolId, Preference, TicketRecord};
use crate::rpc::wire::{RescanProgress, ScriptImport};

/// Scripts, and the durable mark that the wallet still needs a rescan.
#[derive(Debug, Serialize, Deserialize)]
struct ScriptsFile {
    scripts: Vec<ScriptImport>,
    rescan_from: Option<Height>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TicketsFile {
    /// Blocks whose effects are in `tickets`.
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

#[derive(Debug, Serialize, Deserialize)]
struct StoredTicket {
    record: TicketRecord,
    settled: Option<Settled>,
    #[serde(with = "hex::serde")]
    script: [u8; 20],
    change: Atoms,
    commitments: Vec<StoredCommitment>,
}

/// Destination, whether it is a script hash, amount, limits.
#[derive(Debug, Serialize, Deserialize)]
struct StoredCommitment(#[serde(with = "hex::serde")] [u8; 20], bool, i64, u16);

impl From<&Entry> for StoredTicket {
    fn from(entry: &Entry) -> Self {
        let commitments = entry.ticket.commitments.iter().map(|commitment| {
            StoredCommitment(
                *commitment.to.hash160(),
                commitment.to.is_script_hash(),
                commitment.amount.0,
                commitment.fee_limits,
            )
        });
        Self {
            record: entry.record.clone(),
            settled: entry.settled.clone(),
            script: entry.script,
            change: entry.ticket.change,
            commitments: commitments.collect(),
        }
    }
}

impl StoredTicket {
    /// Whose ticket it is follows from its script, and how it ended from `settled`, whatever else the file
    /// says: two truths would be one too many.
    fn entry(mut self, owner: &Script) -> Entry {
        self.record.user_id = owner.user_id;
        self.record.ticket_address.clone_from(&owner.address);
        self.record.vote = self.settled.as_ref().and_then(Settled::vote);
        self.record.revocation = self.settled.as_ref().and_then(Settled::revocation);
        let commitments = self
            .commitments
            .iter()
            .map(
                |StoredCommitment(hash, script, amount, limits)| Commitment {
                    to: if *script {
                        PayTo::ScriptHash(*hash)
                    } else {
                        PayTo::PubKeyHash(*hash)
                    },
                    amount: Atoms(*amount),
                    fee_limits: *limits,
                },
            )
            .collect();
        let ticket = Ticket {
            hash: self.record.hash,
            price: self.record.price,
            submission: PayTo::ScriptHash(self.script),
            commitments,
            change: self.change,
        };
        Entry::restored(self.record, self.script, Arc::new(ticket), self.settled)
    }
}

/// A part of the state, ready to be written by another thread.
#[derive(Debug)]
pub struct Part {
    pub kind: Kind,
    pool: Option<PoolId>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Scripts(ScriptsFile),
    Preferences(Vec<Preference>),
    Tickets {
        chain: Chain,
        unread: Option<Height>,
        added: Vec<TicketHash>,
        gone: Vec<TicketHash>,
        tickets: Vec<Arc<Entry>>,
    },
}

impl Part {
    /// Takes what is to be written out of the state; cheap, nothing is serialised yet.
    pub fn of(state: &State, kind: Kind) -> Self {
        Self {
            kind,
            pool: state.preferences.pool(),
            content: match kind {
                Kind::Scripts => Content::Scripts(ScriptsFile {
                    scripts: state.scripts.export(),
                    rescan_from: state.rescan.map(|rescan| rescan.from),
                }),
                Kind::Preferences => {
                    Content::Preferences(state.preferences.all().cloned().collect())
                }
                Kind::Tickets => Content::Tickets {
                    chain: state.chain.clone(),
                    unread: state.past.unread(),
                    added: state.added.iter().copied().collect(),
                    gone: state.tickets.departed().copied().collect(),
                    tickets: state.tickets.all().cloned().collect(),
                },
            },
        }
    }

    /// Writes it. Blocking.
    pub fn save(self, disk: &Disk) -> std::io::Result<()> {
        disk.save(self.kind, self.pool, &self.content.written())
    }

    /// The bytes that `save` writes.
    pub fn file(self, network: Network) -> serde_json::Result<Vec<u8>> {
        let content = serde_json::to_vec(&self.content.written())?;
        let mut file = disk::first_line(self.kind, network, self.pool, &content)?;
        file.extend_from_slice(&content);
        Ok(file)
    }
}

/// The content of a file.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Written {
    Scripts(ScriptsFile),
    Preferences(Vec<Preference>),
    Tickets(TicketsFile),
}

impl Content {
    fn written(self) -> Written {
        match self {
            Content::Scripts(file) => Written::Scripts(file),
            Content::Preferences(file) => Written::Preferences(file),
            Content::Tickets {
                chain,
                unread,
                added,
                gone,
                tickets,
            } => Written::Tickets(TicketsFile {
                chain,
                unread,
                added,
                gone,
                tickets: tickets.iter().map(|entry| entry.as_ref().into()).collect(),
            }),
        }
    }
}

/// What was found of each part.
#[derive(Debug)]
struct Found {
    preferences: Loaded<Vec<Preference>>,
    scripts: Loaded<ScriptsFile>,
    tickets: Loaded<TicketsFile>,
}

/// Reads everything back into a fresh state; the warnings say what was passed over. Parts of different
/// pools never mix: the preferences' pool is believed. Blocking.
pub fn restore(state: &mut State, disk: &Disk) -> Vec<String> {
    let found = Found {
        preferences: disk.load(Kind::Preferences),
        scripts: disk.load(Kind::Scripts),
        tickets: disk.load(Kind::Tickets),
    };
    take(state, found)
}

/// The same from the bytes of one file a kind, as `Part::file` gives them.
pub fn restore_files<'a>(state: &mut State, file: impl Fn(Kind) -> &'a [u8]) -> Vec<String> {
    let network = state.params.network;
    let found = Found {
        preferences: opened(file(Kind::Preferences), Kind::Preferences, network),
        scripts: opened(file(Kind::Scripts), Kind::Scripts, network),
        tickets: opened(file(Kind::Tickets), Kind::Tickets, network),
    };
    take(state, found)
}

fn opened<T: DeserializeOwned>(file: &[u8], kind: Kind, network: Network) -> Loaded<T> {
    match disk::open(file, kind, network) {
        Ok(content) => Loaded {
            content: Some(content),
            warnings: Vec::new(),
        },
        Err(error) => Loaded {
            content: None,
            warnings: vec![error.to_string()],
        },
    }
}

fn take(state: &mut State, found: Found) -> Vec<String> {
    let mut warnings = Vec::new();
    let preferences = content(found.preferences, &mut warnings);
    let pool = preferences.as_ref().and_then(|(pool, _)| *pool);
    let held = preferences.map(|(_, held)| held).unwrap_or_default();

    let scripts = content(found.scripts, &mut warnings);
    let pool = pool.or_else(|| scripts.as_ref().and_then(|(pool, _)| *pool));
    state.preferences = Preferences::restore(pool, held);
    if let Some(file) = same_pool(scripts, pool, Kind::Scripts, &mut warnings) {
        restore_scripts(state, &file, &mut warnings);
    }
    let newest = found.tickets.warnings.is_empty();
    let tickets = content(found.tickets, &mut warnings);
    let tickets = same_pool(tickets, pool, Kind::Tickets, &mut warnings);
    // An older generation does not tell which of today's scripts it was made with.
    if tickets.is_none() || !newest {
        state.all_past_unread();
    }
    if let Some(file) = tickets {
        restore_tickets(state, file);
    }
    warnings
}

fn content<T>(loaded: Loaded<T>, warnings: &mut Vec<String>) -> Option<(Option<PoolId>, T)> {
    warnings.extend(loaded.warnings);
    loaded.content
}

fn same_pool<T>(
    file: Option<(Option<PoolId>, T)>,
    pool: Option<PoolId>,
    kind: Kind,
    warnings: &mut Vec<String>,
) -> Option<T> {
    let (theirs, file) = file?;
    if theirs.is_some() && theirs != pool {
        warnings.push(format!("the saved {kind:?} are of another pool: not used"));
        return None;
    }
    Some(file)
}

fn restore_scripts(state: &mut State, file: &ScriptsFile, warnings: &mut Vec<String>) {
    if let Err(error) = state.scripts.import(&file.scripts) {
        warnings.push(format!("the saved scripts are not used: {error}"));
        return;
    }
    state.rescan = file.rescan_from.map(|from| RescanProgress {
        from,
        running: false,
    });
}

fn restore_tickets(state: &mut State, file: TicketsFile) {
    state.chain = file.chain;
    if let Some(unread) = file.unread {
        state.past.need(unread, None);
    }
    state.added = file.added.into_iter().collect();
    if let Some((_, height)) = state.chain.tip() {
        state.tickets.advance(height);
    }
    for stored in file.tickets {
        // A ticket whose script is not known here cannot be voted: it is found again when it is.
        let Some(owner) = state.scripts.get(&stored.script).cloned() else {
            continue;
        };
        if !state.tickets.contains(&stored.record.hash) {
            state.tickets.restore(stored.entry(&owner));
        }
    }
    for hash in file.gone {
        state.tickets.note_departure(hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::hash::Hash;
    use crate::decred::{VoteBits, VoteVersion};
    use crate::domain::{FeeVerdict, Revision, TicketStatus, UserId};
    use crate::rpc::wire::PreferencesPush;
    use crate::voter::testing::{POOL, script, state, ticket};

    fn preference() -> Preference {
        Preference {
            user_id: UserId(4),
            ticket_address: script(4).address,
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
        assert_eq!(entry.record.status, TicketStatus::Live);
        assert_eq!(entry.record.verdict, FeeVerdict::Good);
        assert_eq!(entry.ticket, ticket(1, &script(4)));
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
        let mut file = TicketsFile {
            chain: before.chain.clone(),
            unread: None,
            added: Vec::new(),
            gone: Vec::new(),
            tickets: Vec::new(),
        };
        for _ in 0..2 {
            let entry = before.tickets.get(&Hash([1; 32])).unwrap();
            let mut stored = StoredTicket::from(entry);
            stored.record.user_id = UserId(5);
            stored.record.ticket_address = script(5).address;
            stored.record.revocation = Some(Hash([8; 32]));
            file.tickets.push(stored);
        }
        disk.save(Kind::Tickets, Some(POOL), &file).unwrap();
        let mut state = fresh();
        assert!(restore(&mut state, &disk).is_empty());
        let entry = state.tickets.get(&Hash([1; 32])).unwrap();
        assert_eq!(entry.record.user_id, UserId(4));
        assert_eq!(entry.record.ticket_address, script(4).address);
        assert_eq!(entry.record.revocation, None);
        assert_eq!(state.tickets.counts().live, 1);
    }

    #[test]
    fn a_part_of_the_future_or_of_another_network_costs_only_itself() {
        for kind in ["scripts", "preferences", "tickets"] {
            for (from, to) in [("\"format\":1", "\"format\":9"), ("simnet", "testnet")] {
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
