//! One vote: build, sign, send, and again until it is in or cannot help any more. Runs as a task of its
//! own and reports back; the loop never waits for it.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::evaluate::{Ballot, next};
use super::event::{CastReport, Report};
use super::rounds::in_time;
use super::signer::Signers;
use crate::decred::tx::Transaction;
use crate::decred::vote::{self, VoteRequest};
use crate::decred::{Atoms, Height};
use crate::node::{Dcrd, SendOutcome, Written};
use crate::rpc::wire::{SignerKind, VoteOutcome, VoteReport};

/// How long one send may take; then it is sent again, which is harmless.
const SEND_DEADLINE: Duration = Duration::from_secs(5);
/// Between two tries while dcrd or wallet is away.
const PAUSE: Duration = Duration::from_millis(100);
/// Answers that the subsidy is wrong before the vote is given up.
const SUBSIDY_TRIES: u32 = 5;

/// Where votes are cast: the daemon, the signers, the chain's height, the way back.
#[derive(Debug, Clone)]
pub struct Booth {
    pub dcrd: Dcrd,
    pub signers: watch::Receiver<std::sync::Arc<Signers>>,
    pub best: watch::Receiver<Height>,
    pub reports: mpsc::Sender<Report>,
}

/// Whether the vote is where it should be.
pub fn is_success(outcome: VoteOutcome) -> bool {
    matches!(outcome, VoteOutcome::Accepted | VoteOutcome::AlreadyKnown)
}

/// Whether trying again may help.
pub fn is_failure(outcome: VoteOutcome) -> bool {
    outcome == VoteOutcome::Failed
}

/// Casts one vote and reports.
pub async fn cast(booth: Booth, ballot: Ballot) {
    let mut vote = Attempt::new(&booth, &ballot);
    let (outcome, reason) = vote.run().await;
    let (signer, report) = (vote.signer, vote.report(outcome, reason));
    let _ = booth
        .reports
        .send(Report::Cast(Box::new(CastReport {
            block: ballot.block,
            report,
            signer,
        })))
        .await;
}

struct Attempt<'a> {
    booth: &'a Booth,
    ballot: &'a Ballot,
    subsidy: Option<Atoms>,
    refused_subsidies: u32,
    signer: Option<SignerKind>,
    signed_us: u64,
    sent_us: u64,
}

/// What one try brought.
enum Step {
    Done(VoteOutcome, String),
    /// At once, with what was learnt.
    Again(String),
    /// After a pause: someone is away.
    Later(String),
}

impl<'a> Attempt<'a> {
    fn new(booth: &'a Booth, ballot: &'a Ballot) -> Self {
        Self {
            booth,
            ballot,
            subsidy: ballot.subsidy,
            refused_subsidies: 0,
            signer: None,
            signed_us: 0,
            sent_us: 0,
        }
    }

    async fn run(&mut self) -> (VoteOutcome, String) {
        loop {
            let reason = match self.step().await {
                Step::Done(outcome, reason) => return (outcome, reason),
                Step::Again(reason) => reason,
                Step::Later(reason) => {
                    tokio::time::sleep(PAUSE).await;
                    reason
                }
            };
            let best = *self.booth.best.borrow();
            if !in_time(self.ballot.height, best) {
                return (VoteOutcome::Failed, format!("{reason}; now too late"));
            }
            tracing::warn!(reason, "vote is tried again");
        }
    }

    async fn step(&mut self) -> Step {
        let subsidy = match self.subsidy {
            Some(subsidy) => subsidy,
            None => match self.booth.dcrd.vote_subsidy(next(self.ballot.height)).await {
                Ok(subsidy) => *self.subsidy.insert(subsidy),
                Err(error) => return Step::Later(error.to_string()),
            },
        };
        let vote = match self.build(subsidy) {
            Ok(vote) => vote,
            Err(error) => return Step::Done(VoteOutcome::Failed, error.to_string()),
        };
        let signers = self.booth.signers.borrow().clone();
        let hex = match signers.sign(&vote, self.ballot).await {
            Ok((hex, kind)) => {
                self.signer = Some(kind);
                hex
            }
            Err(error) => return Step::Later(error.to_string()),
        };
        self.signed_us = self.elapsed();
        let written = Written::default();
        let sending = self.booth.dcrd.send_vote(&hex, SEND_DEADLINE, &written);
        let outcome = sending.await;
        self.sent_us = micros(
            self.ballot.received,
            written.at().unwrap_or_else(Instant::now),
        );
        self.judge(outcome)
    }

    fn build(&self, subsidy: Atoms) -> Result<Transaction, vote::VoteError> {
        vote::build(&VoteRequest {
            ticket: &self.ballot.entry.ticket,
            block: self.ballot.block,
            height: self.ballot.height,
            bits: self.ballot.choice.bits,
            version: self.ballot.choice.version,
            subsidy,
            treasury: &[],
        })
    }

    fn judge(&mut self, outcome: SendOutcome) -> Step {
        match outcome {
            SendOutcome::Accepted(_) => Step::Done(VoteOutcome::Accepted, String::new()),
            SendOutcome::AlreadyKnown => Step::Done(VoteOutcome::AlreadyKnown, String::new()),
            SendOutcome::AlreadyVoted => Step::Done(
                VoteOutcome::AlreadyVoted,
                "another node voted with other bits".to_owned(),
            ),
            SendOutcome::WrongSubsidy { expected, reason } => {
                self.refused_subsidies += 1;
                // dcrd is asked the first time; its own words are believed after that.
                let asked_already = self.refused_subsidies > 1;
                self.subsidy = expected.filter(|_| asked_already);
                if self.refused_subsidies >= SUBSIDY_TRIES {
                    return Step::Done(VoteOutcome::Failed, reason);
                }
                Step::Again(reason)
            }
            SendOutcome::Useless { reason } => Step::Done(VoteOutcome::Useless, reason),
            SendOutcome::Refused { code, reason } => {
                Step::Done(VoteOutcome::Failed, format!("{reason} ({code})"))
            }
            SendOutcome::Unknown(error) => Step::Later(error.to_string()),
        }
    }

    fn report(&self, outcome: VoteOutcome, reason: String) -> VoteReport {
        VoteReport {
            ticket: self.ballot.entry.ticket.hash,
            bits: self.ballot.choice.bits,
            version: self.ballot.choice.version,
            outcome,
            reason,
            looked_up_us: micros(self.ballot.received, self.ballot.looked_up),
            signed_us: self.signed_us,
            sent_us: self.sent_us,
            answered_us: self.elapsed(),
        }
    }

    fn elapsed(&self) -> u64 {
        micros(self.ballot.received, Instant::now())
    }
}

fn micros(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_micros()).unwrap_or(u64::MAX)
}
