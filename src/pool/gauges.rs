//! What web says of itself at a scrape, and the words under which it counts.

use super::{
    EnrolError, LimitError, NotNow, Pool, SecondSignInError, SignIn, SignInError, StatusReport,
};
use crate::decred::Height;
use crate::metrics::{Sample, catalogue};
use crate::rpc::gauges::{alarms, tickets};

impl Pool {
    /// The gauges of this moment, from the caches; only whether enrolment is halted and when the last backup was
    /// made is asked of the database.
    pub async fn gauges(&self) -> Vec<Sample> {
        let report = self.status().await;
        let best = self.best_height();
        let now = self.clock.unix_seconds();
        let mut samples = vec![
            catalogue::HEALTH.is(report.health as u8),
            catalogue::HALTED.is(report.halt.is_some()),
            catalogue::DATABASE_UP.is(!report.database_away),
            catalogue::LEADS.is(report.leads),
        ];
        if let Ok(backed_up) = self.store.backed_up_at().await {
            samples.push(catalogue::BACKED_UP.is(backed_up.unwrap_or(0)));
        }
        samples.extend(alarms(&report.alarms));
        samples.extend(voters(&report, |height| {
            best.is_some_and(|best| self.lags(height, best, now))
        }));
        // Without a queue, nothing waits.
        let mails = report.mails.unwrap_or_default();
        let since = mails.waiting_since.unwrap_or(now);
        let oldest = now.saturating_sub(since).max(0);
        samples.push(catalogue::MAILS_WAITING.counts(mails.waiting));
        samples.push(catalogue::MAIL_AGE.is(oldest));
        samples.extend(best.map(|best| catalogue::BLOCK_HEIGHT.is(best.0)));
        if let Some(stats) = self.stats() {
            samples.extend(tickets(&stats.own));
            samples.push(catalogue::USERS.counts(stats.users));
            samples.push(catalogue::USERS_ENROLLED.counts(stats.active_users));
            let age = now.saturating_sub(stats.refreshed_at).max(0);
            samples.push(catalogue::NUMBERS_AGE.is(age));
        }
        samples
    }
}

fn voters(report: &StatusReport, lags: impl Fn(Height) -> bool) -> Vec<Sample> {
    let mut samples = Vec::new();
    for voter in &report.voters {
        let name = [voter.name.as_str()];
        let tip = voter.status.as_ref().and_then(|it| it.best.as_ref());
        let lagging = voter.connected && tip.is_some_and(|tip| lags(tip.height));
        let differing = i64::try_from(voter.differing_keys.len()).unwrap_or(i64::MAX);
        samples.extend([
            catalogue::VOTER_CONNECTED.of(name, voter.connected),
            catalogue::VOTER_ABLE.of(name, voter.able),
            catalogue::VOTER_LAGGING.of(name, lagging),
            catalogue::VOTER_CONFIGURED.of(name, differing),
            catalogue::VOTER_PREFERENCES.of(name, voter.preferences_in_sync),
            catalogue::VOTER_SCRIPTS.of(name, voter.scripts_in_sync),
        ]);
        samples.extend(tip.map(|tip| catalogue::VOTER_HEIGHT.of(name, tip.height.0)));
    }
    samples
}

pub(super) fn count_sign_in(outcome: &Result<SignIn, SignInError>) {
    let word = match outcome {
        Ok(SignIn::Done(_)) => "done",
        Ok(SignIn::OwesCode(_)) => "owes_code",
        Err(SignInError::Wrong) => "wrong",
        Err(SignInError::Disabled) => "disabled",
        Err(SignInError::Unverified) => "unverified",
        Err(SignInError::Busy) => "busy",
        Err(SignInError::Pool(_)) => "failed",
    };
    catalogue::SIGN_INS.increment([word]);
}

pub(super) fn count_second_sign_in<T>(outcome: &Result<T, SecondSignInError>) {
    let word = match outcome {
        Ok(_) => "done",
        Err(SecondSignInError::WrongCode) => "wrong_code",
        // Counted among what is done too often; or nothing was asked.
        Err(SecondSignInError::Limit(LimitError::TooOften { .. }) | SecondSignInError::Over) => {
            return;
        }
        Err(SecondSignInError::Limit(LimitError::Pool(_)) | SecondSignInError::Pool(_)) => "failed",
    };
    catalogue::SIGN_INS.increment([word]);
}

pub(super) fn count_enrolment<T>(outcome: &Result<T, EnrolError>) {
    let word = match outcome {
        Ok(_) => "done",
        Err(EnrolError::AlreadySubmitted) => "already",
        Err(EnrolError::Closed(_)) => "closed",
        Err(
            EnrolError::TooShort
            | EnrolError::TooLong
            | EnrolError::Undecodable
            | EnrolError::WrongType,
        ) => "bad_address",
        Err(EnrolError::NotNow(NotNow::Halted)) => "halted",
        Err(EnrolError::NotNow(NotNow::TooFewVoters { .. })) => "too_few_voters",
        Err(EnrolError::NotNow(NotNow::Configuration(_))) => "configured_differently",
        Err(EnrolError::Pool(_)) => "failed",
    };
    catalogue::ENROLMENTS.increment([word]);
}
