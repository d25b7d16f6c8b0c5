//! The loop: one owner of the state, never blocked. Slow work goes to tasks that report back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tracing::Instrument as _;

use super::cast::{Booth, cast};
use super::disk::Kind;
use super::evaluate::{PATIENCE, evaluate, next};
use super::event::{Event, Report, Request};
use super::growth::Growth;
use super::heights::{Heights, Verdict};
use super::links::Links;
use super::rounds::Missed;
use super::saver::{DEBOUNCE, Save};
use super::signer::Signers;
use super::snapshot::Part;
use super::state::State;
use super::{alarms, find, gauges};
use crate::clock::Clock;
use crate::decred::{BlockHash, Height};
use crate::node::Notifications;
use crate::node::notification::WinningTickets;
use crate::rpc::wire::{ConfigDigests, Event as WireEvent};

/// Votes under way when the voter stops are waited for so long.
const LAST_VOTES: Duration = Duration::from_secs(3);
/// The last writing of the state may take so long.
const LAST_SAVE: Duration = Duration::from_secs(5);

/// What the loop needs beside its state.
#[derive(Debug)]
pub struct Setup {
    pub links: Links,
    pub signers: Arc<Signers>,
    pub saves: mpsc::UnboundedSender<Save>,
    pub clock: Clock,
    pub digests: ConfigDigests,
    /// Version and commit of the program.
    pub version: String,
}

/// Where the loop's events come from.
#[derive(Debug)]
pub struct Inbox {
    pub dcrd: Notifications,
    pub wallet: Notifications,
    pub reports: mpsc::Receiver<Report>,
    pub requests: mpsc::Receiver<Request>,
}

/// The loop and all it owns.
#[derive(Debug)]
pub struct Engine {
    pub(super) state: State,
    pub(super) links: Links,
    pub(super) booth: Booth,
    pub(super) signers: watch::Sender<Arc<Signers>>,
    best: watch::Sender<Height>,
    pub(super) heights: Heights,
    /// The chain was followed to its end since dcrd was connected: no block is unknown here.
    pub(super) caught_up: bool,
    /// Announcements of an own wish may still be under way until then.
    pub(super) unsure_until: Option<Instant>,
    saves: mpsc::UnboundedSender<Save>,
    /// Parts that changed, with the time they are due to be written.
    dirty: BTreeMap<Kind, Instant>,
    /// What was added to the parts on disk since they were written whole.
    growth: BTreeMap<Kind, Growth>,
    pub(super) subscribers: Vec<mpsc::Sender<WireEvent>>,
    pub(super) clock: Clock,
    pub(super) digests: ConfigDigests,
    pub(super) version: String,
}

impl Engine {
    pub fn new(setup: Setup, mut state: State) -> Self {
        state.signer = setup.signers.kind();
        let (best, best_seen) = watch::channel(state.best_height());
        let (signers, signers_now) = watch::channel(setup.signers);
        let booth = Booth {
            dcrd: setup.links.dcrd.clone(),
            signers: signers_now,
            best: best_seen,
            reports: setup.links.reports.clone(),
        };
        Self {
            state,
            links: setup.links,
            booth,
            signers,
            best,
            heights: Heights::default(),
            caught_up: false,
            unsure_until: None,
            saves: setup.saves,
            dirty: BTreeMap::new(),
            growth: BTreeMap::new(),
            subscribers: Vec::new(),
            clock: setup.clock,
            digests: setup.digests,
            version: setup.version,
        }
    }

    /// Runs until the voter is asked to stop, then finishes the votes under way and writes the state.
    pub async fn run(mut self, mut inbox: Inbox) {
        self.prepare_all_keys();
        loop {
            let event = self.next_event(&mut inbox).await;
            if matches!(event, Event::Stop) {
                break;
            }
            self.handle(event);
        }
        let _ = tokio::time::timeout(LAST_VOTES, self.finish_votes(&mut inbox)).await;
        let _ = tokio::time::timeout(LAST_SAVE, self.save_all()).await;
    }

