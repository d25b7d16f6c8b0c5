//! `/status`: how the voters are, for operators and their monitors.

mod facts;
mod voter;
mod votes;

use std::borrow::Cow;

use http::StatusCode;
use maud::{Markup, Render, html};

use super::components::{age, date_time, notice};
use super::layout::Page;
use crate::pool::{Health, MailCounts, StatusReport, VoterReport};
use crate::rpc::wire;
use crate::web::error::Error;
use crate::web::request::WatcherReq;
use crate::web::response::Response;

#[derive(Debug)]
struct StatusPage {
    report: StatusReport,
    /// Only the blocks of this voter, counted from 1.
    voter: Option<usize>,
    now: i64,
}

pub async fn get(request: WatcherReq) -> Result<Response, Error> {
    let page = StatusPage {
        report: request.app.pool.status().await,
        voter: request.query.text("voter").parse().ok(),
        now: request.app.clock.unix_seconds(),
    };
    let status = if page.report.health == Health::Emergency {
        StatusCode::INTERNAL_SERVER_ERROR
    } else if page.report.database_away {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    Ok(request.page(status, &page))
}

impl Page for StatusPage {
    fn title(&self) -> Cow<'static, str> {
        "Status".into()
    }
}

/// Monitors search the page for this very line.
fn line(health: Health) -> &'static str {
    match health {
        Health::Ok => "RPC Status: OK",
        Health::Degraded => "RPC Status: Degraded",
        Health::Critical => "RPC Status: Critical",
        Health::Emergency => "RPC Status: Emergency",
    }
}

impl Render for StatusPage {
    fn render(&self) -> Markup {
        let kind = match self.report.health {
            Health::Ok => "good",
            Health::Degraded => "warn",
            Health::Critical | Health::Emergency => "bad",
        };
        html! {
            section {
                h1 { "Status" }
                p class={ "notice " (kind) } { "\n" (line(self.report.health)) "\n" }
                @if let Some(voter) = self.chosen() { (voter::blocks(voter)) } @else { (self.everything()) }
            }
        }
    }
}

impl StatusPage {
    fn chosen(&self) -> Option<&VoterReport> {
        let place = self.voter?.checked_sub(1)?;
        self.report.voters.get(place)
    }

    fn everything(&self) -> Markup {
        html! {
            @if let Some(halt) = &self.report.halt {
                (notice("bad", &format!(
                    "Enrolment is halted since {} by {}: {}. Voting goes on. Once the cause is mended, \
                     `dcrstakepool resume` checks all voters and ends the halt.",
                    date_time(halt.since), halt.voter, halt.reason)))
            }
            @if !self.report.alarms.is_empty() {
                h2 { "Alarms" }
                (alarms(&self.report.alarms, self.now))
            }
            @if let Some(mails) = &self.report.mails { (queue(*mails, self.now)) }
            h2 { "This process" }
            p {
                @if self.report.leads { "It does the background work." }
                @else { "Another process of this site does the background work." }
            }
            h2 { "Voters" }
            @if self.report.voters.is_empty() { p { "None is configured." } }
            @else { (votes::key()) }
            @for (place, report) in (1..).zip(&self.report.voters) { (voter::card(report, place, self.now)) }
        }
    }
}

fn queue(mails: MailCounts, now: i64) -> Markup {
    html! {
        h2 { "Mails" }
        p {
            (mails.waiting) " waiting"
            @if let Some(since) = mails.waiting_since { " (the oldest since " (age(now, since)) ")" }
            ", " (mails.given_up) " given up in the last week."
        }
    }
}

fn alarms(alarms: &[wire::Alarm], now: i64) -> Markup {
    html! {
        ul.alarms {
            @for alarm in alarms {
                li { code { (alarm.id) } " " (alarm.message) " " span.hint { "since " (since(now, alarm.since)) } }
            }
        }
    }
}

