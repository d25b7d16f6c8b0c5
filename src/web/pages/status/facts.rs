//! What a voter says of itself, in groups of facts; what is not as it should be stands out.

use maud::{Markup, Render, html};

use super::since;
use crate::pool::VoterReport;
use crate::rpc::wire::{ScriptRegistry, SignerKind, Status};
use crate::web::pages::components::{age, badge, grouped};

/// All groups of a status.
pub fn groups(voter: &VoterReport, status: &Status, now: i64) -> Markup {
    html! {
        div.groups {
            (group("dcrd", &dcrd(status, now)))
            (group("dcrwallet", &wallet(status)))
            (group("Tickets", &tickets(status)))
            (group("Votes", &voting(voter, status)))
            (group("Program", &program(voter, status, now)))
        }
    }
}

type Fact = (&'static str, Markup);

fn group(title: &str, facts: &[Fact]) -> Markup {
    html! {
        div.group {
            h4 { (title) }
            table.facts { tbody {
                @for (name, value) in facts {
                    tr { th scope="row" { (name) } td { (value) } }
                }
            } }
        }
    }
}

/// A fact that is good when it is true.
fn should(fact: bool, good: &str, bad: &str) -> Markup {
    if fact {
        good.render()
    } else {
        badge("bad", bad)
    }
}

/// A fact that comes with time.
fn soon(fact: bool, good: &str, waiting: &str) -> Markup {
    if fact {
        good.render()
    } else {
        badge("warn", waiting)
    }
}

fn text(value: impl Into<String>) -> Markup {
    value.into().render()
}

fn or_unknown(version: &str) -> Markup {
    text(if version.is_empty() {
        "unknown"
    } else {
        version
    })
}

fn dcrd(status: &Status, now: i64) -> Vec<Fact> {
    let dcrd = &status.dcrd;
    let mut facts = vec![
        ("connection", should(dcrd.connected, "connected", "away")),
        ("chain", should(dcrd.synced, "complete", "behind")),
        ("version", or_unknown(&dcrd.version)),
    ];
    match &status.best {
        None => facts.push(("block", text("unknown"))),
        Some(tip) => {
            let hash = tip.hash.to_string();
            facts.push(("block", text(grouped(tip.height.0))));
            facts.push(("hash", html! { code.hash title=(hash) { (short(&hash)) } }));
            facts.push(("block time", text(age(now, tip.time))));
        }
    }
    facts
}

/// The end of a hash: the beginning of a block's is all zeros.
fn short(hash: &str) -> String {
    let tail = hash.get(hash.len().saturating_sub(12)..);
    format!("…{}", tail.unwrap_or(hash))
}

fn wallet(status: &Status) -> Vec<Fact> {
    let wallet = &status.wallet;
    let height = wallet.height.map(|height| grouped(height.0));
    vec![
        ("connection", should(wallet.connected, "connected", "away")),
        ("lock", should(wallet.unlocked, "unlocked", "locked")),
        (
            "its dcrd",
            should(wallet.daemon_connected, "connected", "away"),
        ),
        (
            "votes itself",
            should(!wallet.voting, "no", "yes: switch it off"),
        ),
        ("version", or_unknown(&wallet.version)),
        ("block", text(height.unwrap_or_else(|| "unknown".into()))),
        ("rescan", rescan(status)),
    ]
}

fn rescan(status: &Status) -> Markup {
    match status.rescan {
        None => text("none needed"),
        Some(rescan) => {
            let from = grouped(rescan.from.0);
            let text = if rescan.running {
                format!("running from block {from}")
            } else {
                format!("from block {from}, waits for the wallet")
            };
            badge("warn", &text)
        }
    }
}

fn tickets(status: &Status) -> Vec<Fact> {
    let own = &status.tickets;
    let counts = [
        ("mempool", own.mempool),
        ("immature", own.immature),
        ("live", own.live),
        ("voted", own.voted),
        ("missed", own.missed),
        ("expired", own.expired),
        ("revoked of those", own.revoked),
        ("low fee", own.low_fee),
    ];
    let list = match status.unread_from {
        Some(block) => badge(
            "warn",
            &format!("blocks are read from {}", grouped(block.0)),
        ),
        None => soon(status.tickets_loaded, "complete", "still loading"),
    };
    let mut facts = vec![("list", list)];
    facts.extend(counts.map(|(name, count)| (name, text(grouped(count)))));
    facts
}

fn voting(voter: &VoterReport, status: &Status) -> Vec<Fact> {
    let preferences = &status.preferences;
    let signer = match status.signer {
        SignerKind::Memory => "memory",
        SignerKind::Wallet => "wallet",
    };
    let mut facts = vec![
        ("signer", text(signer)),
        ("vote version", text(status.vote_version.to_string())),
        (
            "preferences",
            text(format!(
                "{}, revision {}",
                people(preferences.count),
                preferences.revision.0
            )),
        ),
        (
            "preferences in sync",
            soon(voter.preferences_in_sync, "yes", "not yet"),
        ),
        (
            "since the start",
            soon(preferences.confirmed, "confirmed", "not confirmed yet"),
        ),
    ];
    if let Some(refused) = &preferences.refused {
        facts.push((
            "last push",
            html! { (badge("bad", "refused")) " " (refused) },
        ));
    }
    facts.push(("scripts", scripts(&status.scripts)));
    facts.push((
        "scripts in sync",
        soon(voter.scripts_in_sync, "yes", "not yet"),
    ));
    facts
}

fn people(count: u64) -> String {
    if count == 1 {
        "1 user".to_owned()
    } else {
        format!("{} users", grouped(count))
    }
}

fn scripts(registry: &ScriptRegistry) -> Markup {
    let highest = registry.highest_key_index;
    text(match highest {
        Some(index) => format!(
            "{}, highest key index {}",
            grouped(registry.count),
            grouped(index.0)
        ),
        None => grouped(registry.count),
    })
}

fn program(voter: &VoterReport, status: &Status, now: i64) -> Vec<Fact> {
    let pool = status.pool_id.map(|id| id.0.to_string());
    let instance = status.instance.0.to_string();
    let mut facts = vec![
        ("version", text(&status.version)),
        ("network", text(&status.network)),
        (
            "pool id",
            html! { code.mono { (pool.as_deref().unwrap_or("none yet")) } },
        ),
        ("instance", html! { code.mono { (instance) } }),
    ];
    if let Some(seen) = voter.seen_at {
        facts.push(("last report", text(since(now, seen))));
    }
    facts
}
