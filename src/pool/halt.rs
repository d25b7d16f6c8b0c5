//! Halt: enrolment stops when a voter disagrees, and goes on after a complete recheck.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use tokio::time::sleep;

use super::derivation::Derived;
use super::voters::Peer;
use super::{Error, Halt, Pool};
use crate::db::EnrolledUser;
use crate::domain::{KeyIndex, UserId};
use crate::rpc::Error as RpcError;
use crate::rpc::wire::{EnrolmentRequest, code};

/// Users that one voter rechecks at a time.
const AT_ONCE: usize = 8;
/// For one of them.
const VERIFY: Duration = Duration::from_secs(20);

/// How often a halt found at start is rechecked while voters are missing.
const RECHECK: Duration = Duration::from_secs(15);

/// What became of a halt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recheck {
    NotHalted,
    Cleared,
    /// A voter disagrees.
    StillHalted(String),
    /// Nobody disagrees, but not everyone who must be asked could be.
    Inconclusive(String),
}

/// What a voter says to all enrolments.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Agrees,
    Away(String),
    Disagrees(String),
}

/// A question to every wallet, and the answer that is due.
#[derive(Debug)]
struct Check {
    request: EnrolmentRequest,
    derived: Derived,
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
        let checks = self.checks().await?;
        let asked = self.peers.iter().map(async |peer| {
            let answer = self.recheck(peer, &checks).await;
            (peer.name(), answer)
        });
        let answers = join_all(asked).await;
        if let Some((voter, reason)) = answers.iter().find_map(|(voter, answer)| match answer {
            Answer::Disagrees(reason) => Some((voter, reason)),
            _ => None,
        }) {
            return Ok(Recheck::StillHalted(format!("{voter} disagrees: {reason}")));
        }
        if let Some(reason) = self.missing(&halt, &answers) {
            return Ok(Recheck::Inconclusive(reason));
        }
        self.clear("halt_cleared", &halt, "all voters agree")
            .await?;
        Ok(Recheck::Cleared)
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

    /// Rechecks the halt that this process found at its start, until a voter agrees or disagrees: at
    /// a power cut voters may come back later than web. One that was met since then stays.
    pub(super) async fn keep_rechecking(&self) {
        let found = loop {
            match self.store.halt().await {
                Ok(Some(found)) => break found,
                Ok(None) => return,
                Err(error) => self.database_failed("halt not rechecked", &error.into()),
            }
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = sleep(RECHECK) => {}
            }
        };
        loop {
            match self.recheck_halt().await {
                Ok(Recheck::Inconclusive(reason)) => {
                    tracing::debug!(reason, "enrolment stays halted");
                }
                Ok(Recheck::StillHalted(reason)) => {
                    return tracing::error!(reason, "enrolment stays halted");
                }
                Ok(Recheck::NotHalted | Recheck::Cleared) => return,
                Err(error) => tracing::warn!(%error, "halt not rechecked"),
            }
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = sleep(RECHECK) => {}
            }
            if self
                .store
                .halt()
                .await
                .is_ok_and(|halt| halt.as_ref() != Some(&found))
            {
                return;
            }
        }
    }

    /// Who must be asked and was not.
    fn missing(&self, halt: &Halt, answers: &[(&str, Answer)]) -> Option<String> {
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

    /// Every enrolment there is; and of each user without one the key index alone, with a key that
    /// is nobody's: what halted may be the very first enrolment.
    async fn checks(&self) -> Result<Vec<Check>, Error> {
        let enrolled = self.store.enrolled_users().await?;
        let mut checks: Vec<Check> = enrolled.iter().map(Check::of).collect();
        let taken: HashSet<KeyIndex> = enrolled.iter().map(|user| user.key_index).collect();
        let (key, address) = self.derivation.probe()?;
        let users = self.store.user_counts().await?.total;
        let last = u32::try_from(users).unwrap_or(u32::MAX);
        let free = (1..=last.min(self.settings.max_users)).map(KeyIndex);
        for index in free.filter(|index| !taken.contains(index)) {
            let derived = self.derivation.derive(index, &key);
            let derived = derived.map_err(|error| Error::Internal(error.to_string()))?;
            let request = EnrolmentRequest {
                user_id: UserId(i64::from(index.0)),
                key_index: index,
                user_pubkey_address: address.clone(),
            };
            checks.push(Check { request, derived });
        }
        Ok(checks)
    }

    /// One voter and all users.
    async fn recheck(&self, peer: &Peer, checks: &[Check]) -> Answer {
        if !self.look(peer).await {
            let problem = peer.view().problem.clone();
            return Answer::Away(problem.map(|problem| problem.text).unwrap_or_default());
        }
        let differing = peer.view().differing_keys.clone();
        if !differing.is_empty() {
            return Answer::Disagrees(format!("configured differently: {}", differing.join(", ")));
        }
        let asked: Vec<_> = checks.iter().map(|check| check.ask(peer)).collect();
        let mut answers = stream::iter(asked).buffer_unordered(AT_ONCE);
        while let Some(answer) = answers.next().await {
            if answer != Answer::Agrees {
                return answer;
            }
        }
        Answer::Agrees
    }
}

impl Check {
    /// What is stored takes precedence: a user of an older program may have any key index.
    fn of(user: &EnrolledUser) -> Self {
        let row = user.enrolment.clone();
        Self {
            request: EnrolmentRequest {
                user_id: row.user_id,
                key_index: user.key_index,
                user_pubkey_address: row.user_pubkey_address,
            },
            derived: Derived {
                pool_pubkey_address: row.pool_pubkey_address,
                redeem_script: row.redeem_script,
                ticket_address: row.ticket_address,
                fee_address: row.fee_address,
            },
        }
    }

    async fn ask(&self, peer: &Peer) -> Answer {
        let verify = peer.voter().verify_enrolment(self.request.clone());
        let reason = match peer.within(VERIFY, verify).await {
            Ok(proof) => self.derived.difference(&proof),
            Err(RpcError::Refused { code, message }) if code == code::DISAGREES => Some(message),
            Err(error) => return Answer::Away(error.to_string()),
        };
        reason.map_or(Answer::Agrees, |reason| {
            Answer::Disagrees(format!("key index {}: {reason}", self.request.key_index))
        })
    }
}
