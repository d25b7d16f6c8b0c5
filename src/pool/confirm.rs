//! Asking all voters to confirm an enrolment, and what their answers come to.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};

use super::derivation::Derived;
use super::voters::{Peer, QUICK, is_wrong};
use super::{EnrolError, NotNow, Pool};
use crate::decred::Height;
use crate::rpc::Error as RpcError;
use crate::rpc::wire::{Empty, EnrolmentProof, EnrolmentRequest, Status, code};

/// For a derivation by the wallet.
const VERIFY: Duration = Duration::from_secs(10);

/// What one voter says to an enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Derives the same, at this height.
    Agrees(Height),
    /// Cannot be reached: no inconsistency.
    Away(String),
    /// Another network, pool, certificate or token: does not count.
    Wrong(String),
    /// These keys of `[pool]` differ from ours.
    ConfiguredDifferently(Vec<String>),
    Disagrees(String),
}

/// What all answers come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The lowest height among the confirming voters.
    Confirmed(Height),
    TooFew {
        confirmed: usize,
    },
    ConfiguredDifferently(String),
    /// Which voter, and what differs.
    Disagreement(String, String),
}

impl Pool {
    /// Asks every voter. Fewer than `min_voters` confirmations, a difference of configuration or a
    /// disagreement (which halts) refuse the enrolment.
    pub(super) async fn confirm(
        &self,
        request: &EnrolmentRequest,
        derived: &Derived,
    ) -> Result<Height, EnrolError> {
        let asked = self.peers.iter().map(async |peer| {
            let answer = self.ask(peer, request.clone(), derived).await;
            (Arc::clone(peer), answer)
        });
        let answers = join_all(asked).await;
        for (peer, answer) in &answers {
            tracing::debug!(voter = peer.name(), user.id = %request.user_id, ?answer, "asked");
        }
        let needed = self.settings.min_voters;
        match self.outcome(&answers) {
            Outcome::Confirmed(height) => Ok(height),
            Outcome::TooFew { confirmed } => Err(NotNow::TooFewVoters { confirmed, needed }.into()),
            Outcome::ConfiguredDifferently(key) => Err(NotNow::Configuration(key).into()),
            Outcome::Disagreement(voter, reason) => {
                let reason = format!(
                    "user {}, key index {}: {reason}",
                    request.user_id, request.key_index
                );
                self.halt_enrolment(&voter, &reason).await;
                Err(NotNow::Halted.into())
            }
        }
    }

    async fn ask(&self, peer: &Peer, request: EnrolmentRequest, derived: &Derived) -> Answer {
        let (status, proof) = join(
            peer.within(QUICK, peer.voter().status(Empty {})),
            peer.within(VERIFY, peer.voter().verify_enrolment(request)),
        )
        .await;
        let status = match status {
            Ok(status) => status,
            Err(error) if is_wrong(&error) => return Answer::Wrong(error.to_string()),
            Err(error) => {
                return match proof_answer(proof, derived) {
                    Answer::Disagrees(reason) => Answer::Disagrees(reason),
                    _ => Answer::Away(error.to_string()),
                };
            }
        };
        if let Some(reason) = self.foreign(&status) {
            return Answer::Wrong(reason);
        }
        let differing = Pool::differing(peer, &status);
        if !differing.is_empty() {
            return Answer::ConfiguredDifferently(differing);
        }
        self.note_height(&status);
        // Nobody may get a key that only this voter knows to be taken.
        if let Err(error) = self.tables_for(peer, &status).await {
            return Answer::Away(error.to_string());
        }
        proof_answer(proof, derived)
    }

    fn outcome(&self, answers: &[(Arc<Peer>, Answer)]) -> Outcome {
        for (_, answer) in answers {
            if let Answer::ConfiguredDifferently(keys) = answer {
                return Outcome::ConfiguredDifferently(keys.join(", "));
            }
        }
        for (peer, answer) in answers {
            if let Answer::Disagrees(reason) = answer {
                return Outcome::Disagreement(peer.name().to_owned(), reason.clone());
            }
        }
        let heights = answers.iter().filter_map(|(peer, answer)| match answer {
            Answer::Agrees(height) if !self.is_on_another_branch(peer) => Some(*height),
            _ => None,
        });
        let heights: Vec<Height> = heights.collect();
        let best = heights.iter().copied().chain(self.best_height()).max();
        let now = self.clock.unix_seconds();
        let current = heights
            .into_iter()
            .filter(|height| best.is_some_and(|best| !self.lags(*height, best, now)));
        let current: Vec<Height> = current.collect();
        match current.iter().min() {
            Some(lowest) if current.len() >= self.settings.min_voters => {
                Outcome::Confirmed(*lowest)
            }
            _ => Outcome::TooFew {
                confirmed: current.len(),
            },
        }
    }

    fn note_height(&self, status: &Status) {
        if let Some(tip) = &status.best {
            self.heights().note(tip.height, self.clock.unix_seconds());
        }
    }
}

/// What the voter's proof says, lag aside.
fn proof_answer(proof: Result<EnrolmentProof, RpcError>, derived: &Derived) -> Answer {
    match proof {
        Ok(proof) => derived
            .difference(&proof)
            .map_or(Answer::Agrees(proof.height), Answer::Disagrees),
        Err(RpcError::Refused { code, message }) if code == code::DISAGREES => {
            Answer::Disagrees(message)
        }
        Err(error) if is_wrong(&error) => Answer::Wrong(error.to_string()),
        Err(error) => Answer::Away(error.to_string()),
    }
}
