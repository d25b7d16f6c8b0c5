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
                tickets,
            } => {
                let tickets = tickets.iter().map(|entry| entry.as_ref().into()).collect();
                let file = TicketsFile {
                    chain,
                    added,
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
    state.added = file.added.into_iter().collect();
    if let Some((_, height)) = state.chain.tip() {
        state.tickets.advance(height);
    }
    for stored in file.tickets {
        // A ticket whose script is not known here cannot be voted: it is found again when it is.
        if state.scripts.get(&stored.script).is_some() {
            state.tickets.restore(stored.entry());
        }
    }
}
