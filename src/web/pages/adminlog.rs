//! `/admin/log`: what users and operators did, and from where; the newest first.

use std::borrow::Cow;

use maud::{Markup, Render, html};
use url::form_urlencoded::Serializer;

use super::audit::{self, in_words};
use super::components::{date_time, grouped, pager, problem};
use super::layout::Page;
use crate::pool::{AuditLine, LOG_PER_PAGE, LogPage};
use crate::web::error::Error;
use crate::web::request::AdminReq;
use crate::web::response::Response;

/// Characters of a detail on the page.
const DETAIL: usize = 160;

#[derive(Debug, Default)]
struct Log {
    /// Of whom, as it was typed; empty: of everybody.
    query: String,
    /// An event's name; empty: all.
    kind: String,
    page: LogPage,
    problem: Option<&'static str>,
}

pub async fn get(request: AdminReq) -> Result<Response, Error> {
    let pool = &request.app.pool;
    let mut log = Log {
        query: request.query.text("q").trim().to_owned(),
        kind: request.query.text("kind").trim().to_owned(),
        ..Log::default()
    };
    let mut user = None;
    if !log.query.is_empty() {
        let found = pool.find_users(&log.query).await?;
        user = found.users.first().map(|user| user.id);
        if user.is_none() {
            log.problem = Some("Nobody is found by this. The whole address is needed.");
            return Ok(request.ok(&log));
        }
    }
    log.page = pool.log(user, &log.kind, request.page_number()).await?;
    Ok(request.ok(&log))
}

impl Page for Log {
    fn title(&self) -> Cow<'static, str> {
        "Log".into()
    }
}

impl Render for Log {
    fn render(&self) -> Markup {
        html! {
            section {
                h1 { "Log" }
                (problem(self.problem))
                (self.form())
                @if self.page.lines.is_empty() {
                    @if self.problem.is_none() { p { "Nothing of this kind is written down." } }
                } @else {
                    (self.table())
                    (self.pager())
                }
                p.hint { "Addresses of clients are forgotten after 30 days, and with a closed account at once." }
            }
        }
    }
}

impl Log {
    fn form(&self) -> Markup {
        let known = audit::KINDS.iter().any(|(kind, _)| *kind == self.kind);
        html! {
            form.finder method="get" action="/admin/log" role="search" {
                div {
                    label for="kind" { "What" }
                    select #kind name="kind" {
                        option value="" { "Everything" }
                        @if !known && !self.kind.is_empty() {
                            option value=(self.kind) selected { (in_words(&self.kind)) }
                        }
                        @for (kind, words) in audit::KINDS {
                            option value=(kind) selected[*kind == self.kind] { (words) }
                        }
                    }
                }
                div.long {
                    label for="q" { "User number, e-mail address or ticket address" }
                    input #q type="search" name="q" value=(self.query) maxlength="254" autocapitalize="none"
                        autocomplete="off" spellcheck="false";
                }
                button type="submit" { "Show" }
            }
        }
    }

    fn table(&self) -> Markup {
        html! {
            table.cards {
                caption {
                    @if self.page.more { "The last " (grouped(self.page.total)) ", the newest first; there are more" }
                    @else { (grouped(self.page.total)) " in all, the newest first" }
                }
                thead { tr {
                    th scope="col" { "When" }
                    th scope="col" { "What" }
                    th scope="col" { "User" }
                    th scope="col" { "From" }
                    th scope="col" { "Detail" }
                } }
                tbody { @for line in &self.page.lines { (row(line)) } }
            }
        }
    }

    fn pager(&self) -> Markup {
        let pages = self.page.total.div_ceil(u64::from(LOG_PER_PAGE));
        let this = u64::from(self.page.page).saturating_add(1);
        pager(this, pages, |page| self.address(page))
    }

    fn address(&self, page: u64) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in [("kind", &self.kind), ("q", &self.query)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.append_pair("page", &page.to_string());
        format!("/admin/log?{}", query.finish())
    }
}

fn row(line: &AuditLine) -> Markup {
    let entry = &line.entry;
    let mut detail: String = entry.detail.chars().take(DETAIL).collect();
    if detail.len() < entry.detail.len() {
        detail.push('…');
    }
    html! {
        tr {
            td data-label="When" { (date_time(entry.at)) }
            td data-label="What" { (in_words(&entry.event)) }
            td.address data-label="User" {
                @match entry.user_id {
                    Some(id) => {
                        a href={ "/admin/users?q=" (id) } { (id) } " " (line.email)
                    }
                    None => "–",
                }
            }
            td data-label="From" { @if entry.ip.is_empty() { "–" } @else { (entry.ip) } }
            td.address data-label="Detail" { @if detail.is_empty() { "–" } @else { (detail) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;
    use crate::pool::AuditEntry;
    use crate::web::pages::layout;

    fn line(detail: &str) -> AuditLine {
        AuditLine {
            entry: AuditEntry {
                at: 1_790_000_000,
                event: "user_disabled".into(),
                user_id: Some(UserId(1_000_000)),
                ip: "2001:db8:1111:2222:3333:4444:5555:6666".into(),
                detail: detail.into(),
            },
            email: "<kim>@example.com".into(),
        }
    }

    fn page(lines: Vec<AuditLine>) -> Log {
        Log {
            query: "kim@example.com".into(),
            kind: "user_disabled".into(),
            page: LogPage {
                lines,
                page: 1,
                total: 1_000_000,
                more: false,
            },
            problem: None,
        }
    }

    #[test]
    fn a_line_tells_who_did_what_and_from_where() {
        let html = page(vec![line("by user 1 & <more>")])
            .render()
            .into_string();
        for text in [
            "2026-09-21 14:13 UTC",
            "User disabled by an operator",
            "href=\"/admin/users?q=1000000\">1000000</a> &lt;kim&gt;@example.com",
            "2001:db8:",
            "by user 1 &amp; &lt;more&gt;",
            "href=\"/admin/log?kind=user_disabled&amp;q=kim%40example.com&amp;page=3\"",
            "<option value=\"user_disabled\" selected>",
        ] {
            assert!(html.contains(text), "{text} in {html}");
        }
    }

    #[test]
    fn a_log_that_goes_on_says_so() {
        let mut long = page(vec![line("")]);
        let whole = long.render().into_string();
        assert!(whole.contains("1,000,000 in all"), "{whole}");
        long.page.more = true;
        let part = long.render().into_string();
        assert!(
            part.contains("there are more") && !part.contains("in all"),
            "{part}"
        );
    }

    #[test]
    fn a_full_page_is_light() {
        layout::tests::assert_light(&page(vec![line(&"x".repeat(2_000)); LOG_PER_PAGE as usize]));
    }
}
