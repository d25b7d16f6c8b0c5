//! The loop's answers to requests: from web, from its own tasks.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use super::alarms::id;
use super::disk::Kind;
use super::engine::Engine;
use super::event::{
    Duties, Numbers, RegisterError, Registered, Request, Standing, Unmined, Whereabouts,
};
use super::past::Unread;
use super::preferences::Refusal;
use super::scripts::{Script, ScriptHash};
use super::sync::rescan_needed;
use super::{find, low_fee};
use crate::decred::{BlockHash, Height, TicketHash};
use crate::domain::TicketStatus;
use crate::rpc::wire::{
    ImportRequest, LowFeeLists, LowFeeTicket, PreferencesAccepted, PreferencesPush,
    PreferencesStatus, RescanProgress, Status,
};

/// Events that a slow listener may be behind before it is dropped.
const EVENTS_QUEUED: usize = 256;

impl Engine {
    pub(super) fn on_request(&mut self, request: Request) {
        // Who asked may have gone: nobody misses the answer then.
        match request {
            Request::Status(reply) => drop(reply.send(self.status())),
            Request::Register(import, reply) => self.register(&import, reply),
            Request::Preferences(push, reply) => self.set_preferences(push, reply),
            Request::TicketsSince(cursor, reply) => {
                drop(reply.send(self.state.tickets.since(&cursor)));
            }
            Request::SetLowFee(asked, reply) => drop(reply.send(self.set_low_fee(asked))),
            Request::Standing(ticket, reply) => drop(reply.send(self.standing(&ticket))),
            Request::Owns(script, reply) => {
                let _ = reply.send(self.state.scripts.get(&script).is_some());
            }
            Request::Numbers(reply) => drop(reply.send(self.numbers())),
            Request::Agendas(reply) => drop(reply.send(self.state.agendas.clone())),
            Request::ScriptRegistry(reply) => drop(reply.send(self.state.scripts.summary())),
            Request::Subscribe(reply) => {
                let (sender, receiver) = mpsc::channel(EVENTS_QUEUED);
                self.subscribers.push(sender);
                drop(reply.send(receiver));
            }
            Request::Duties(reply) => drop(reply.send(Duties {
                scripts: self.state.scripts.all().cloned().collect(),
                rescan_from: self.state.rescan.map(|rescan| rescan.from),
            })),
            Request::MarkRescan(from, reply) => self.mark_rescan(from, reply),
            Request::Unknown(tickets, reply) => drop(reply.send(self.state.unknown(&tickets))),
            Request::RevokedLate(reply) => drop(reply.send(self.state.tickets.revoked_late())),
            Request::Unread(reply) => drop(reply.send(self.unread())),
            Request::Unmined(reply) => drop(reply.send(self.unmined())),
            Request::Unspent(reply) => drop(reply.send(self.unspent())),
        }
    }

    fn numbers(&self) -> Numbers {
        Numbers {
            counts: self.state.tickets.counts(),
            total_reward: self.state.tickets.total_reward(),
            height: self.state.best_height(),
        }
    }

    fn unspent(&self) -> Vec<(TicketHash, BlockHash)> {
        let may_vote = |status| matches!(status, TicketStatus::Immature | TicketStatus::Live);
        self.state
            .tickets
            .all()
            .filter(|entry| may_vote(entry.status))
            .filter_map(|entry| Some((entry.ticket.hash, entry.mined?.0)))
            .collect()
    }

    /// Nothing when nothing is followed yet: the root pokes.
    fn unread(&mut self) -> Option<Unread> {
        let (_, tip) = self.state.chain.tip()?;
        let revision = self.state.past.revision();
        let Some(from) = self.state.past.unread().filter(|from| *from <= tip) else {
            self.past_read(revision, None);
            return None;
        };
        let scripts = self.state.scripts.hashes();
        Some(Unread {
            revision,
            from,
            to: tip,
            scripts: scripts.copied().collect(),
        })
    }

    fn unmined(&self) -> Unmined {
        let waits = |hash: &&TicketHash| {
            let entry = self.state.tickets.get(hash);
            entry.is_some_and(|entry| entry.status == TicketStatus::Mempool)
        };
        let unmined = self.state.tickets.unmined();
        Unmined {
            tickets: unmined.filter(waits).copied().collect(),
            tip: self.state.chain.tip().map(|(block, _)| block),
        }
    }