/// `5 minutes ago`; what began before any clock ran began with the process.
fn since(now: i64, then: i64) -> String {
    if then == 0 {
        "the start".to_owned()
    } else {
        age(now, then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::{Hash, Height, VoteBits, VoteVersion};
    use crate::pool::Halt;
    use crate::rpc::wire::{BlockVotes, VoteOutcome, VoteReport};
    use crate::web::pages::layout;

    fn page(health: Health) -> StatusPage {
        StatusPage {
            report: StatusReport {
                health,
                halt: None,
                database_away: false,
                voters: vec![VoterReport {
                    name: "https://voter1:9113".into(),
                    connected: false,
                    able: false,
                    problem: Some("connection refused".into()),
                    status: None,
                    seen_at: None,
                    differing_keys: vec!["pool.fees".into()],
                    ahead: None,
                    clock_ahead: None,
                    scripts_in_sync: false,
                    preferences_in_sync: false,
                }],
                alarms: Vec::new(),
                mails: Some(MailCounts {
                    waiting: 2,
                    waiting_since: Some(700),
                    given_up: 1,
                }),
                leads: true,
            },
            voter: None,
            now: 1_000,
        }
    }

    /// As a busy voter has them, with many kinds of trouble.
    fn block(height: u32) -> BlockVotes {
        let outcome = match height % 4 {
            0 => VoteOutcome::Failed,
            1 => VoteOutcome::AlreadyVoted,
            _ => VoteOutcome::Accepted,
        };
        let vote = VoteReport {
            ticket: Hash([9; 32]),
            bits: VoteBits(1),
            version: VoteVersion(12),
            outcome,
            reason: "dcrd says: the ticket is not live any more, or was never seen".into(),
            looked_up_us: 40_123,
            signed_us: 900_123,
            sent_us: 1_100_123,
            answered_us: 1_200_123,
        };
        BlockVotes {
            hash: Hash([7; 32]),
            height: Height(height),
            own_winners: 5,
            votes: vec![vote; 5],
            unvoted: Vec::new(),
            last_accepted_us: Some(1_200_123),
        }
    }

    #[test]
    fn four_voters_with_a_hundred_blocks_are_light() {
        let mut page = page(Health::Ok);
        let mut status = voter::tests::status();
        status.blocks = (924_101..=924_200).map(block).collect();
        let report = VoterReport {
            connected: true,
            able: true,
            problem: None,
            status: Some(status),
            seen_at: Some(990),
            differing_keys: Vec::new(),
            ..page.report.voters.remove(0)
        };
        page.report.voters = vec![report; 4];
        layout::tests::assert_light(&page);
        let html = page.render().into_string();
        assert_eq!(html.matches("h8v").count(), 400, "a bar for each block");
        assert!(html.contains("href=\"/status?voter=4\""));
        page.voter = Some(4);
        layout::tests::assert_light(&page);
        let html = page.render().into_string();
        assert_eq!(
            html.matches("<td>924,").count(),
            100,
            "all blocks, and problems"
        );
        assert!(html.lines().any(|line| line == "RPC Status: OK"));
        for unknown in [0, 5] {
            page.voter = Some(unknown);
            assert!(
                page.render()
                    .into_string()
                    .contains("href=\"/status?voter=1\"")
            );
        }
    }

    #[test]
    fn the_line_is_a_line_of_its_own() {
        for (health, expected) in [
            (Health::Ok, "RPC Status: OK"),
            (Health::Degraded, "RPC Status: Degraded"),
            (Health::Critical, "RPC Status: Critical"),
            (Health::Emergency, "RPC Status: Emergency"),
        ] {
            let html = page(health).render().into_string();
            assert_eq!(html.lines().filter(|line| *line == expected).count(), 1);
        }
    }

    #[test]
    fn trouble_is_named() {
        let mut page = page(Health::Emergency);
        page.report.halt = Some(Halt {
            since: 0,
            voter: "voter1".into(),
            reason: "other <key>".into(),
        });
        let html = page.render().into_string();
        for text in [
            "connection refused",
            "pool.fees",
            "other &lt;key&gt;",
            "resume",
            "1970-01-01",
            "2 waiting (the oldest since 5 minutes ago), 1 given up",
        ] {
            assert!(html.contains(text), "{text}");
        }
    }
}
