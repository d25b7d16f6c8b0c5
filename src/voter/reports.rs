//! The loop's answers to notifications and reports.

use std::time::{Duration, Instant};

use super::alarms::id;
use super::blocks;
use super::chain::Chain;
use super::disk::Kind;
use super::engine::Engine;
use super::evaluate::next;
use super::event::{CastReport, Found, Report};
use super::health::is_synced;
use super::links::Links;
use super::{find, fitness, gauges};
use crate::decred::{BlockHash, Height, TicketHash};
use crate::node::Notification;
use crate::node::notification::{BlockConnected, NewTickets};
use crate::rpc::wire::{Event as WireEvent, PreferencesPush, SignerKind, Tip, VoteOutcome};

/// A daemon may take as long to get the chain before winners are announced again.
const UNSURE_AT_MOST: Duration = Duration::from_hours(24);
/// Announcements may still be under way for so long after dcrd's answer.
const STRAGGLERS: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_secs(1);

impl Engine {
    pub(super) fn on_dcrd(&mut self, notification: Notification) {
        match notification {
            Notification::WinningTickets(winners) => self.on_winners(winners),
            Notification::NewTickets(matured) => self.on_new_tickets(&matured),
            Notification::BlockConnected(BlockConnected { header, .. }) => {
                self.heights.learn(header.hash, header.height);
                self.move_best(header.height);
                self.links.pokes.follow.notify_one();
            }
            Notification::BlockDisconnected { header } => {
                self.move_best(Height(header.height.0.saturating_sub(1)));
                self.links.pokes.follow.notify_one();
            }
            Notification::Connected { .. } => {
                self.state.dcrd.connected = true;
                self.alarm(id::DCRD_DISCONNECTED, None);
                self.publish_connection("dcrd", true);
                self.links
                    .spawn("check dcrd", fitness::check_dcrd(self.links.clone()));
                self.resync();
            }
            Notification::Lost | Notification::Reorganization { .. } => self.resync(),
            Notification::Disconnected { reason, .. } => {
                self.state.dcrd.connected = false;
                self.state.dcrd.synced = false;
                let message = format!("dcrd is not connected: {reason}");
                self.alarm(id::DCRD_DISCONNECTED, Some(message));
                self.publish_connection("dcrd", false);
            }
            Notification::RelevantTransaction { .. } => {}
        }
    }

    pub(super) fn on_wallet(&mut self, notification: &Notification) {
        match notification {
            Notification::Connected { .. } => {
                self.state.wallet.connected = true;
                self.alarm(id::WALLET_DISCONNECTED, None);
                self.publish_connection("dcrwallet", true);
                self.links
                    .spawn("check dcrwallet", fitness::check_wallet(self.links.clone()));
                self.links.pokes.sync.notify_one();
                self.links.pokes.survey.notify_one();
            }
            Notification::Disconnected { reason, .. } => {
                self.state.wallet.connected = false;
                let message = format!("dcrwallet is not connected: {reason}");
                self.alarm(id::WALLET_DISCONNECTED, Some(message));
                self.publish_connection("dcrwallet", false);
            }
            _ => {}
        }
    }

    fn publish_connection(&mut self, peer: &str, connected: bool) {
        self.publish(&WireEvent::Connection {
            peer: peer.to_owned(),
            connected,
        });
    }

    /// Catches up on blocks and has the winners announced again.
    fn resync(&mut self) {
        self.links.pokes.follow.notify_one();
        self.links.pokes.survey.notify_one();
        self.caught_up = false;
        self.unsure_until = Instant::now().checked_add(UNSURE_AT_MOST);
        self.links
            .spawn("rebroadcast winners", rebroadcast(self.links.clone()));
    }