    fn register(
        &mut self,
        import: &ImportRequest,
        reply: oneshot::Sender<Result<Registered, RegisterError>>,
    ) {
        let registered = match self.register_now(import) {
            Ok(registered) => registered,
            Err(error) => return drop(reply.send(Err(error))),
        };
        // Scripts that are known and not on disk yet are no better than new ones.
        if !registered.any_new && !self.is_dirty(Kind::Scripts) {
            return drop(reply.send(Ok(registered)));
        }
        // The mark that their past is unread lies with the tickets, and must be there before them.
        let past = self.state.past.is_unread().then_some(Kind::Tickets);
        let parts = past.into_iter().chain([Kind::Scripts]);
        let saved: Vec<_> = parts.map(|kind| self.save(kind)).collect();
        self.links.spawn("register scripts", async move {
            let answer = all_saved(saved).await.map(|()| registered);
            drop(reply.send(answer));
        });
    }

    fn register_now(&mut self, import: &ImportRequest) -> Result<Registered, RegisterError> {
        self.state.preferences.adopt(import.pool_id)?;
        let imported = self.state.scripts.import(&import.scripts)?;
        if let Some(from) = rescan_needed(&imported.new, self.state.best_height()) {
            self.lower_mark(from);
        }
        self.read_past_of(&imported.new);
        self.find_bought_before(&imported.new);
        let hashes = import
            .scripts
            .iter()
            .filter_map(|script| {
                crate::decred::multisig::RedeemScript::from_hex(&script.redeem_script).ok()
            })
            .map(|script| script.hash160());
        Ok(Registered {
            any_new: !imported.new.is_empty(),
            outcomes: imported.outcomes,
            scripts: hashes
                .filter_map(|hash| self.state.scripts.get(&hash).cloned())
                .collect(),
            rescan_from: self.state.rescan.map(|rescan| rescan.from),
        })
    }

    fn lower_mark(&mut self, from: Height) {
        let mark = self.state.rescan.get_or_insert(RescanProgress {
            from,
            running: false,
        });
        mark.from = mark.from.min(from);
    }

    /// Has the blocks read again that came between a script's registration and now.
    fn read_past_of(&mut self, scripts: &[Arc<Script>]) {
        let Some(registered) = scripts.iter().map(|script| script.height_registered).min() else {
            return;
        };
        let tip = self.state.chain.tip().map(|(_, height)| height);
        self.state.past.need(registered, tip);
        self.links.pokes.past.notify_one();
    }

    /// Tickets that were seen when the script was nobody's.
    fn find_bought_before(&mut self, scripts: &[Arc<Script>]) {
        let hashes: HashSet<ScriptHash> = scripts
            .iter()
            .map(|script| script.redeem.hash160())
            .collect();
        let tickets = self.state.recognised(&hashes);
        if !tickets.is_empty() {
            self.links
                .spawn("find tickets", find::tickets(self.links.clone(), tickets));
        }
    }

    /// Makes ahead what the first votes of these scripts will compare and sign with.
    fn prepare_keys(&self, scripts: Vec<Arc<Script>>) {
        let signers = self.signers.borrow().clone();
        self.links.tasks.spawn("prepare keys", async move {
            let work = tokio::task::spawn_blocking(move || {
                for script in &scripts {
                    // What the owner chose is for this address: a vote compares the two.
                    script.address();
                }
                if let Some(memory) = signers.memory() {
                    for script in &scripts {
                        memory.prepare(script);
                    }
                }
            });
            let _ = work.await;
        });
    }

    /// Derives ahead for all tickets that may be called, after the start, and when the memory signer has
    /// come. Scripts without tickets cost nothing.
    pub(super) fn prepare_all_keys(&self) {
        let may_vote = |status| matches!(status, TicketStatus::Immature | TicketStatus::Live);
        let tickets = self.state.tickets.all();
        let tickets = tickets.filter(|entry| may_vote(entry.status));
        self.prepare_keys_of(tickets.map(|entry| &entry.owner));
    }

    /// The same for tickets that can be called from now on.
    pub(super) fn prepare_keys_for(&self, tickets: &[TicketHash]) {
        let entries = tickets.iter().filter_map(|it| self.state.tickets.get(it));
        self.prepare_keys_of(entries.map(|entry| &entry.owner));
    }

