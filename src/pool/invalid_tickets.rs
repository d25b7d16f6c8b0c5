//! `add-invalid-tickets`: low-fee tickets made known to every voter, put into the list, and the list sent,
//! with the outcome of each ticket at each voter.

mod report;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use futures_util::future::join_all;

use super::low_fee::distrust;
use super::start::fault;
use super::voters::Peer;
use super::{Error, Fault, Pool};
use crate::db::{LowFeeAddition, LowFeeOwner};
use crate::decred::TicketHash;
use crate::domain::{FeeVerdict, TicketRecord, TicketStatus, UserId};
use crate::rpc::wire::{AddTickets, AddedTicket, LowFeeLists, TicketOutcome};

pub use report::{AddInvalidReport, InvalidTicket, TicketResult, VoterAnswer, VoterResult};

/// Tickets in one question: each may cost a voter a few calls to dcrd.
const ASKED_AT_ONCE: usize = 100;
/// For the answer.
const ANSWER: Duration = Duration::from_mins(1);
/// Tickets put into the list in one transaction.
const STORED_AT_ONCE: usize = 200;

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidTickets {
    /// All that are ignored for their fee, of a user by e-mail address.
    Email(String),
    /// The same, by ticket address.
    TicketAddress(String),
    /// The same, of everybody.
    All,
    Hashes(BTreeSet<TicketHash>),
}

#[derive(Debug, thiserror::Error)]
pub enum AddInvalidError {
    #[error("no user has the e-mail address {0}")]
    NoSuchEmail(String),
    #[error("no user has the ticket address {0}")]
    NoSuchAddress(String),
    /// Nothing was done.
    #[error("no voter is there")]
    NoVoter(Vec<Fault>),
    #[error(transparent)]
    Pool(#[from] Error),
}

impl From<crate::db::Error> for AddInvalidError {
    fn from(error: crate::db::Error) -> Self {
        Self::Pool(error.into())
    }
}

/// A voter that is there, and what it said.
struct Asked<'a> {
    peer: &'a Peer,
    answers: HashMap<TicketHash, AddedTicket>,
    /// Why some answers are missing.
    trouble: Option<String>,
    told: Result<LowFeeLists, String>,
}

/// Where a line of progress goes.
pub type Progress<'a> = &'a (dyn Fn(String) + Send + Sync);

impl Pool {
    /// Finds the tickets, and unless it is a dry run has every voter that is there vote them.
    pub async fn add_invalid_tickets(
        &self,
        wanted: InvalidTickets,
        dry_run: bool,
        progress: Progress<'_>,
    ) -> Result<AddInvalidReport, AddInvalidError> {
        let known = self.wanted(wanted).await?;
        if dry_run || known.is_empty() {
            return self.foresee(known, dry_run).await;
        }
        let hashes: Vec<TicketHash> = known.keys().copied().collect();
        join_all(self.peers.iter().map(|peer| self.look(peer))).await;
        let away: Vec<Fault> = self.peers.iter().filter_map(|peer| fault(peer)).collect();
        let there = self.peers.iter().filter(|peer| fault(peer).is_none());
        let asked = there.map(|peer| ask(peer, &hashes, progress));
        let mut asked = join_all(asked).await;
        if asked.is_empty() {
            return Err(AddInvalidError::NoVoter(away));
        }
        let mut tickets = Vec::with_capacity(hashes.len());
        for hash in &hashes {
            let record = known.get(hash).and_then(Option::as_ref);
            tickets.push(self.judge(*hash, record, &asked).await?);
        }
        self.list(&mut tickets, &known, &asked, progress).await?;
        self.tell(&mut asked, progress).await?;
        for ticket in &mut tickets {
            ticket.voters = asked.iter().map(|voter| voter.answer(ticket)).collect();
        }
        Ok(AddInvalidReport {
            dry_run,
            tickets,
            away,
        })
    }

    /// The tickets that are meant, with what the database knows of them.
    async fn wanted(&self, wanted: InvalidTickets) -> Result<Known, AddInvalidError> {
        let owner = match wanted {
            InvalidTickets::Hashes(hashes) => {
                let mut known = Known::new();
                for hash in hashes {
                    known.insert(hash, self.store.ticket(hash).await?);
                }
                return Ok(known);
            }
            InvalidTickets::All => LowFeeOwner::Everybody,
            InvalidTickets::Email(email) => match self.store.user_by_email(&email).await? {
                Some(user) => LowFeeOwner::User(user.id),
                None => return Err(AddInvalidError::NoSuchEmail(email)),
            },
            InvalidTickets::TicketAddress(address) => match self.owner_of(&address).await? {
                Some(_) => LowFeeOwner::TicketAddress(address),
                None => return Err(AddInvalidError::NoSuchAddress(address)),
            },
        };
        let ignored = self.store.ignored_low_fee(owner).await?;
        let known = ignored.into_iter().map(|it| (it.hash, Some(it)));
        Ok(known.collect())
    }

