//! The state's parts as they lie on disk, and back. A restarted voter votes from them before anything
//! else is known.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::disk::{Disk, Kind, Loaded};
use super::index::Entry;
use super::life::Settled;
use super::preferences::Preferences;
use super::state::State;
use crate::decred::script::PayTo;
use crate::decred::ticket::{Commitment, Ticket};
use crate::decred::{Atoms, Height, TicketHash};
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
    fn entry(self) -> Entry {
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
                    added: state.added.iter().copied().collect(),
                    gone: state.tickets.departed().copied().collect(),
                    tickets: state.tickets.all().cloned().collect(),
                },
            },
        }
    }

    /// Writes it. Blocking.
    pub fn save(self, disk: &Disk) -> std::io::Result<()> {
        match self.content {
            Content::Scripts(file) => disk.save(self.kind, self.pool, &file),
            Content::Preferences(file) => disk.save(self.kind, self.pool, &file),
            Content::Tickets {
                chain,
                added,
                gone,
                tickets,
            } => {
                let tickets = tickets.iter().map(|entry| entry.as_ref().into()).collect();
                let file = TicketsFile {
                    chain,
                    added,
                    gone,
                    tickets,
                };
                disk.save(self.kind, self.pool, &file)
            }
        }
    }
}

/// Reads everything back into a fresh state; the warnings say what was passed over. Parts of different
/// pools never mix: the preferences' pool is believed. Blocking.
pub fn restore(state: &mut State, disk: &Disk) -> Vec<String> {
    let mut warnings = Vec::new();
    let preferences: Option<(_, Vec<Preference>)> =
        content(disk.load(Kind::Preferences), &mut warnings);
    let pool = preferences.as_ref().and_then(|(pool, _)| *pool);
    let held = preferences.map(|(_, held)| held).unwrap_or_default();

    let scripts = content::<ScriptsFile>(disk.load(Kind::Scripts), &mut warnings);
    let pool = pool.or_else(|| scripts.as_ref().and_then(|(pool, _)| *pool));
    state.preferences = Preferences::restore(pool, held);
    if let Some(file) = same_pool(scripts, pool, Kind::Scripts, &mut warnings) {
        restore_scripts(state, &file, &mut warnings);
    }
    let tickets = content::<TicketsFile>(disk.load(Kind::Tickets), &mut warnings);
    if let Some(file) = same_pool(tickets, pool, Kind::Tickets, &mut warnings) {
        restore_tickets(state, file, &mut warnings);
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

fn restore_tickets(state: &mut State, file: TicketsFile, warnings: &mut Vec<String>) {
    state.chain = file.chain;
    state.added = file.added.into_iter().collect();
    if let Some((_, height)) = state.chain.tip() {
        state.tickets.advance(height);
    }
    let mut odd = 0u32;
    for stored in file.tickets {
        // A ticket whose script is not known here cannot be voted: it is found again when it is.
        let Some(owner) = state.scripts.get(&stored.script) else {
            continue;
        };
        let record = &stored.record;
        if record.user_id == owner.user_id && record.ticket_address == owner.address {
            state.tickets.restore(stored.entry());
        } else {
            odd = odd.saturating_add(1);
        }
    }
    if odd > 0 {
        warnings.push(format!(
            "{odd} saved tickets are not their owners' and are not used: they are loaded again"
        ));
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
    fn tickets_that_do_not_fit_their_script_are_not_used() {
        let (folder, disk) = saved();
        let text = std::fs::read_to_string(folder.path().join("tickets.state")).unwrap();
        let (_, content) = text.split_once('\n').unwrap();
        for (name, odd) in [
            ("user_id", serde_json::json!(5)),
            ("ticket_address", serde_json::json!(script(5).address)),
        ] {
            let mut file: serde_json::Value = serde_json::from_str(content).unwrap();
            file["tickets"][0]["record"][name] = odd;
            disk.save(Kind::Tickets, Some(POOL), &file).unwrap();
            let mut state = fresh();
            assert_eq!(restore(&mut state, &disk).len(), 1, "{name}");
            assert!(state.tickets.is_empty());
        }
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
    fn lost_tickets_cost_neither_scripts_nor_preferences() {
        let (folder, disk) = saved();
        std::fs::write(folder.path().join("tickets.state"), b"garbage").unwrap();
        let mut state = fresh();
        assert_eq!(restore(&mut state, &disk).len(), 1);
        assert!(state.tickets.is_empty() && state.chain.tip().is_none());
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
    }
}
