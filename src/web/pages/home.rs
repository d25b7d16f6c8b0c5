//! `/`: what the pool is, and how it does.

use std::borrow::Cow;
use std::sync::Arc;

use maud::{Markup, Render, html};

use super::components::{age, badge, grouped, notice, percent, rounded_dcr, tile};
use super::for_everybody;
use super::icons::{Icon, icon};
use super::layout::Page;
use crate::decred::Height;
use crate::pool::Stats;
use crate::web::error::Error;
use crate::web::kept::{Basis, is_same_thing};
use crate::web::request::AnonymousReq;
use crate::web::response::Response;

#[derive(Debug)]
pub(super) struct Home {
    name: String,
    description: String,
    fee_percent: f64,
    /// Why nobody can sign up, if so.
    closed: Option<String>,
    signed_in: bool,
    /// Just left for good.
    farewell: bool,
    stats: Option<Arc<Stats>>,
    now: i64,
}

pub fn get(request: &AnonymousReq) -> Result<Response, Error> {
    let pool = &request.app.pool;
    let settings = pool.settings();
    let stats = pool.stats();
    let page = Home {
        name: settings.name.clone(),
        description: settings.description.clone(),
        fee_percent: stats.as_ref().map_or_else(
            || settings.fee_percent(Height(u32::MAX)),
            |stats| stats.fee_percent,
        ),
        closed: pool.closed_reason(),
        signed_in: request.user().is_some(),
        farewell: request.query.text("closed") == "account",
        stats,
        now: request.app.clock.unix_seconds(),
    };
    Ok(for_everybody(request, &request.app.kept.home, page))
}

impl Basis for Home {
    fn is_same(&self, other: &Self) -> bool {
        // Name and description are the configuration's, which is read once; the fee is of the numbers.
        self.now == other.now
            && self.closed == other.closed
            && self.signed_in == other.signed_in
            && self.farewell == other.farewell
            && is_same_thing(self.stats.as_ref(), other.stats.as_ref())
    }
}

impl Page for Home {
    fn title(&self) -> Cow<'static, str> {
        "Stake pool".into()
    }
}

impl Render for Home {
    fn render(&self) -> Markup {
        html! {
            @if self.farewell {
                (notice("good", "Your account is closed. Your tickets are voted on as you chose last."))
            }
            section.hero {
                div {
                    h1 { "Your tickets vote while you sleep" }
                    p.lead {
                        @if self.name.is_empty() { "This" } @else { (self.name) }
                        " is a Decred stake pool. Its voting wallets, each on a machine of its own, vote "
                        "with your tickets the moment they are called. "
                        strong { "They can vote, never spend: " }
                        "stake and reward go back to your own wallet."
                    }
                    @if !self.description.is_empty() { p { (self.description) } }
                    (self.invitation())
                    ul.ticks {
                        li { (icon(Icon::Check)) "Cannot spend your coins" }
                        li { (icon(Icon::Check)) (self.fee_percent) " % of the reward of a vote, nothing else" }
                        li { (icon(Icon::Check)) "Your choice on every agenda" }
                    }
                }
                (self.numbers())
            }
            (steps())
            (promises())
        }
    }
}

impl Home {
    fn invitation(&self) -> Markup {
        html! {
            @if self.signed_in {
                p.actions { a.button href="/tickets" { "See my tickets" } }
            } @else if let Some(reason) = &self.closed {
                (notice("info", reason))
                p.actions { a.button.quiet href="/signin" { "Sign in" } }
            } @else {
                p.actions {
                    a.button href="/signup" { "Create an account" }
                    a.button.quiet href="/signin" { "Sign in" }
                }
            }
        }
    }

