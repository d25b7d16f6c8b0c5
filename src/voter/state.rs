//! All that the voter knows. One loop owns it; nothing else touches it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::alarms::Alarms;
use super::chain::Chain;
use super::churn::Churn;
use super::disk::Kind;
use super::fees::Judge;
use super::index::Index;
use super::life::Settled;
use super::past::Past;
use super::preferences::Preferences;
use super::rounds::Rounds;
use super::scripts::{ScriptHash, Scripts};
use crate::decred::agenda::Agendas;
use crate::decred::params::Params;
use crate::decred::ticket::Ticket;
use crate::decred::{Atoms, BlockHash, Height, TicketHash, VoteVersion};
use crate::domain::InstanceId;
use crate::rpc::wire::{DcrdStatus, RescanProgress, SignerKind, Tip, WalletStatus};

/// Heights for which a vote's subsidy is remembered.
const SUBSIDIES_KEPT: usize = 8;

#[derive(Debug)]
pub struct State {
    pub params: &'static Params,
    pub instance: InstanceId,
    pub scripts: Scripts,
    pub preferences: Preferences,
    pub tickets: Index,
    /// dcrd's lists were read once since the start, and the wallet was complete then.
    pub lists_read: bool,
    /// All sources were read once since the start: the lists, and the past.
    pub tickets_loaded: bool,
    /// From where blocks must be read again for the scripts there are now.
    pub past: Past,
    /// Tickets that pay to other scripts, with those scripts: one of them may become ours.
    pub foreign: HashMap<TicketHash, ScriptHash>,
    /// Low-fee tickets that an admin accepted, known here or not.
    pub added: HashSet<TicketHash>,
    pub judge: Judge,
    pub chain: Chain,
    /// The same as it was when it was last written to disk.
    chain_saved: Chain,
    pub rounds: Rounds,
    pub subsidies: BTreeMap<Height, Atoms>,
    pub vote_version: VoteVersion,
    pub agendas: Option<Agendas>,
    /// dcrd's best block, as far as it was read.
    pub best: Option<Tip>,
    pub dcrd: DcrdStatus,
    pub wallet: WalletStatus,
    pub signer: SignerKind,
    pub rescan: Option<RescanProgress>,
    pub alarms: Alarms,
    pub churn: Churn,
}

impl State {
    pub fn new(params: &'static Params, instance: InstanceId, judge: Judge) -> Self {
        Self {
            params,
            instance,
            scripts: Scripts::new(params.network),
            preferences: Preferences::default(),
            tickets: Index::new(params, instance),
            lists_read: false,
            tickets_loaded: false,
            past: Past::default(),
            foreign: HashMap::new(),
            added: HashSet::new(),
            judge,
            chain: Chain::default(),
            chain_saved: Chain::default(),
            rounds: Rounds::default(),
            subsidies: BTreeMap::new(),
            vote_version: VoteVersion::default(),
            agendas: None,
            best: None,
            dcrd: DcrdStatus {
                connected: false,
                version: String::new(),
                synced: false,
            },
            wallet: WalletStatus {
                connected: false,
                version: String::new(),
                unlocked: false,
                daemon_connected: false,
                height: None,
                voting: false,
            },
            signer: SignerKind::Wallet,
            rescan: None,
            alarms: Alarms::default(),
            churn: Churn::default(),
        }
    }

    /// A ticket seen in the mempool or in a block: indexed when it pays to a script of ours. True for
    /// ours.
    pub fn discover(&mut self, ticket: &Ticket, mined: Option<(BlockHash, Height)>) -> bool {
        let script = *ticket.submission.hash160();
        let owner = self.scripts.get(&script).cloned();
        let Some(owner) = owner.filter(|_| ticket.submission.is_script_hash()) else {
            self.foreign.insert(ticket.hash, script);
            return false;
        };
        self.foreign.remove(&ticket.hash);
        let mined = mined.filter(|(block, height)| self.may_be_ours(*block, *height));
        self.tickets.see(ticket, &owner, mined);
        self.judge_ticket(ticket.hash);
        true
    }