    fn prepare_keys_of<'a>(&self, scripts: impl Iterator<Item = &'a Arc<Script>>) {
        let unprepared = scripts.filter(|script| script.key.get().is_none());
        let mut unprepared: Vec<_> = unprepared.cloned().collect();
        unprepared.sort_unstable_by_key(|script| script.key_index);
        unprepared.dedup_by(|one, other| Arc::ptr_eq(one, other));
        if !unprepared.is_empty() {
            self.prepare_keys(unprepared);
        }
    }

    fn mark_rescan(&mut self, from: Option<Height>, reply: oneshot::Sender<()>) {
        match from {
            Some(from) => self.lower_mark(from),
            None => self.state.rescan = None,
        }
        let saved = self.save(Kind::Scripts);
        self.links.spawn("mark rescan", async move {
            // Not saved is an alarm already; the wallet's work goes on.
            let _ = saved.await;
            let _ = reply.send(());
        });
    }

    /// In force at once; the answer waits until they are on disk, so that a voter that was killed after it
    /// votes by them also before web speaks to it again. A disk that takes nothing is an alarm, and no
    /// reason to refuse.
    fn set_preferences(
        &mut self,
        push: PreferencesPush,
        reply: oneshot::Sender<Result<PreferencesAccepted, Refusal>>,
    ) {
        let accepted = self.take_preferences(push);
        if accepted.is_err() || !self.is_dirty(Kind::Preferences) {
            return drop(reply.send(accepted));
        }
        let saved = self.save(Kind::Preferences);
        self.links.spawn("keep preferences", async move {
            let _ = saved.await;
            drop(reply.send(accepted));
        });
    }

    pub(super) fn take_preferences(
        &mut self,
        push: PreferencesPush,
    ) -> Result<PreferencesAccepted, Refusal> {
        let count = push.preferences.len();
        let changed_users = self.state.preferences.changed_by(&push);
        let pool = self.state.preferences.pool();
        match self.state.preferences.push(push) {
            Ok(changed) => {
                self.state.churn.note(&changed_users, Instant::now());
                self.look_at_churn();
                self.alarm(id::PREFERENCES_REFUSED, None);
                // Should they still be invalid, the next vote says so again.
                self.alarm(id::INVALID_BITS, None);
                if changed {
                    tracing::info!(count, "preferences are taken");
                    self.touch(Kind::Preferences);
                }
                if pool != self.state.preferences.pool() {
                    // Files of another pool than the preferences' are not read back.
                    for kind in Kind::ALL {
                        self.touch(kind);
                    }
                }
                // Votes may have waited for just this.
                self.vote_again();
                Ok(PreferencesAccepted {
                    revision: self.state.preferences.revision(),
                    digest: self.state.preferences.digest().to_owned(),
                })
            }
            Err(refusal) => {
                let message = format!("{refusal}; `resume --accept-preferences` confirms it");
                self.alarm(id::PREFERENCES_REFUSED, Some(message));
                Err(refusal)
            }
        }
    }

    pub(super) fn look_at_churn(&mut self) {
        let known = self.state.preferences.count();
        let changed = self.state.churn.too_many(known, Instant::now());
        let message = changed.map(|changed| {
            format!("the bits of {changed} of {known} users changed within an hour")
        });
        self.alarm(id::PREFERENCES_CHURN, message);
    }

    fn set_low_fee(&mut self, asked: Vec<LowFeeTicket>) -> LowFeeLists {
        let before = self.state.tickets.sequence();
        let (lists, changed) = low_fee::take(&mut self.state, asked);
        if changed || self.state.tickets.sequence() != before {
            self.after_tickets_changed();
        }
        lists
    }

    fn standing(&self, ticket: &TicketHash) -> Standing {
        let Some(entry) = self.state.tickets.get(ticket) else {
            return Standing::Unknown;
        };
        let there = Whereabouts {
            ticket_address: Some(entry.owner.address().to_owned()),
            mined_height: entry.mined.map(|(_, height)| height),
        };
        if entry.settled.is_some() {
            Standing::Spent(there)
        } else {
            Standing::Open(there)
        }
    }

    fn status(&self) -> Status {
        let state = &self.state;
        Status {
            instance: state.instance,
            pool_id: state.preferences.pool(),
            network: state.params.name.to_owned(),
            version: self.version.clone(),
            best: state.best.clone(),
            dcrd: state.dcrd.clone(),
            wallet: state.wallet.clone(),
            vote_version: state.vote_version,
            tickets: state.tickets.counts(),
            tickets_loaded: state.tickets_loaded,
            unread_from: state.past.unread(),
            preferences: PreferencesStatus {
                revision: state.preferences.revision(),
                count: state.preferences.count() as u64,
                digest: state.preferences.digest().to_owned(),
                confirmed: state.preferences.confirmed(),
                refused: state.preferences.refused().map(ToString::to_string),
            },
            scripts: state.scripts.summary(),
            config: self.digests.clone(),
            rescan: state.rescan,
            signer: state.signer,
            blocks: state.rounds.votes(),
            alarms: state.alarms.list(),
            clock: Some(self.clock.unix_seconds()),
        }
    }
}

async fn all_saved(parts: Vec<oneshot::Receiver<Result<(), String>>>) -> Result<(), RegisterError> {
    for saved in parts {
        match saved.await {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => return Err(RegisterError::NotSaved(reason)),
            Err(_) => return Err(RegisterError::NotSaved("it is stopping".to_owned())),
        }
    }
    Ok(())
}
