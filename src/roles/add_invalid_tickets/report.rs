//! The report of `add-invalid-tickets`, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::pool::{AddInvalidReport, Fault, InvalidTicket, TicketResult, VoterAnswer, VoterResult};
use crate::rpc::wire::TicketOutcome;

/// What `--json` prints; the names are fixed.
#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    dry_run: bool,
    tickets: Vec<Ticket<'a>>,
    voters_away: Vec<Away<'a>>,
}

#[derive(Serialize)]
struct Ticket<'a> {
    hash: String,
    user_id: Option<i64>,
    #[serde(rename = "ticket_address")]
    address: Option<&'a str>,
    ok: bool,
    result: &'static str,
    text: &'static str,
    voters: Vec<Voter<'a>>,
}

#[derive(Serialize)]
struct Voter<'a> {
    #[serde(rename = "voter")]
    name: &'a str,
    result: &'static str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Away<'a> {
    #[serde(rename = "voter")]
    name: &'a str,
    reason: &'a str,
}

/// One object on one line.
pub fn json(report: &AddInvalidReport) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Report {
        ok: report.is_good(),
        dry_run: report.dry_run,
        tickets: report.tickets.iter().map(ticket).collect(),
        voters_away: report.away.iter().map(away).collect(),
    })
}

fn ticket(ticket: &InvalidTicket) -> Ticket<'_> {
    let (result, text) = words(ticket.result);
    Ticket {
        hash: ticket.hash.to_string(),
        user_id: ticket.user.map(|user| user.0),
        address: ticket.ticket_address.as_deref(),
        ok: ticket.is_good(),
        result,
        text,
        voters: ticket.voters.iter().map(voter).collect(),
    }
}

fn voter(answer: &VoterAnswer) -> Voter<'_> {
    let (result, reason) = voter_words(&answer.result);
    Voter {
        name: &answer.voter,
        result,
        reason,
    }
}

fn away(fault: &Fault) -> Away<'_> {
    Away {
        name: &fault.voter,
        reason: &fault.reason,
    }
}

/// For programs, and for people.
fn words(result: TicketResult) -> (&'static str, &'static str) {
    match result {
        TicketResult::Added => ("added", "added"),
        TicketResult::Already => ("already", "was added before"),
        TicketResult::WouldAdd => ("would_add", "would be added"),
        TicketResult::WouldAsk => (
            "would_ask",
            "not known here: the voters would be asked for it",
        ),
        TicketResult::FeeIsGood => ("fee_is_good", "its fee is good: needs no adding"),
        TicketResult::NotFound => (
            "not_found",
            "there is no such transaction, or it is no ticket",
        ),
        TicketResult::NotOurs => ("not_ours", "it belongs to no user of this pool"),
        TicketResult::Spent => ("spent", "it has voted, or was missed, expired or revoked"),
        TicketResult::NoAnswer => ("no_answer", "no voter could say"),
    }
}

fn voter_words(result: &VoterResult) -> (&'static str, &str) {
    match result {
        VoterResult::Votes => ("votes", ""),
        VoterResult::NotTold(reason) => ("not_told", reason),
        VoterResult::Failed(reason) => ("failed", reason),
        VoterResult::Lacks(outcome) => match outcome {
            TicketOutcome::NotFound => ("not_found", "its dcrd knows no such ticket"),
            TicketOutcome::NotOurs => ("not_ours", "it lacks the script"),
            TicketOutcome::Spent => ("spent", "the ticket is spent"),
            TicketOutcome::Known | TicketOutcome::Added => ("votes", ""),
        },
    }
}

/// A line for each ticket with a column for each voter, then why something is not as it should be.
pub fn table(report: &AddInvalidReport) -> String {
    let Some(first) = report.tickets.first() else {
        return "no ticket is ignored for its fee: nothing to do\n".to_owned();
    };
    let mut table = format!("{:<64}  {:>6}", "TICKET", "USER");
    let names: Vec<&str> = first.voters.iter().map(|it| it.voter.as_str()).collect();
    for name in &names {
        let _ = write!(table, "  {name:<WIDTH$}");
    }
    table.push_str("  OUTCOME\n");
    for ticket in &report.tickets {
        let user = ticket.user.map_or("-".to_owned(), |user| user.to_string());
        let _ = write!(table, "{}  {user:>6}", ticket.hash);
        for answer in &ticket.voters {
            let width = answer.voter.chars().count().max(WIDTH);
            let (result, _) = voter_words(&answer.result);
            let _ = write!(table, "  {result:<width$}");
        }
        let (_, text) = words(ticket.result);
        let _ = writeln!(table, "  {text}");
        // Of a ticket that cannot be added no voter has more to say.
        let all = if ticket.result.is_good() {
            ticket.voters.as_slice()
        } else {
            &[]
        };
        for answer in all {
            let (result, reason) = voter_words(&answer.result);
            if !reason.is_empty() {
                let _ = writeln!(table, "    {}: {result}: {reason}", answer.voter);
            }
        }
    }
    for fault in &report.away {
        let _ = writeln!(table, "voter {} is away: {}", fault.voter, fault.reason);
    }
    table
}

/// Of a voter's column.
const WIDTH: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::Hash;
    use crate::domain::UserId;

    fn report() -> AddInvalidReport {
        let answer = |voter: &str, result| VoterAnswer {
            voter: voter.to_owned(),
            result,
        };
        AddInvalidReport {
            dry_run: false,
            tickets: vec![
                InvalidTicket {
                    hash: Hash([1; 32]),
                    user: Some(UserId(7)),
                    ticket_address: Some("ScA".into()),
                    result: TicketResult::Added,
                    voters: vec![
                        answer("a:1", VoterResult::Votes),
                        answer("b:2", VoterResult::Lacks(TicketOutcome::NotOurs)),
                    ],
                },
                InvalidTicket {
                    hash: Hash([2; 32]),
                    user: None,
                    ticket_address: None,
                    result: TicketResult::NotFound,
                    voters: vec![],
                },
            ],
            away: vec![Fault {
                voter: "c:3".into(),
                reason: "connection refused".into(),
                wrong: false,
            }],
        }
    }

    #[test]
    fn people_read_what_became_of_each_ticket_at_each_voter() {
        let table = table(&report());
        for text in [
            &format!("{}       7  votes      not_ours   added\n", "01".repeat(32)),
            "    b:2: not_ours: it lacks the script\n",
            "-  there is no such transaction, or it is no ticket\n",
            "voter c:3 is away: connection refused",
        ] {
            assert!(table.contains(text), "{text}:\n{table}");
        }
    }

    #[test]
    fn programs_read_one_object() {
        let json: serde_json::Value = serde_json::from_str(&json(&report()).unwrap()).unwrap();
        assert_eq!(json["ok"], false);
        assert_eq!(json["tickets"][0]["result"], "added");
        assert_eq!(json["tickets"][0]["ok"], false, "one voter lacks it");
        assert_eq!(json["tickets"][0]["voters"][1]["result"], "not_ours");
        assert_eq!(json["tickets"][1]["user_id"], serde_json::Value::Null);
        assert_eq!(json["voters_away"][0]["voter"], "c:3");
    }
}
