//! What a voter says of itself at a scrape, from the same status that web gets; and what it counts after
//! its work is done. Nothing here is on a vote's way.

use super::cast::is_success;
use super::disk::Kind;
use crate::clock::Clock;
use crate::metrics::{Sample, catalogue};
use crate::rpc::gauges::{alarms, tickets};
use crate::rpc::wire::{SignerKind, Status, VoteOutcome, VoteReport};

/// The gauges of a status at `now` (unix seconds).
pub fn gauges(status: &Status, now: i64) -> Vec<Sample> {
    let mut samples = vec![
        catalogue::TICKETS_LOADED.is(status.tickets_loaded),
        catalogue::VOTE_VERSION.is(status.vote_version.0),
        catalogue::SCRIPTS.counts(status.scripts.count),
        catalogue::RESCAN_DUE.is(status.rescan.is_some()),
        catalogue::RESCAN_RUNNING.is(status.rescan.is_some_and(|rescan| rescan.running)),
    ];
    samples.extend(daemons(status));
    samples.extend(preferences(status));
    samples.extend(signers(status.signer));
    samples.extend(tickets(&status.tickets));
    samples.extend(alarms(&status.alarms));
    if let Some(tip) = &status.best {
        samples.push(catalogue::BLOCK_HEIGHT.is(tip.height.0));
        samples.push(catalogue::TIP_AGE.is(now.saturating_sub(tip.time).max(0)));
    }
    samples
}

fn daemons(status: &Status) -> Vec<Sample> {
    let (dcrd, wallet) = (&status.dcrd, &status.wallet);
    let mut samples = vec![
        catalogue::DAEMON_CONNECTED.of(["dcrd"], dcrd.connected),
        catalogue::DAEMON_CONNECTED.of(["dcrwallet"], wallet.connected),
        catalogue::DCRD_SYNCED.is(dcrd.synced),
        catalogue::WALLET_UNLOCKED.is(wallet.unlocked),
        catalogue::WALLET_FOLLOWS.is(wallet.daemon_connected),
        catalogue::WALLET_VOTES.is(wallet.voting),
    ];
    samples.extend(wallet.height.map(|it| catalogue::WALLET_HEIGHT.is(it.0)));
    samples
}

fn preferences(status: &Status) -> [Sample; 4] {
    let preferences = &status.preferences;
    [
        catalogue::PREFERENCES.counts(preferences.count),
        catalogue::PREFERENCES_REVISION.is(preferences.revision.0),
        catalogue::PREFERENCES_CONFIRMED.is(preferences.confirmed),
        catalogue::PREFERENCES_REFUSED.is(preferences.refused.is_some()),
    ]
}

fn signers(in_use: SignerKind) -> [Sample; 2] {
    [
        ("memory", SignerKind::Memory),
        ("wallet", SignerKind::Wallet),
    ]
    .map(|(word, kind)| catalogue::SIGNER.of([word], kind == in_use))
}

/// A vote has come to its end. `before`: what was known of the same vote; one that was in and was only sent
/// again counts once.
pub(super) fn count_vote(report: &VoteReport, before: Option<&VoteReport>) {
    if before.is_some_and(|before| is_success(before.outcome)) {
        return;
    }
    if before.is_none() {
        catalogue::OWN_WINNERS.increment([]);
    }
    let outcome = match report.outcome {
        VoteOutcome::Accepted => "accepted",
        VoteOutcome::AlreadyKnown => "already_known",
        VoteOutcome::AlreadyVoted => "already_voted",
        VoteOutcome::Useless => "useless",
        VoteOutcome::Failed => "failed",
    };
    catalogue::VOTES.increment([outcome]);
    let accepted = is_success(report.outcome).then_some(report.answered_us);
    let steps = [
        ("looked_up", Some(report.looked_up_us)),
        // 0: it did not come so far.
        ("signed", Some(report.signed_us).filter(|it| *it > 0)),
        ("sent", Some(report.sent_us).filter(|it| *it > 0)),
        ("accepted", accepted),
    ];
    for (step, micros) in steps {
        if let Some(micros) = micros {
            catalogue::VOTE_STEP_SECONDS.record_micros([step], micros);
        }
    }
}

/// A winner that may be our own is past all help, without a vote.
pub(super) fn count_unvoted() {
    catalogue::UNVOTED_WINNERS.increment([]);
}

/// A part of the state was written, or not.
pub(super) fn count_save(part: Kind, saved: bool) {
    let part = [part.name()];
    if saved {
        catalogue::STATE_SAVES.increment(part);
        catalogue::STATE_SAVED.set(Clock::system().unix_seconds());
    } else {
        catalogue::STATE_SAVE_FAILURES.increment(part);
    }
}
