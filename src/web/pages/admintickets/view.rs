//! The page of low-fee tickets.

use std::borrow::Cow;

use maud::{Markup, Render, html};

use super::Done;
use crate::decred::Network;
use crate::domain::{FeeVerdict, TicketStatus};
use crate::pool::{LOW_FEE_PER_PAGE, LowFeeAnswer, LowFeeEntry, LowFeeLife, LowFeePage};
use crate::web::pages::components::{
    badge, csrf_field, date_time, dcr, empty, grouped, pager, problem, transaction,
};
use crate::web::pages::icons::Icon;
use crate::web::pages::layout::Page;
use crate::web::pages::tickets::row;

#[derive(Debug)]
pub(super) struct LowFeeTickets {
    pub token: String,
    pub life: LowFeeLife,
    pub page: LowFeePage,
    pub network: Network,
    /// What the form before did.
    pub done: Vec<Done>,
    pub problem: Option<&'static str>,
}

impl Page for LowFeeTickets {
    fn title(&self) -> Cow<'static, str> {
        "Low-fee tickets".into()
    }
}

impl Render for LowFeeTickets {
    fn render(&self) -> Markup {
        html! {
            section {
                h1 { "Low-fee tickets" }
                p { "A ticket that pays less than the pool's fee is ignored: the pool does not vote it. Add it, and "
                    "every voter votes it from then on, also after restarts and when it is live already." }
                (problem(self.problem))
                (self.done())
                nav.pager.tabs aria-label="Which tickets" {
                    (self.choice(LowFeeLife::Open, "/admintickets", "May still vote"))
                    (self.choice(LowFeeLife::Past, "/admintickets?past", "Voted, missed, expired"))
                }
                @if self.page.total == 0 { (self.nothing()) } @else { (self.list()) }
            }
        }
    }
}

impl LowFeeTickets {
    fn choice(&self, life: LowFeeLife, path: &str, text: &str) -> Markup {
        let current = (self.life == life).then_some("page");
        html! { a href=(path) aria-current=[current] { (text) } }
    }

    fn done(&self) -> Markup {
        let well = self.done.iter().all(|done| words(done.answer).0);
        html! {
            @if !self.done.is_empty() {
                div class={ "notice " (if well { "good" } else { "warn" }) } role="status" {
                    p { "What was done:" }
                    ul {
                        @for done in &self.done {
                            li { (transaction(self.network, &done.ticket)) ": " (words(done.answer).1) }
                        }
                    }
                }
            }
        }
    }

    fn nothing(&self) -> Markup {
        html! {
            @match self.life {
                LowFeeLife::Open => {
                    @let text = html! {
                        p { "Every ticket that may still vote pays the fee of its time. One that does not is listed "
                            "here as soon as it is mined." }
                        p.hint { "A ticket that the pool does not know at all is added on the web host: "
                            code { "dcrstakepool add-invalid-tickets HASH" } "." }
                    };
                    (empty(Icon::Check, "There are none", &text))
                }
                LowFeeLife::Past => {
                    @let text = html! { p { "None has voted, been missed or expired yet." } };
                    (empty(Icon::Ticket, "Nothing here yet", &text))
                }
            }
        }
    }

    fn list(&self) -> Markup {
        let open = self.life == LowFeeLife::Open;
        html! {
            form method="post" action="/admintickets" {
                (csrf_field(&self.token))
                table.cards {
                    caption { (grouped(self.page.total)) " in all, the newest first" }
                    thead { tr {
                        @if open { th scope="col" { "Choose" } }
                        th scope="col" { "Status" }
                        th scope="col" { "User" }
                        th scope="col" { "Ticket" }
                        th scope="col" { "Block" }
                        th.amount scope="col" { "Pool fee" }
                    } }
                    tbody { @for entry in &self.page.entries { (self.row(entry, open)) } }
                }
                @if open {
                    p.actions {
                        button type="submit" name="action" value="add" { "Add: vote them" }
                        button.quiet type="submit" name="action" value="remove" { "Remove: ignore them" }
                    }
                }
            }
            (self.pager())
        }
    }

    fn row(&self, entry: &LowFeeEntry, open: bool) -> Markup {
        let ticket = &entry.ticket;
        let hash = ticket.hash.to_string();
        let (kind, word) = row::status(ticket);
        html! {
            tr {
                @if open {
                    td data-label="Choose" {
                        input type="checkbox" name="tickets[]" value=(hash)
                            aria-label={ "Ticket " (hash) };
                    }
                }
                td data-label="Status" { (badge(kind, word)) " " (verdict(entry)) (added(entry)) }
                td.address data-label="User" {
                    @if entry.email.is_empty() { "unknown" } @else { (entry.email) }
                    br; span.hint { "user " (ticket.user_id) }
                }
                td data-label="Ticket" {
                    (transaction(self.network, &hash))
                    br; span.hint.address.mono { (ticket.ticket_address) }
                }
                td data-label="Block" {
                    @match ticket.mined { Some((_, height)) => (grouped(height.0)), None => "–" }
                }
                td.amount data-label="Pool fee" {
                    (dcr(ticket.fee_paid)) " DCR" br; span.hint { "of " (dcr(ticket.price)) " DCR" }
                }
            }
        }
    }

