//! `/stats`: the pool's numbers.

mod pictures;

use std::borrow::Cow;
use std::sync::Arc;

use maud::{Markup, Render, html};

use super::components::{age, date_time, grouped, notice, percent, rounded_dcr, tile};
use super::for_everybody;
use super::layout::Page;
use crate::pool::{History, Stats};
use crate::web::error::Error;
use crate::web::kept::{Basis, is_same_thing};
use crate::web::request::AnonymousReq;
use crate::web::response::Response;

/// Numbers are refreshed at least every 30 s: older ones are called old.
const OLD_AFTER_SECONDS: i64 = 120;

/// The plot's width in its own units.
const PLOT_WIDTH: u64 = 1000;

#[derive(Debug)]
pub(super) struct StatsPage {
    stats: Option<Arc<Stats>>,
    history: Option<Arc<History>>,
    now: i64,
}

pub fn get(request: &AnonymousReq) -> Result<Response, Error> {
    let app = &request.app;
    let page = StatsPage {
        stats: app.pool.stats(),
        history: app.pool.history(),
        now: app.clock.unix_seconds(),
    };
    Ok(for_everybody(request, &app.kept.stats, page))
}

impl Basis for StatsPage {
    fn is_same(&self, other: &Self) -> bool {
        self.now == other.now
            && is_same_thing(self.stats.as_ref(), other.stats.as_ref())
            && is_same_thing(self.history.as_ref(), other.history.as_ref())
    }
}

impl Page for StatsPage {
    fn title(&self) -> Cow<'static, str> {
        "Statistics".into()
    }
}

impl Render for StatsPage {
    fn render(&self) -> Markup {
        html! {
            section {
                h1 { "Statistics" }
                @match &self.stats {
                    None => (notice("info", "The voting wallets have not reported any numbers yet. \
                        Please try again in a moment.")),
                    Some(stats) => {
                        (self.age(stats))
                        (tickets(stats))
                        @if let Some(history) = &self.history { (pictures::own(history)) }
                        (rewards(stats))
                        (network(stats))
                        @if let Some(history) = &self.history { (pictures::network(history)) }
                    }
                }
            }
        }
    }
}

impl StatsPage {
    fn age(&self, stats: &Stats) -> Markup {
        let then = stats.refreshed_at;
        let old = self.now.saturating_sub(then) > OLD_AFTER_SECONDS;
        html! {
            @if old {
                (notice("warn", "No voting wallet reports to this site at this moment: these are the \
                    last numbers. Voting does not depend on the site."))
            }
            p.hint.updated { "Updated " time { (age(self.now, then)) } " (" (date_time(then)) ")." }
        }
    }
}

fn tickets(stats: &Stats) -> Markup {
    let own = &stats.own;
    let revoked = format!(
        "{} of the missed and expired are revoked",
        grouped(own.revoked)
    );
    html! {
        h2 { "Tickets of this pool" }
        (plot(&[
            ("Voted", "good", own.voted),
            ("Live", "info", own.live),
            ("Immature", "quiet", own.immature),
            ("Expired", "warn", own.expired),
            ("Missed", "bad", own.missed),
        ]))
        @if own.live == 0 && own.voted == 0 && own.immature == 0 {
            p.hint { "No ticket was bought with this pool yet: the first will be drawn here." }
        }
        dl.tiles {
            (tile("Live", &grouped(own.live),
                &format!("{} of the network's", percent(stats.proportion_live()))))
            (tile("Immature", &grouped(own.immature), ""))
            (tile("Unmined", &grouped(own.mempool), ""))
            (tile("Voted", &grouped(own.voted), ""))
            (tile("Missed", &grouped(own.missed),
                &format!("{} of those called", percent(stats.proportion_missed()))))
            (tile("Expired", &grouped(own.expired), &revoked))
        }
    }
}

fn rewards(stats: &Stats) -> Markup {
    html! {
        h2 { "Rewards, users and fee" }
        dl.tiles {
            (tile("Rewards", &format!("{} DCR", rounded_dcr(stats.total_subsidy)), "of all votes"))
            (tile("Users", &grouped(stats.users),
                &format!("{} have a ticket address", grouped(stats.active_users))))
            (tile("Pool fee", &format!("{} %", stats.fee_percent),
                if stats.open { "open for new users" } else { "closed for new users" }))
        }
    }
}

fn network(stats: &Stats) -> Markup {
    html! {
        h2 { "Network" }
        dl.tiles {
            (tile("Block", &grouped(stats.height.0), ""))
            (tile("Ticket price", &format!("{} DCR", rounded_dcr(stats.ticket_price)), "of the next block"))
            (tile("Live tickets", &grouped(stats.pool_size), ""))
            (tile("Tickets in the mempool", &grouped(stats.mempool_tickets), ""))
        }
    }
}

/// A bar of parts, each as wide as its share.
fn plot(parts: &[(&str, &'static str, u64)]) -> Markup {
    let total: u64 = parts.iter().map(|(_, _, count)| *count).sum();
    let mut start = 0;
    let bars: Vec<(u64, u64, &'static str, String)> = parts
        .iter()
        .filter(|(_, _, count)| *count > 0)
        .map(|(name, kind, count)| {
            let width = count.saturating_mul(PLOT_WIDTH) / total.max(1);
            let bar = (
                start,
                width.max(1),
                *kind,
                format!("{name}: {}", grouped(*count)),
            );
            start += width.max(1);
            bar
        })
        .collect();
    html! {
        @if total > 0 {
            svg.plot viewBox={ "0 0 " (start) " 24" } preserveAspectRatio="none" role="img"
                aria-label="Tickets by status" {
                @for (x, width, kind, text) in &bars {
                    rect class=(kind) x=(x) y="0" width=(width) height="24" { title { (text) } }
                }
            }
            ul.key { @for (_, _, kind, text) in &bars { li { span class={ "dot " (kind) } {} (text) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::home::tests::stats;

    fn html(stats: Option<Stats>, now: i64) -> String {
        let page = StatsPage {
            stats: stats.map(Arc::new),
            history: None,
            now,
        };
        page.render().into_string()
    }

    #[test]
    fn fresh_numbers_need_no_excuse_old_ones_do() {
        assert!(!html(Some(stats()), 1_000).contains("last numbers"));
        let old = html(Some(stats()), 10_000);
        assert!(old.contains("last numbers") && old.contains("2 hours ago"));
        assert!(html(None, 0).contains("have not reported"));
    }

    #[test]
    fn the_plot_has_a_part_for_every_kind_there_is() {
        let html = html(Some(stats()), 1_000);
        assert_eq!(html.matches("<rect").count(), 3);
        assert!(html.contains("Voted: 30") && !html.contains("style="));
    }
}