    async fn next_event(&self, inbox: &mut Inbox) -> Event {
        let alarm = self.next_alarm();
        let sleep = tokio::time::sleep_until(alarm.unwrap_or_else(Instant::now).into());
        tokio::select! {
            biased;
            Some(notification) = inbox.dcrd.recv() => Event::Dcrd(notification),
            Some(report) = inbox.reports.recv() => Event::Report(report),
            () = sleep, if alarm.is_some() => Event::Tick,
            Some(request) = inbox.requests.recv() => Event::Request(request),
            Some(notification) = inbox.wallet.recv() => Event::Wallet(notification),
            () = self.links.tasks.stopping() => Event::Stop,
        }
    }

    fn next_alarm(&self) -> Option<Instant> {
        let now = Instant::now();
        let votes = self.state.rounds.next_deadline(PATIENCE, now);
        self.dirty.values().copied().chain(votes).min()
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Dcrd(notification) => self.on_dcrd(notification),
            Event::Wallet(notification) => self.on_wallet(&notification),
            Event::Report(report) => self.on_report(report),
            Event::Request(request) => self.on_request(request),
            Event::Tick => {
                self.vote_again();
                self.save_due();
            }
            Event::Stop => {}
        }
    }

    /// The hot path: from the notification to the tasks that sign and send. dcrd is asked for the block's header
    /// first where the announced height may be wrong.
    pub(super) fn on_winners(&mut self, winners: WinningTickets) {
        let WinningTickets { block, height, .. } = winners;
        let asked = self
            .unsure_until
            .is_some_and(|until| Instant::now() < until);
        let unsure = asked || !self.caught_up;
        let best = self.state.best_height().max(*self.best.borrow());
        match self.heights.judge(&block, height, best, unsure) {
            Verdict::At(height) => self.on_sure_winners(&WinningTickets { height, ..winners }),
            Verdict::Ask => {
                self.links
                    .votes
                    .spawn("confirm height", find::height(self.links.clone(), winners));
            }
        }
    }

    /// Winners of a block whose height is known to be right.
    pub(super) fn on_sure_winners(&mut self, winners: &WinningTickets) {
        let WinningTickets { block, height, .. } = *winners;
        self.heights.learn(block, height);
        self.state
            .rounds
            .announce(block, height, winners.received, &winners.tickets);
        if height > *self.best.borrow() {
            self.move_best(height);
        }
        self.vote(block);
        self.give_up_late();
        self.ask_subsidy(next(next(height)));
    }

    /// Casts what can be cast for a block now.
    pub(super) fn vote(&mut self, block: BlockHash) {
        let height = self.state.rounds.get(&block).map(|round| round.height);
        let height = height.map(tracing::field::display);
        let _span =
            tracing::error_span!("block", block.height = height, block.hash = %block).entered();
        let steps = evaluate(&mut self.state, block, Instant::now());
        for ballot in steps.cast {
            let span = tracing::error_span!("vote", ticket.hash = %ballot.entry.ticket.hash);
            let casting = cast(self.booth.clone(), ballot).instrument(span);
            self.links.votes.spawn("vote", casting);
        }
        for ticket in steps.ask {
            self.links
                .spawn("find winner", find::winner(self.links.clone(), ticket));
        }
        if let Some(ticket) = steps.invalid_bits.first() {
            let message = format!("the stored vote bits of ticket {ticket}'s owner are invalid");
            self.alarm(alarms::id::INVALID_BITS, Some(message));
        }
        self.tell_round(block);
    }

    /// Rounds whose votes may still help, after something new is known.
    pub(super) fn vote_again(&mut self) {
        let best = *self.best.borrow();
        for block in self.state.rounds.in_time(best) {
            self.vote(block);
        }
    }

    /// Where the chain's end is, for votes that are tried again.
    pub(super) fn move_best(&mut self, height: Height) {
        self.best.send_replace(height);
        self.give_up_late();
    }

    /// What no vote can help any more is a failure that someone must look at.
    fn give_up_late(&mut self) {
        let best = *self.best.borrow();
        for missed in self.state.rounds.give_up_late(best) {
            let Missed {
                block,
                ticket,
                reason,
                ..
            } = missed;
            gauges::count_unvoted();
            tracing::error!(block.hash = %block, block.height = %missed.height, ticket.hash = %ticket, reason, "no vote in time");
            self.alarm(
                alarms::id::VOTE_FAILED,
                Some(format!("ticket {ticket}: {reason}")),
            );
            self.tell_round(block);
        }
    }

    /// Asks ahead what a vote will need.
    pub(super) fn ask_subsidy(&self, height: Height) {
        let links = self.links.clone();
        self.links.spawn("ask subsidy", async move {
            match links.dcrd.vote_subsidy(height).await {
                Ok(subsidy) => links.report(Report::Subsidy(height, subsidy)).await,
                Err(error) => tracing::debug!(%error, "the next subsidy is not known ahead"),
            }
        });
    }

    /// Turns an alarm on or off, and tells those who listen.
    pub(super) fn alarm(&mut self, id: &'static str, message: Option<String>) {
        let Some(message) = message else {
            if self.state.alarms.clear(id) {
                tracing::info!(alarm = id, "alarm is over");
            }
            return;
        };
        let now = self.clock.unix_seconds();
        if let Some(alarm) = self.state.alarms.raise(id, message, now) {
            tracing::error!(alarm = id, "{}", alarm.message);
            self.publish(&WireEvent::Alarm { alarm });
        }
    }

    /// Tells those who listen; who does not keep up is dropped and starts over.
    pub(super) fn publish(&mut self, event: &WireEvent) {
        self.subscribers
            .retain(|subscriber| subscriber.try_send(event.clone()).is_ok());
    }

    /// Has a part written soon.
    pub(super) fn touch(&mut self, kind: Kind) {
        self.dirty
            .entry(kind)
            .or_insert_with(|| Instant::now() + DEBOUNCE);
    }

    /// Whether a part waits to be written.
    pub(super) fn is_dirty(&self, kind: Kind) -> bool {
        self.dirty.contains_key(&kind)
    }

    /// Has a part written at once.
    pub(super) fn save(&mut self, kind: Kind) -> oneshot::Receiver<Result<(), String>> {
        self.dirty.remove(&kind);
        let (done, saved) = oneshot::channel();
        let part = self.part(kind);
        // The saver ends after the loop.
        let _ = self.saves.send(Save {
            part,
            done: Some(done),
        });
        saved
    }

    /// What is to be written of a part: its changes, or all of it now and then.
    fn part(&mut self, kind: Kind) -> Part {
        let (changed, all) = self.state.unsaved(kind);
        let pool = self.state.preferences.pool();
        if let Some(growth) = self.growth.get_mut(&kind)
            && growth.takes(changed, pool)
        {
            return Part::changed(&mut self.state, kind);
        }
        let part = Part::of(&self.state, kind);
        self.state.all_saved(kind);
        self.growth.insert(kind, Growth::of(all, pool));
        part
    }

    /// A part could not be written: all of it is, soon.
    pub(super) fn save_again(&mut self, kind: Kind) {
        self.growth.remove(&kind);
        self.touch(kind);
    }

    fn save_due(&mut self) {
        let now = Instant::now();
        let due: Vec<Kind> = self
            .dirty
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(kind, _)| *kind)
            .collect();
        for kind in due {
            drop(self.save(kind));
        }
    }

    async fn finish_votes(&mut self, inbox: &mut Inbox) {
        while self.state.rounds.casting() > 0 {
            match inbox.reports.recv().await {
                Some(report) => self.on_report(report),
                None => return,
            }
        }
    }

    async fn save_all(&mut self) {
        let dirty: Vec<Kind> = self.dirty.keys().copied().collect();
        let saved: Vec<_> = dirty.into_iter().map(|kind| self.save(kind)).collect();
        for done in saved {
            let _ = done.await;
        }
    }

    /// One line per block, when all its votes have an end.
    pub(super) fn tell_round(&mut self, block: BlockHash) {
        let Some(round) = self.state.rounds.get_mut(&block) else {
            return;
        };
        if round.told || round.own() == 0 || !round.is_settled() {
            return;
        }
        round.told = true;
        let votes = round.votes();
        let mut latencies: Vec<u64> = votes.votes.iter().map(|vote| vote.answered_us).collect();
        latencies.sort_unstable();
        let failed = round.failed();
        tracing::info!(
            block.height = %votes.height,
            block.hash = %votes.hash,
            own_winners = votes.own_winners,
            failed,
            median_us = latencies.get(latencies.len() / 2).copied().unwrap_or(0),
            slowest_us = latencies.last().copied().unwrap_or(0),
            "block is voted"
        );
    }
}