    async fn owner_of(&self, ticket_address: &str) -> Result<Option<UserId>, Error> {
        let users = self.store.enrolled_users().await?;
        let mut users = users.iter().map(|user| &user.enrolment);
        let owner = users.find(|enrolment| enrolment.ticket_address == ticket_address);
        Ok(owner.map(|enrolment| enrolment.user_id))
    }

    /// What would be done, as far as the database knows.
    async fn foresee(
        &self,
        known: Known,
        dry_run: bool,
    ) -> Result<AddInvalidReport, AddInvalidError> {
        let now = self.clock.unix_seconds();
        let listed = self.store.low_fee_in_force(now).await?;
        let listed: BTreeSet<TicketHash> = listed.iter().map(|it| it.ticket_hash).collect();
        let tickets = known.into_iter().map(|(hash, record)| InvalidTicket {
            hash,
            user: record.as_ref().map(|record| record.user_id),
            result: match record.as_ref().map(settled) {
                Some(Some(result)) => result,
                _ if listed.contains(&hash) => TicketResult::Already,
                Some(None) => TicketResult::WouldAdd,
                None => TicketResult::WouldAsk,
            },
            ticket_address: record.map(|record| record.ticket_address),
            voters: Vec::new(),
        });
        Ok(AddInvalidReport {
            dry_run,
            tickets: tickets.collect(),
            away: Vec::new(),
        })
    }

