//! What became of each ticket at each voter.

use crate::decred::TicketHash;
use crate::domain::UserId;
use crate::pool::Fault;
use crate::rpc::wire::TicketOutcome;

/// What was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddInvalidReport {
    pub dry_run: bool,
    pub tickets: Vec<InvalidTicket>,
    /// Voters that could not be asked: web tells them the list when they are back.
    pub away: Vec<Fault>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTicket {
    pub hash: TicketHash,
    pub user: Option<UserId>,
    pub ticket_address: Option<String>,
    pub result: TicketResult,
    /// Of each voter that was asked, in the order of the configuration.
    pub voters: Vec<VoterAnswer>,
}

/// What became of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketResult {
    Added,
    /// It was in the list already.
    Already,
    /// It would be added (dry run).
    WouldAdd,
    /// Not known here: the voters would be asked (dry run).
    WouldAsk,
    /// It needs no adding.
    FeeIsGood,
    /// dcrd knows no transaction of that hash, or it is no ticket.
    NotFound,
    /// It pays to no script of a user of ours.
    NotOurs,
    /// Voted, missed, expired or revoked.
    Spent,
    /// No voter gave an answer.
    NoAnswer,
}

impl TicketResult {
    /// Whether all is as it should be now.
    pub fn is_good(self) -> bool {
        use TicketResult::{Added, Already, FeeIsGood, WouldAdd, WouldAsk};
        matches!(self, Added | Already | FeeIsGood | WouldAdd | WouldAsk)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoterAnswer {
    pub voter: String,
    pub result: VoterResult,
}

/// How a voter stands to a ticket now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VoterResult {
    /// It knows the ticket, and votes it if it is low.
    Votes,
    /// It knows the ticket, but did not take the list: the reason.
    NotTold(String),
    /// It does not have the ticket, whatever others say.
    Lacks(TicketOutcome),
    /// It gave no answer: the reason.
    Failed(String),
}

impl AddInvalidReport {
    /// Whether nothing is left to do.
    pub fn is_good(&self) -> bool {
        self.away.is_empty() && self.failed() == 0
    }

    /// Tickets with which something is wrong, at least at one voter.
    pub fn failed(&self) -> usize {
        let bad = self.tickets.iter().filter(|ticket| !ticket.is_good());
        bad.count()
    }
}

impl InvalidTicket {
    pub fn is_good(&self) -> bool {
        let votes = |answer: &VoterAnswer| answer.result == VoterResult::Votes;
        self.result.is_good() && self.voters.iter().all(votes)
    }
}
