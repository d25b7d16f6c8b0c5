//! One voter: how it is connected, its alarms, its facts, its votes.

use maud::{Markup, html};

use super::{alarms, facts, votes};
use crate::pool::VoterReport;
use crate::web::pages::components::{badge, notice};

pub fn card(voter: &VoterReport, now: i64) -> Markup {
    let (kind, word) = match (voter.connected, voter.able) {
        (true, true) => ("good", "connected"),
        (true, false) => ("warn", "connected, not able to vote as it should"),
        (false, _) => ("bad", "away"),
    };
    let name = voter.name.trim_start_matches("https://");
    html! {
        section.voter {
            h3 { (name) " " (badge(kind, word)) }
            @if let Some(problem) = &voter.problem { (notice("bad", problem)) }
            @if !voter.differing_keys.is_empty() {
                (notice("bad", &format!("Configured differently: {}.", voter.differing_keys.join(", "))))
            }
            @match &voter.status {
                None => p { "Has not reported yet." },
                Some(status) => {
                    @if !voter.connected { p.hint { "What it said last:" } }
                    @if !status.alarms.is_empty() { (alarms(&status.alarms, now)) }
                    (votes::recent(&status.blocks))
                    (facts::groups(voter, status, now))
                }
            }
        }
    }
}
