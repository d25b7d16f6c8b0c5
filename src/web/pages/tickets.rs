//! `/tickets`: what became of each ticket.

mod export;
mod outlook;
pub(super) mod row;
mod search;
pub mod story;

use std::borrow::Cow;
use std::sync::Arc;

use maud::{Markup, Render, html};

use super::components::{empty, grouped, pager};
use super::icons::Icon;
use super::layout::Page;
use crate::decred::Network;
use crate::pool::{Prospects, TICKETS_PER_PAGE, TicketOverview, TicketPage};
use crate::web::error::Error;
use crate::web::request::UserReq;
use crate::web::response::{self, Response};

pub use export::{csv, json};
use search::Search;

#[derive(Debug)]
struct Tickets {
    search: Search,
    page: TicketPage,
    network: Network,
    overview: Arc<TicketOverview>,
}

pub async fn get(request: UserReq) -> Result<Response, Error> {
    if request.user().enrolled.is_none() {
        return Ok(response::see_other("/address"));
    }
    let (pool, page) = (&request.app.pool, request.page_number());
    let search = Search::read(&request.query);
    let overview = pool.ticket_overview(request.user().id).await?;
    let page = match search.filter() {
        Some(filter) => pool.tickets(request.user().id, filter, page).await?,
        None => TicketPage::default(),
    };
    Ok(request.ok(&Tickets {
        search,
        page,
        network: pool.settings().network,
        overview,
    }))
}

impl Page for Tickets {
    fn title(&self) -> Cow<'static, str> {
        "Your tickets".into()
    }
}

impl Render for Tickets {
    fn render(&self) -> Markup {
        html! {
            section {
                h1 { "Your tickets" }
                @if !self.overview.script_saved { (reminder()) }
                @if self.page.total == 0 && !self.search.is_narrow() {
                    (nothing_yet())
                } @else if self.page.total == 0 {
                    (self.search.form())
                    (self.search.nothing_found())
                } @else {
                    @if let Some(prospects) = self.prospects() { (outlook::outlook(prospects)) }
                    (self.search.form())
                    (self.range())
                    (self.table())
                    (self.pager())
                    (self.search.exports())
                    (legend())
                }
            }
        }
    }
}

fn reminder() -> Markup {
    html! {
        div.notice.warn role="status" {
            p { strong { "Is your redeem script saved? " } "Should this pool ever be gone, you vote your tickets "
                "with it and your own key. " a href="/address#script" { "Save it" } }
        }
    }
}

impl Tickets {
    /// On the first page of all.
    fn prospects(&self) -> Option<&Prospects> {
        let first = self.page.page == 0 && !self.search.is_narrow();
        self.overview.prospects.as_ref().filter(|_| first)
    }

    fn table(&self) -> Markup {
        html! {
            table.cards.tickets {
                thead { tr {
                    th scope="col" { "Status" }
                    th scope="col" { "Ticket" }
                    th scope="col" { "Block" }
                    th scope="col" { "Price" }
                    th scope="col" { "Pool fee" }
                    th scope="col" { "Outcome" }
                } }
                tbody {
                    @for ticket in &self.page.tickets { (row::row(ticket, self.network)) }
                }
            }
        }
    }

    /// Which part of a long list is here.
    fn range(&self) -> Markup {
        let first = u64::from(self.page.page)
            .saturating_mul(u64::from(TICKETS_PER_PAGE))
            .saturating_add(1);
        let here = u64::try_from(self.page.tickets.len()).unwrap_or(u64::MAX);
        html! {
            p.hint {
                (grouped(self.page.total)) @if self.search.is_narrow() { " found" } @else { " in all" }
                ", the newest first"
                @if here > 0 && here < self.page.total {
                    "; here are " (grouped(first)) " to "
                    (grouped(first.saturating_add(here).saturating_sub(1)))
                }
                "."
            }
        }
    }

    fn pager(&self) -> Markup {
        let pages = self.page.total.div_ceil(u64::from(TICKETS_PER_PAGE));
        let this = u64::from(self.page.page) + 1;
        pager(this, pages, |page| self.search.page(page))
    }
}

fn nothing_yet() -> Markup {
    let text = html! {
        p { "None yet. A ticket appears here as soon as it is bought for your "
            a href="/address" { "ticket address" } " from your own wallet; when it is called, usually "
            "within a month, the pool votes and the reward is yours." }
        p.actions { a.button href="/address" { "How to buy tickets" } }
    };
    empty(Icon::Ticket, "Your first ticket", &text)
}

fn legend() -> Markup {
    html! {
        details.card {
            summary { "What the words mean" }
            dl.facts {
                dt { "Unmined" } dd { "Seen, but in no block yet." }
                dt { "Immature" } dd { "In a block; cannot be called yet." }
                dt { "Live" } dd { "Waits to be called. This takes 28 days on average, up to 142." }
                dt { "Voted" } dd { "Called, and voted by the pool. Stake and reward are yours again." }
                dt { "Missed" } dd { "Called, but no vote was mined. The stake comes back by a revocation." }
                dt { "Expired" } dd { "Never called. The stake comes back by a revocation." }
                dt { "Low fee" } dd { "Pays less than the pool's fee, so the pool does not vote it unless the "
                    "operator adds it. Please write to the operator." }
                dt { "Low fee, added" } dd { "Added by the operator: voted as any other." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::layout;
    use row::tests::ticket;

    fn overview() -> Arc<TicketOverview> {
        Arc::new(TicketOverview {
            total: 0,
            script_saved: false,
            prospects: None,
        })
    }

    #[test]
    fn pages_are_linked_both_ways() {
        let page = Tickets {
            search: Search::default(),
            page: TicketPage {
                tickets: vec![ticket()],
                page: 1,
                total: 150,
            },
            network: Network::Simnet,
            overview: overview(),
        };
        let html = page.render().into_string();
        assert!(html.contains("Page 2 of 3"));
        assert!(html.contains("150 in all, the newest first; here are 51 to 51."));
        assert!(
            html.contains("href=\"/tickets?page=1\"") && html.contains("href=\"/tickets?page=3\"")
        );
    }

    #[test]
    fn a_full_page_of_votes_is_light() {
        let page = Tickets {
            search: Search::default(),
            overview: overview(),
            page: TicketPage {
                tickets: vec![row::tests::voted_ticket(); TICKETS_PER_PAGE as usize],
                page: 1,
                total: 1_000_000,
            },
            network: Network::Mainnet,
        };
        layout::tests::assert_light(&page);
    }

    #[test]
    fn without_tickets_the_way_to_them_is_shown() {
        let page = Tickets {
            search: Search::default(),
            page: TicketPage {
                tickets: Vec::new(),
                page: 0,
                total: 0,
            },
            network: Network::Simnet,
            overview: overview(),
        };
        let html = page.render().into_string();
        assert!(html.contains("None yet") && !html.contains("<table"));
    }
}
