//! Halt: enrolment stops when a voter disagrees, and goes on after a complete recheck.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;

use super::derivation::difference;
use super::sync::Tables;
use super::voters::Peer;
use super::{Error, Halt, Pool};
use crate::db::EnrolledUser;
use crate::rpc::Error as RpcError;
use crate::rpc::wire::{EnrolmentRequest, code};

/// Users that one voter rechecks at a time.
const AT_ONCE: usize = 8;
/// For one of them.
const VERIFY: Duration = Duration::from_secs(20);

/// What became of a halt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recheck {
    NotHalted,
    Cleared,
    /// Why not.
    StillHalted(String),
}

/// What a voter says to all enrolments.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Agrees,
    Away(String),
    Disagrees(String),
}

impl Pool {
    /// Stops enrolment and tells the operator. The first reason stays.
    pub(super) async fn halt_enrolment(&self, voter: &str, reason: &str) {
        tracing::error!(voter, reason, "a voter disagrees: enrolment is halted");
        let halt = Halt {
            since: self.clock.unix_seconds(),
            voter: voter.to_owned(),
            reason: reason.to_owned(),
        };
        match self.store.set_halt(halt).await {
            Ok(true) => {
                let detail = format!("{voter}: {reason}");
                self.audit("halted", None, None, &detail).await;
            }
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the halt could not be stored"),
        }
    }

    /// Rechecks every enrolled user with every reachable voter, and clears the halt if at least
    /// `min_voters` agree on all of them, the one that disagreed among them.
    pub async fn recheck_halt(&self) -> Result<Recheck, Error> {
        let Some(halt) = self.store.halt().await? else {
            return Ok(Recheck::NotHalted);
        };
        let tables = self.tables().await?;
        let asked = self.peers.iter().map(async |peer| {
            let answer = self.recheck(peer, &tables).await;
            (peer.name(), answer)
        });
        let answers = join_all(asked).await;
        match self.still_halted(&halt, &answers) {
            Some(reason) => {
                tracing::error!(reason, "enrolment stays halted");
                Ok(Recheck::StillHalted(reason))
            }
            None => {
                self.clear("halt_cleared", &halt, "all voters agree")
                    .await?;
                Ok(Recheck::Cleared)
            }
        }
    }

    /// Clears the halt without a recheck, by the operator's word. False when there is none.
    pub async fn override_halt(&self, reason: &str) -> Result<bool, Error> {
        let Some(halt) = self.store.halt().await? else {
            return Ok(false);
        };
        self.clear("halt_overridden", &halt, reason).await?;
        Ok(true)
    }

    async fn clear(&self, event: &str, halt: &Halt, why: &str) -> Result<(), Error> {
        self.store.clear_halt().await?;
        let detail = format!("{}: {}; {why}", halt.voter, halt.reason);
        self.audit(event, None, None, &detail).await;
        tracing::info!(voter = halt.voter, "enrolment goes on: {why}");
        Ok(())
    }

    fn still_halted(&self, halt: &Halt, answers: &[(&str, Answer)]) -> Option<String> {
        for (voter, answer) in answers {
            if let Answer::Disagrees(reason) = answer {
                return Some(format!("{voter} disagrees: {reason}"));
            }
        }
        let agreeing = answers
            .iter()
            .filter(|(_, answer)| *answer == Answer::Agrees);
        let agreeing: Vec<&str> = agreeing.map(|(voter, _)| *voter).collect();
        let away = answers.iter().filter_map(|(voter, answer)| match answer {
            Answer::Away(reason) => Some(format!("; {voter}: {reason}")),
            _ => None,
        });
        let away: String = away.collect();
        let needed = self.settings.min_voters;
        if agreeing.len() < needed {
            return Some(format!(
                "{} of at least {needed} voters could be checked{away}",
                agreeing.len()
            ));
        }
        let missing = !agreeing.contains(&halt.voter.as_str());
        missing.then(|| {
            format!(
                "{} is the one that disagreed and could not be checked{away}",
                halt.voter
            )
        })
    }

    /// One voter and all users.
    async fn recheck(&self, peer: &Peer, tables: &Tables) -> Answer {
        if !self.look(peer).await {
            let problem = peer.view().problem.clone();
            return Answer::Away(problem.map(|problem| problem.text).unwrap_or_default());
        }
        let differing = peer.view().differing_keys.clone();
        if !differing.is_empty() {
            return Answer::Disagrees(format!("configured differently: {}", differing.join(", ")));
        }
        let mut answers = stream::iter(&tables.users)
            .map(|user| recheck_user(peer, user))
            .buffer_unordered(AT_ONCE);
        while let Some(answer) = answers.next().await {
            if answer != Answer::Agrees {
                return answer;
            }
        }
        Answer::Agrees
    }
}

/// What is stored takes precedence: a user of an older program may have any key index.
async fn recheck_user(peer: &Peer, user: &EnrolledUser) -> Answer {
    let row = &user.enrolment;
    let request = EnrolmentRequest {
        user_id: row.user_id,
        key_index: user.key_index,
        user_pubkey_address: row.user_pubkey_address.clone(),
    };
    let verify = peer.voter().verify_enrolment(request);
    match peer.within(VERIFY, verify).await {
        Ok(proof) => {
            let differs = difference(
                &proof,
                &row.pool_pubkey_address,
                &row.redeem_script,
                &row.ticket_address,
            );
            differs.map_or(Answer::Agrees, |difference| {
                Answer::Disagrees(format!("user {}: {difference}", row.user_id))
            })
        }
        Err(RpcError::Refused { code, message }) if code == code::DISAGREES => {
            Answer::Disagrees(format!("user {}: {message}", row.user_id))
        }
        Err(error) => Answer::Away(error.to_string()),
    }
}