    /// Tickets were indexed when they were mined; one that was not is found now.
    fn on_new_tickets(&mut self, matured: &NewTickets) {
        self.prepare_keys_for(&matured.tickets);
        let unknown = self.state.unknown(&matured.tickets);
        if !unknown.is_empty() {
            self.links
                .spawn("find matured", find::tickets(self.links.clone(), unknown));
        }
    }

    pub(super) fn on_report(&mut self, report: Report) {
        match report {
            Report::Winners(winners) => self.on_sure_winners(&winners),
            Report::Rebroadcast => {
                self.unsure_until = Instant::now().checked_add(STRAGGLERS);
            }
            Report::Root(hash, height) => self.on_root(hash, height),
            Report::Connected(block) => {
                self.heights.learn(block.tip.hash, block.tip.height);
                blocks::connect(&mut self.state, &block);
                self.after_tickets_changed();
            }
            Report::Disconnected => {
                blocks::disconnect(&mut self.state);
                self.after_tickets_changed();
            }
            Report::Best(tip) => self.on_best(tip),
            Report::Found(found) => self.on_found(&found),
            Report::Gone(gone) => self.on_gone(&gone),
            Report::Loaded => {
                self.state.lists_read = true;
                self.look_if_loaded();
            }
            Report::PastRead(revision, next) => self.past_read(revision, next),
            Report::Expired(words) => self.on_expired(&words),
            Report::NoTicket(hash) => {
                self.state.foreign.insert(hash, [0; 20]);
                self.vote_again();
            }
            Report::Subsidy(height, atoms) => self.state.know_subsidy(height, atoms),
            Report::Cast(cast) => self.on_cast(*cast),
            Report::FeeAddresses(addresses) => {
                self.state.judge.know(addresses);
                self.state.judge_waiting();
                self.after_tickets_changed();
            }
            Report::Signers(signers) => {
                self.state.signer = signers.kind();
                self.signers.send_replace(signers);
                self.prepare_all_keys();
            }
            Report::Alarm(id, message) => self.alarm(id, message),
            Report::NotSaved(kind) => self.save_again(kind),
            Report::Rescan(progress) => {
                // The mark itself is set and cleared by request; this is only whether it runs.
                if let (Some(now), Some(running)) = (self.state.rescan.as_mut(), progress) {
                    now.running = running.running;
                }
            }
            Report::Preferences(pool_id, preferences) => {
                let _ = self.take_preferences(PreferencesPush {
                    pool_id,
                    full: true,
                    preferences,
                    accept: false,
                });
            }
            Report::Dcrd(_) | Report::Wallet(_) | Report::Agendas(_) => self.on_survey(report),
        }
    }

    /// A root that follows on other blocks is not one of their children: nobody knows what of all that was
    /// seen is on this chain, and it is found out ticket by ticket. The verdicts stay, and with them the votes.
    fn on_root(&mut self, hash: BlockHash, height: Height) {
        let left = self.state.chain.tip().is_some();
        self.state.chain = Chain::starting_at(hash, height);
        let known = if left { Height(0) } else { height };
        if left {
            self.state.all_past_unread();
        }
        self.links.pokes.past.notify_one();
        self.state.tickets.take_back_above(known);
        self.state.tickets.advance(height);
        self.after_tickets_changed();
    }

    pub(super) fn past_read(&mut self, revision: u64, next: Option<Height>) {
        if self.state.past.read_to(revision, next) {
            self.touch(Kind::Tickets);
        }
        self.look_if_loaded();
    }

    /// Once all was read, the voter's word on tickets counts; what must be read later for new scripts does
    /// not change that.
    fn look_if_loaded(&mut self) {
        if self.state.lists_read && !self.state.past.is_unread() {
            self.state.tickets_loaded = true;
        }
    }

    fn on_survey(&mut self, report: Report) {
        match report {
            Report::Dcrd(status) => self.state.dcrd = status,
            Report::Wallet(status) => self.state.wallet = status,
            Report::Agendas(agendas) => self.state.know_agendas(agendas),
            _ => {}
        }
        self.look_at_churn();
    }