    fn pager(&self) -> Markup {
        let pages = self.page.total.div_ceil(u64::from(LOW_FEE_PER_PAGE));
        let this = u64::from(self.page.page).saturating_add(1);
        let past = match self.life {
            LowFeeLife::Open => "",
            LowFeeLife::Past => "past&",
        };
        let link = |page: u64| format!("/admintickets?{past}page={page}");
        pager(this, pages, link)
    }
}

fn verdict(entry: &LowFeeEntry) -> Markup {
    if entry.ticket.verdict == FeeVerdict::Added {
        badge("good", "Added")
    } else {
        badge("bad", "Ignored")
    }
}

/// By whom, and for how long.
fn added(entry: &LowFeeEntry) -> Markup {
    let day = |time: i64| date_time(time).chars().take(10).collect::<String>();
    let voted = entry.ticket.status == TicketStatus::Voted;
    html! {
        @if let Some(added) = &entry.added {
            br;
            span.hint {
                (day(added.created))
                @if added.added_by.0 == 0 { " by command" } @else { " by user " (added.added_by) }
                @if !voted { br; "until " (day(added.expires)) }
            }
        }
    }
}

/// Whether all is as wished, and what is said.
fn words(answer: Option<LowFeeAnswer>) -> (bool, &'static str) {
    match answer {
        Some(LowFeeAnswer::Added) => (true, "added, every voter is told"),
        Some(LowFeeAnswer::AlreadyAdded) => (true, "was added before"),
        Some(LowFeeAnswer::Removed) => (true, "removed, ignored again"),
        Some(LowFeeAnswer::NotAdded) => (true, "was not added"),
        Some(LowFeeAnswer::FeeIsGood) => (true, "its fee is good: voted anyway"),
        Some(LowFeeAnswer::NotJudged) => (
            false,
            "not mined yet, its fee is judged then: nothing was done",
        ),
        Some(LowFeeAnswer::Over) => (
            false,
            "has voted, was missed or has expired: nothing was done",
        ),
        Some(LowFeeAnswer::Unknown) => (
            false,
            "not known here: dcrstakepool add-invalid-tickets asks the voters",
        ),
        None => (false, "no hash of a ticket: 64 hex digits are needed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::LowFeeTicket;
    use crate::decred::Height;
    use crate::domain::UserId;
    use crate::web::pages::layout;
    use crate::web::pages::tickets::row::tests::ticket;

    fn page(verdicts: &[FeeVerdict], life: LowFeeLife) -> String {
        let entries = verdicts.iter().map(|verdict| {
            let mut ticket = ticket();
            ticket.verdict = *verdict;
            let added = (*verdict == FeeVerdict::Added).then(|| LowFeeTicket {
                ticket_hash: ticket.hash,
                ticket_address: "Sc".into(),
                added_by: UserId(3),
                ticket_expiry: Height(42_216),
                created: 0,
                expires: 86_400,
            });
            LowFeeEntry {
                ticket,
                email: "<kim>@example.com".into(),
                added,
            }
        });
        let entries: Vec<_> = entries.collect();
        LowFeeTickets {
            token: "t0ken".into(),
            life,
            page: LowFeePage {
                total: entries.len() as u64 * 101,
                entries,
                page: 0,
            },
            network: Network::Simnet,
            done: vec![Done {
                ticket: "<nonsense>".into(),
                answer: None,
            }],
            problem: None,
        }
        .render()
        .into_string()
    }

    #[test]
    fn each_ticket_can_be_chosen_and_the_form_keeps_its_names() {
        let html = page(&[FeeVerdict::Low, FeeVerdict::Added], LowFeeLife::Open);
        for text in [
            "name=\"csrf_token\" value=\"t0ken\"",
            "name=\"tickets[]\"",
            "name=\"action\" value=\"add\"",
            "name=\"action\" value=\"remove\"",
            "&lt;kim&gt;@example.com",
            "&lt;nonsense&gt;",
            "64 hex digits",
            "Ignored",
            "by user 3",
            "until 1970-01-02",
            "page=2",
        ] {
            assert!(html.contains(text), "{text}: {html}");
        }
        assert_eq!(html.matches("aria-label=\"Ticket ").count(), 2);
    }

    #[test]
    fn a_full_page_is_light() {
        let entry = LowFeeEntry {
            ticket: ticket(),
            email: "somebody.with.a.name@example.com".into(),
            added: None,
        };
        layout::tests::assert_light(&LowFeeTickets {
            token: "t".repeat(86),
            life: LowFeeLife::Open,
            page: LowFeePage {
                total: 1_000_000,
                entries: vec![entry; LOW_FEE_PER_PAGE as usize],
                page: 1,
            },
            network: Network::Mainnet,
            done: Vec::new(),
            problem: None,
        });
    }

    #[test]
    fn what_is_over_cannot_be_changed_and_nothing_is_explained() {
        let html = page(&[FeeVerdict::Added], LowFeeLife::Past);
        assert!(!html.contains("tickets[]") && !html.contains("value=\"add\""));
        let html = page(&[], LowFeeLife::Open);
        assert!(html.contains("There are none") && html.contains("add-invalid-tickets"));
        assert!(!html.contains("<table"));
    }
}
