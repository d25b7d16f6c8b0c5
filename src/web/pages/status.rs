//! `/status`: how the voters are, for operators and their monitors.

use std::borrow::Cow;

use http::StatusCode;
use maud::{Markup, Render, html};

use super::components::{age, badge, date_time, grouped, notice};
use super::layout::Page;
use crate::pool::{Health, StatusReport, VoterReport};
use crate::rpc::wire;
use crate::web::error::Error;
use crate::web::request::WatcherReq;
use crate::web::response::Response;

#[derive(Debug)]
struct StatusPage {
    report: StatusReport,
    now: i64,
}

pub async fn get(request: WatcherReq) -> Result<Response, Error> {
    let page = StatusPage {
        report: request.app.pool.status().await,
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
                @if let Some(halt) = &self.report.halt {
                    (notice("bad", &format!(
                        "Enrolment is halted since {} by {}: {}. Voting goes on. Once the cause is mended, \
                         `dcrstakepool resume` checks all voters and ends the halt.",
                        date_time(halt.since), halt.voter, halt.reason)))
                }
                (alarms(&self.report.alarms, self.now))
                h2 { "Voters" }
                @if self.report.voters.is_empty() { p { "None is configured." } }
                @for voter in &self.report.voters { (self.voter(voter)) }
            }
        }
    }
}

fn alarms(alarms: &[wire::Alarm], now: i64) -> Markup {
    html! {
        @if !alarms.is_empty() {
            h2 { "Alarms" }
            ul {
                @for alarm in alarms {
                    li { code { (alarm.id) } ": " (alarm.message) " "
                        span.hint { "(since " (age(now, alarm.since)) ")" } }
                }
            }
        }
    }
}

impl StatusPage {
    fn voter(&self, voter: &VoterReport) -> Markup {
        let state = if voter.connected {
            badge("good", "connected")
        } else {
            badge("bad", "away")
        };
        html! {
            section.voter {
                h3 { (voter.name) " " (state) }
                @if let Some(problem) = &voter.problem { (notice("bad", problem)) }
                @if !voter.differing_keys.is_empty() {
                    (notice("bad", &format!("Configured differently: {}.", voter.differing_keys.join(", "))))
                }
                @match &voter.status {
                    None => p { "Has not reported yet." },
                    Some(status) => {
                        @if let Some(seen) = voter.seen_at {
                            p.hint { "Last report " (age(self.now, seen)) "." }
                        }
                        (facts(voter, status))
                    }
                }
            }
        }
    }
}

fn facts(voter: &VoterReport, status: &wire::Status) -> Markup {
    let height = |height: Option<u32>| height.map_or("unknown".to_owned(), grouped);
    let wallet = &status.wallet;
    let own = &status.tickets;
    html! {
        table.facts { tbody {
            (fact("dcrd", &yes(status.dcrd.connected, "connected", "away")))
            (fact("dcrd height", &height(status.best.as_ref().map(|tip| tip.height.0))))
            (fact("dcrwallet", &yes(wallet.connected, "connected", "away")))
            (fact("wallet height", &height(wallet.height.map(|height| height.0))))
            (fact("wallet unlocked", &yes(wallet.unlocked, "yes", "no")))
            (fact("signer", match status.signer {
                wire::SignerKind::Memory => "memory",
                wire::SignerKind::Wallet => "wallet",
            }))
            (fact("vote version", &status.vote_version.to_string()))
            (fact("tickets", &format!(
                "{} live, {} immature, {} voted, {} missed, {} expired, {} low fee",
                grouped(own.live), grouped(own.immature), grouped(own.voted), grouped(own.missed),
                grouped(own.expired), grouped(own.low_fee))))
            (fact("scripts in sync", &yes(voter.scripts_in_sync, "yes", "not yet")))
            (fact("preferences in sync", &yes(voter.preferences_in_sync, "yes", "not yet")))
            (fact("vote latency", &latency(&status.blocks)))
            (fact("program", &status.version))
        } }
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! { tr { th scope="row" { (name) } td { (value) } } }
}

fn yes(fact: bool, good: &str, bad: &str) -> String {
    if fact { good } else { bad }.to_owned()
}

/// Median and slowest of the last blocks, from notification to the last own vote accepted.
fn latency(blocks: &[wire::BlockVotes]) -> String {
    let mut micros: Vec<u64> = blocks
        .iter()
        .filter_map(|block| block.last_accepted_us)
        .collect();
    micros.sort_unstable();
    match (micros.get(micros.len() / 2), micros.last()) {
        (Some(median), Some(slowest)) => format!(
            "median {} ms, slowest {} ms, of {} blocks",
            millis(*median),
            millis(*slowest),
            micros.len()
        ),
        _ => "no votes yet".to_owned(),
    }
}

fn millis(micros: u64) -> String {
    format!("{}.{}", micros / 1000, micros % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Halt;

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
                    scripts_in_sync: false,
                    preferences_in_sync: false,
                }],
                alarms: Vec::new(),
            },
            now: 1_000,
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
        ] {
            assert!(html.contains(text), "{text}");
        }
    }

    #[test]
    fn latencies_are_summed_up() {
        assert_eq!(latency(&[]), "no votes yet");
        assert_eq!(millis(12_345), "12.3");
    }
}