    fn on_best(&mut self, tip: Tip) {
        self.caught_up = true;
        self.heights.learn(tip.hash, tip.height);
        self.ask_subsidy(next(tip.height));
        self.links.pokes.survey.notify_one();
        self.state.best = Some(tip.clone());
        self.publish(&WireEvent::Block { tip });
    }

    fn on_found(&mut self, found: &[Found]) {
        for Found {
            ticket,
            mined,
            settled,
        } in found
        {
            self.state.discover(ticket, *mined);
            if let Some(settled) = settled {
                self.state.settle(ticket.hash, settled.clone());
            }
        }
        self.after_tickets_changed();
    }

    fn on_expired(&mut self, words: &[(TicketHash, bool)]) {
        for (ticket, expired) in words {
            self.state.tickets.tell_expired(*ticket, *expired);
        }
        self.after_tickets_changed();
    }

    fn on_gone(&mut self, gone: &[TicketHash]) {
        for ticket in gone {
            if self.state.tickets.forget(ticket) {
                tracing::info!(ticket.hash = %ticket, "ticket vanished before it was mined");
            }
        }
        self.after_tickets_changed();
    }

    pub(super) fn after_tickets_changed(&mut self) {
        self.touch(Kind::Tickets);
        let sequence = self.state.tickets.sequence();
        if !self.subscribers.is_empty() {
            self.publish(&WireEvent::Tickets { sequence });
        }
        self.vote_again();
    }

    fn on_cast(&mut self, cast: CastReport) {
        let CastReport {
            block,
            report,
            signer,
        } = cast;
        let fell_back =
            self.state.signer == SignerKind::Memory && signer == Some(SignerKind::Wallet);
        if signer == Some(SignerKind::Memory) {
            self.alarm(id::SIGNER_FELL_BACK, None);
        } else if fell_back {
            let message = format!(
                "ticket {} was signed by the wallet, not in memory",
                report.ticket
            );
            self.alarm(id::SIGNER_FELL_BACK, Some(message));
        }
        match report.outcome {
            VoteOutcome::Failed => {
                tracing::error!(block.hash = %block, ticket.hash = %report.ticket, reason = report.reason, "vote failed");
                let message = format!("ticket {}: {}", report.ticket, report.reason);
                self.alarm(id::VOTE_FAILED, Some(message));
            }
            VoteOutcome::AlreadyVoted | VoteOutcome::Useless => {
                tracing::warn!(block.hash = %block, ticket.hash = %report.ticket, reason = report.reason, outcome = ?report.outcome, "vote was not needed");
            }
            VoteOutcome::Accepted | VoteOutcome::AlreadyKnown => {
                self.alarm(id::VOTE_FAILED, None);
            }
        }
        if let Some(round) = self.state.rounds.get_mut(&block) {
            gauges::count_vote(&report, round.reports.get(&report.ticket));
            round.finish(report.clone());
        }
        self.publish(&WireEvent::Vote { block, report });
        self.tell_round(block);
    }
}

/// Has the winners of all tips announced again, as soon as dcrd has the chain. A reorganisation to fewer
/// blocks leaves it behind its peers' word: then the tips there are now are announced, and all again later.
async fn rebroadcast(links: Links) {
    let mut announced = false;
    loop {
        match links.dcrd.chain_info().await {
            Ok(info) if is_synced(&info) || !(announced || info.initial_block_download) => {
                match links.dcrd.rebroadcast_winners().await {
                    Ok(()) if is_synced(&info) => return links.report(Report::Rebroadcast).await,
                    Ok(()) => announced = true,
                    Err(error) => tracing::warn!(%error, "winners are not announced again"),
                }
            }
            Ok(_) => {}
            // The next connect asks again.
            Err(error) if error.is_unavailable() => return,
            Err(error) => tracing::warn!(%error, "dcrd does not tell whether it is synchronised"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