    /// How many items of a part changed since it was written, and how many there are.
    pub fn unsaved(&self, kind: Kind) -> (usize, usize) {
        match kind {
            Kind::Scripts => (self.scripts.unsaved(), self.scripts.len()),
            Kind::Preferences => (self.preferences.unsaved(), self.preferences.count()),
            Kind::Tickets => (self.tickets.unsaved(), self.tickets.len()),
        }
    }

    /// The whole part is written, or about to be.
    pub fn all_saved(&mut self, kind: Kind) {
        match kind {
            Kind::Scripts => drop(self.scripts.take_unsaved()),
            Kind::Preferences => drop(self.preferences.take_unsaved()),
            Kind::Tickets => {
                self.tickets.all_saved();
                self.chain_saved = self.chain.clone();
            }
        }
    }

    /// What came to the chain since it was written; counts as written what it gives.
    pub fn take_unsaved_chain(&mut self) -> Chain {
        let unsaved = self.chain.since(&self.chain_saved);
        self.chain_saved = self.chain.clone();
        unsaved
    }

    /// How a ticket ended, told by another source than the blocks: only what is not known better.
    pub fn settle(&mut self, ticket: TicketHash, settled: Settled) {
        if self.may_be_ours(settled.block(), settled.height()) {
            self.tickets.settle_if_open(ticket, settled);
        }
    }

    /// Every block since the first script must be read again.
    pub fn all_past_unread(&mut self) {
        let first = self.scripts.all().map(|script| script.height_registered);
        if let Some(first) = first.min() {
            self.past.need(first, None);
        }
    }

    /// Whether a block may be on the main chain as it is known here. One that is not is about to come, or
    /// was left by a reorganisation between dcrd's answer and now.
    fn may_be_ours(&self, block: BlockHash, height: Height) -> bool {
        self.chain.at(height).is_none_or(|ours| ours == block)
    }

    /// Version and agendas change in one step.
    pub fn know_agendas(&mut self, agendas: Agendas) {
        self.vote_version = agendas.version;
        self.agendas = Some(agendas);
    }

    fn judge_ticket(&mut self, ticket: TicketHash) {
        use crate::domain::FeeVerdict;
        let Some(entry) = self.tickets.get(&ticket) else {
            return;
        };
        let Some((_, height)) = entry.mined else {
            return;
        };
        if entry.verdict != FeeVerdict::Pending {
            return;
        }
        if let Some((verdict, paid)) = self.judge.verdict(&entry.ticket, height) {
            let added = verdict == FeeVerdict::Low && self.added.contains(&ticket);
            let verdict = if added { FeeVerdict::Added } else { verdict };
            self.tickets.judge(ticket, verdict, paid);
        }
    }

    /// Judges what waited for the fee addresses.
    pub fn judge_waiting(&mut self) {
        for ticket in self.tickets.unjudged() {
            self.judge_ticket(ticket);
        }
    }

    /// The whole of what admins added.
    pub fn set_added(&mut self, added: HashSet<TicketHash>) {
        self.added = added;
        self.tickets.set_added(&self.added);
    }

    /// Tickets seen before under scripts that are ours now.
    pub fn recognised(&self, scripts: &HashSet<ScriptHash>) -> Vec<TicketHash> {
        self.foreign
            .iter()
            .filter(|(_, script)| scripts.contains(*script))
            .map(|(ticket, _)| *ticket)
            .collect()
    }

    /// Which of `tickets` were never seen.
    pub fn unknown(&self, tickets: &[TicketHash]) -> Vec<TicketHash> {
        tickets
            .iter()
            .filter(|hash| !self.tickets.contains(hash) && !self.foreign.contains_key(hash))
            .copied()
            .collect()
    }

    pub fn know_subsidy(&mut self, height: Height, atoms: Atoms) {
        self.subsidies.insert(height, atoms);
        while self.subsidies.len() > SUBSIDIES_KEPT {
            self.subsidies.pop_first();
        }
    }

    /// The best height as known by now, from blocks or winners.
    pub fn best_height(&self) -> Height {
        self.best
            .as_ref()
            .map(|tip| tip.height)
            .max(self.chain.tip().map(|(_, height)| height))
            .unwrap_or_default()
    }
}