    fn numbers(&self) -> Markup {
        let (kind, word) = match self.closed {
            None => ("good", "open"),
            Some(_) => ("warn", "closed"),
        };
        html! {
            div.live role="region" aria-labelledby="numbers" {
                h2 { span #numbers { "The pool now" } (badge(kind, word)) }
                dl {
                    (tile("Pool fee", &format!("{} %", self.fee_percent), "of the reward of a vote"))
                    @if let Some(stats) = &self.stats {
                        (tile("Ticket price", &format!("{} DCR", rounded_dcr(stats.ticket_price)),
                            &format!("at block {}", grouped(stats.height.0))))
                        (tile("Live tickets", &grouped(stats.own.live),
                            &format!("{} of the network", percent(stats.proportion_live()))))
                        (tile("Users", &grouped(stats.active_users), "with a ticket address"))
                        (tile("Votes cast", &grouped(stats.own.voted), ""))
                        (tile("Missed", &grouped(stats.own.missed),
                            &format!("{} of those called", percent(stats.proportion_missed()))))
                    }
                }
                @match &self.stats {
                    Some(stats) => p.hint { "Updated " (age(self.now, stats.refreshed_at)) ". "
                        a href="/stats" { "All numbers" } },
                    None => p.hint { "The other numbers appear when the voting wallets have reported." },
                }
            }
        }
    }
}

fn steps() -> Markup {
    html! {
        section aria-labelledby="how" {
            h2 #how { "How it works" }
            ol.steps {
                li { h3 { "Create an account" } p { "An e-mail address and a password. Nothing else is asked." } }
                li { h3 { "Give one public key" } p {
                    "From your own wallet. It becomes, with the pool's key, a script that lets either vote."
                } }
                li { h3 { "Buy tickets" } p {
                    "From your own wallet, as many as you like, for your ticket address."
                } }
                li { h3 { "We vote" } p {
                    "By your choices on every agenda. You see what became of each ticket."
                } }
            }
        }
    }
}

fn promises() -> Markup {
    html! {
        section aria-labelledby="trust" {
            h2 #trust { "What the pool can do, and what it cannot" }
            div.columns {
                div.card {
                    h3 { "It can" }
                    ul.marked {
                        li { (icon(Icon::Check)) span { "vote with your tickets, by your choices" } }
                        li { (icon(Icon::Check)) span {
                            "go on voting when this site, its database, or all but one of its voting wallets "
                            "are down"
                        } }
                    }
                }
                div.card {
                    h3 { "It cannot" }
                    ul.marked.no {
                        li { (icon(Icon::Cross)) span { "spend your coins: no key here can" } }
                        li { (icon(Icon::Cross)) span {
                            "send stake or reward anywhere but to the addresses your wallet put into the ticket"
                        } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::decred::Atoms;
    use crate::rpc::wire::TicketCounts;

    pub fn stats() -> Stats {
        Stats {
            refreshed_at: 970,
            height: Height(12_345),
            ticket_price: Atoms(10_050_000_000),
            pool_size: 40_000,
            mempool_tickets: 3,
            own: TicketCounts {
                live: 1_000,
                voted: 30,
                missed: 2,
                ..TicketCounts::default()
            },
            total_subsidy: Atoms(123_456_789),
            users: 7,
            active_users: 6,
            fee_percent: 5.0,
            open: true,
        }
    }

    fn home(stats: Option<Stats>) -> Home {
        Home {
            name: "Example".into(),
            description: String::new(),
            fee_percent: 7.5,
            closed: None,
            signed_in: false,
            farewell: false,
            stats: stats.map(Arc::new),
            now: 1_000,
        }
    }

    #[test]
    fn numbers_show_their_age() {
        let html = home(Some(stats())).render().into_string();
        for text in [
            "7.5 %",
            "1,000",
            "2.50 % of the network",
            "100.50 DCR",
            "30 seconds ago",
        ] {
            assert!(html.contains(text), "{text}");
        }
    }

    #[test]
    fn the_page_stands_without_numbers_and_says_when_the_pool_is_closed() {
        let mut home = home(None);
        home.closed = Some("Full.".into());
        let html = home.render().into_string();
        assert!(html.contains("Full.") && html.contains("closed"));
        assert!(!html.contains("href=\"/signup\""));
    }
}