    /// Whose ticket it is and whether it can be added, from the voters' answers.
    async fn judge(
        &self,
        hash: TicketHash,
        record: Option<&TicketRecord>,
        asked: &[Asked<'_>],
    ) -> Result<InvalidTicket, Error> {
        let answers = asked.iter().filter_map(|voter| voter.answers.get(&hash));
        let answers: Vec<&AddedTicket> = answers.collect();
        let told = answers.iter().find_map(|it| it.ticket_address.clone());
        let ticket_address = told.or_else(|| record.map(|record| record.ticket_address.clone()));
        let user = match &ticket_address {
            Some(address) => self.owner_of(address).await?,
            None => None,
        };
        let outcomes: Vec<TicketOutcome> = answers.iter().map(|it| it.outcome).collect();
        let result = record.and_then(settled).unwrap_or(combine(&outcomes));
        // A voter may know a script that this database lost.
        let ownerless = result == TicketResult::Added && user.is_none();
        Ok(InvalidTicket {
            hash,
            user,
            ticket_address,
            result: if ownerless {
                TicketResult::NotOurs
            } else {
                result
            },
            voters: Vec::new(),
        })
    }

    /// Puts those that can be added into the list.
    async fn list(
        &self,
        tickets: &mut [InvalidTicket],
        known: &Known,
        asked: &[Asked<'_>],
        progress: Progress<'_>,
    ) -> Result<(), AddInvalidError> {
        let addable = |ticket: &&mut InvalidTicket| ticket.result == TicketResult::Added;
        let mut addable: Vec<&mut InvalidTicket> = tickets.iter_mut().filter(addable).collect();
        for chunk in addable.chunks_mut(STORED_AT_ONCE) {
            let rows = chunk.iter().map(|ticket| {
                let told = asked
                    .iter()
                    .filter_map(|voter| voter.answers.get(&ticket.hash));
                let mined = told.into_iter().find_map(|answer| answer.mined_height);
                let record = known.get(&ticket.hash).and_then(Option::as_ref);
                let stored = record.and_then(|record| record.mined);
                let mined = mined.or(stored.map(|(_, height)| height));
                let address = ticket.ticket_address.clone().unwrap_or_default();
                self.listing(ticket.hash, address, mined, OPERATOR)
            });
            let rows = rows.collect();
            let added = self.store.add_low_fee(rows, self.change(None, None));
            for (ticket, addition) in chunk.iter_mut().zip(added.await?) {
                ticket.result = match addition {
                    LowFeeAddition::Added => TicketResult::Added,
                    LowFeeAddition::Already => TicketResult::Already,
                    LowFeeAddition::Voted => TicketResult::Spent,
                };
            }
        }
        self.low_fee_changed().await;
        progress(format!("{} tickets are in the list", addable.len()));
        Ok(())
    }

    /// Sends the whole list to every voter that is there.
    async fn tell(
        &self,
        asked: &mut [Asked<'_>],
        progress: Progress<'_>,
    ) -> Result<(), AddInvalidError> {
        let list = self.low_fee_list().await?;
        let told = asked.iter_mut().map(async |voter| {
            voter.told = match distrust(voter.peer) {
                Some(reason) => Err(reason.to_owned()),
                None => self
                    .push_low_fee(voter.peer, &list.tickets)
                    .await
                    .map_err(|error| error.to_string()),
            };
            let name = voter.peer.name();
            progress(match &voter.told {
                Ok(_) => format!("voter {name}: took the list"),
                Err(reason) => format!("voter {name}: did not take the list: {reason}"),
            });
        });
        join_all(told).await;
        Ok(())
    }
}

type Known = BTreeMap<TicketHash, Option<TicketRecord>>;

/// `AddedByUid` of what no user added.
const OPERATOR: UserId = UserId(0);

/// What the database already says about a ticket that cannot or need not be added.
fn settled(record: &TicketRecord) -> Option<TicketResult> {
    match (record.status, record.verdict) {
        (TicketStatus::Voted | TicketStatus::Missed | TicketStatus::Expired, _) => {
            Some(TicketResult::Spent)
        }
        (_, FeeVerdict::Good) => Some(TicketResult::FeeIsGood),
        _ => None,
    }
}

/// One answer out of all voters'. One that has the ticket is enough: what another lacks it gets.
fn combine(outcomes: &[TicketOutcome]) -> TicketResult {
    let has = |wanted: TicketOutcome| outcomes.contains(&wanted);
    if has(TicketOutcome::Spent) {
        TicketResult::Spent
    } else if has(TicketOutcome::Known) || has(TicketOutcome::Added) {
        TicketResult::Added
    } else if has(TicketOutcome::NotOurs) {
        TicketResult::NotOurs
    } else if has(TicketOutcome::NotFound) {
        TicketResult::NotFound
    } else {
        TicketResult::NoAnswer
    }
}

/// Makes tickets known to a voter; the first failure ends it.
async fn ask<'a>(peer: &'a Peer, hashes: &[TicketHash], progress: Progress<'_>) -> Asked<'a> {
    let mut asked = Asked {
        peer,
        answers: HashMap::with_capacity(hashes.len()),
        trouble: None,
        told: Err(String::new()),
    };
    for chunk in hashes.chunks(ASKED_AT_ONCE) {
        let request = AddTickets {
            hashes: chunk.to_vec(),
        };
        let answer = peer.within(ANSWER, peer.voter().add_tickets(request)).await;
        let name = peer.name();
        match answer {
            Ok(answer) => {
                let tickets = answer.tickets.into_iter().map(|it| (it.ticket_hash, it));
                asked.answers.extend(tickets);
                let (done, all) = (asked.answers.len(), hashes.len());
                progress(format!("voter {name}: {done} of {all} tickets looked up"));
            }
            Err(error) => {
                progress(format!("voter {name}: {error}"));
                asked.trouble = Some(error.to_string());
                break;
            }
        }
    }
    asked
}

impl Asked<'_> {
    fn answer(&self, ticket: &InvalidTicket) -> VoterAnswer {
        VoterAnswer {
            voter: self.peer.name().to_owned(),
            result: self.result(ticket),
        }
    }

    fn result(&self, ticket: &InvalidTicket) -> VoterResult {
        let Some(answer) = self.answers.get(&ticket.hash) else {
            let silence = || "it did not answer".to_owned();
            return VoterResult::Failed(self.trouble.clone().unwrap_or_else(silence));
        };
        if !matches!(answer.outcome, TicketOutcome::Known | TicketOutcome::Added) {
            return VoterResult::Lacks(answer.outcome);
        }
        let listed = matches!(ticket.result, TicketResult::Added | TicketResult::Already);
        let takes = |lists: &LowFeeLists| {
            let accepted = |it: &_| is(it, ticket);
            lists.accepted.iter().any(accepted)
        };
        match &self.told {
            _ if !listed => VoterResult::Votes,
            Ok(lists) if takes(lists) => VoterResult::Votes,
            Ok(_) => VoterResult::NotTold("it has the ticket by another address".to_owned()),
            Err(reason) => VoterResult::NotTold(reason.clone()),
        }
    }
}

fn is(listed: &crate::rpc::wire::LowFeeTicket, ticket: &InvalidTicket) -> bool {
    listed.ticket_hash == ticket.hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_voter_that_has_the_ticket_is_enough_unless_it_is_spent() {
        use TicketOutcome::{Added, Known, NotFound, NotOurs, Spent};
        for (outcomes, expected) in [
            (&[Known, NotFound][..], TicketResult::Added),
            (&[NotOurs, Added], TicketResult::Added),
            (&[Known, Spent], TicketResult::Spent),
            (&[NotFound, NotOurs], TicketResult::NotOurs),
            (&[NotFound, NotFound], TicketResult::NotFound),
            (&[], TicketResult::NoAnswer),
        ] {
            assert_eq!(combine(outcomes), expected, "{outcomes:?}");
        }
    }
}
