//! `/admin/users`: finding users; verifying, mailing again, disabling and enabling them, resetting
//! their second factor.

use std::borrow::Cow;

use http::StatusCode;
use maud::{Markup, Render, html};

use super::components::{badge, csrf_field, date_time, grouped, notice, pager, problem};
use super::layout::Page;
use super::signup::sentence;
use crate::domain::UserId;
use crate::pool::{
    Found, Operator, Person, USERS_PER_PAGE, User, UserAction, UserAnswer, WaitingSignUp,
};
use crate::web::error::Error;
use crate::web::request::AdminReq;
use crate::web::response::Response;

#[derive(Debug, Default)]
struct Users {
    token: String,
    /// Who is signed in.
    admin: Option<UserId>,
    /// What was looked for; empty: all are listed.
    query: String,
    listed: Vec<User>,
    sign_up: Option<WaitingSignUp>,
    /// From 0, of all users.
    page: u32,
    total: u64,
    done: Option<String>,
    problem: Option<String>,
}

pub async fn get(request: AdminReq) -> Result<Response, Error> {
    let query = request.query.text("q").trim().to_owned();
    let mut page = page(&request);
    if query.is_empty() {
        let listed = request.app.pool.users(request.page_number()).await?;
        (page.listed, page.page, page.total) = (listed.users, listed.page, listed.total);
    } else {
        page.found(request.app.pool.find_users(&query).await?);
    }
    page.query = query;
    Ok(request.ok(&page))
}

pub async fn post(request: AdminReq) -> Result<Response, Error> {
    let form = &request.form;
    let Some(action) = UserAction::parse(form.text("action")) else {
        return Ok(refuse(&request, "This cannot be done to users."));
    };
    let person = match (form.text("user_id").trim(), form.text("email").trim()) {
        ("", "") => return Ok(refuse(&request, "No user is chosen.")),
        ("", email) => Person::SignUp(email.to_owned()),
        (id, _) => match id.parse() {
            Ok(id) => Person::User(UserId(id)),
            Err(_) => {
                return Ok(refuse(
                    &request,
                    "A user is chosen by the number of the account.",
                ));
            }
        },
    };
    let pool = &request.app.pool;
    let operator = Operator::Admin(request.user().id, request.client);
    let answer = pool.act_on_user(operator, &person, action).await?;
    let mut page = page(&request);
    page.query = match (&answer, &person) {
        // It has a number now.
        (UserAnswer::Verified(id), _) | (_, Person::User(id)) => id.to_string(),
        (_, Person::SignUp(email)) => email.clone(),
    };
    page.found(pool.find_users(&page.query).await?);
    let text = Some(sentence(&answer.to_string()));
    if answer.is_done() {
        page.done = text;
        return Ok(request.ok(&page));
    }
    page.problem = text;
    Ok(request.page(StatusCode::UNPROCESSABLE_ENTITY, &page))
}

fn page(request: &AdminReq) -> Users {
    Users {
        token: request.form_token(),
        admin: Some(request.user().id),
        ..Users::default()
    }
}

fn refuse(request: &AdminReq, problem: &str) -> Response {
    let page = Users {
        problem: Some(problem.to_owned()),
        query: request.form.text("user_id").to_owned(),
        ..page(request)
    };
    request.page(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

impl Users {
    fn found(&mut self, found: Found) {
        (self.listed, self.sign_up) = (found.users, found.sign_up);
    }
}

impl Page for Users {
    fn title(&self) -> Cow<'static, str> {
        "Users".into()
    }
}

impl Render for Users {
    fn render(&self) -> Markup {
        html! {
            section {
                h1 { "Users" }
                @if let Some(done) = &self.done { (notice("good", done)) }
                (problem(self.problem.as_deref()))
                form.search method="get" role="search" {
                    label for="q" { "User number, e-mail address or ticket address" }
                    input #q type="search" name="q" value=(self.query) maxlength="254" autocapitalize="none"
                        spellcheck="false";
                    button type="submit" { "Find" }
                }
                @if let Some(sign_up) = &self.sign_up { (self.waiting(sign_up)) }
                @if !self.listed.is_empty() { (self.list()) }
                @else if self.sign_up.is_none() && self.problem.is_none() { p { (self.nobody()) } }
                @if self.query.is_empty() { (self.pager()) } @else {
                    p { a href="/admin/users" { "All users" } }
                }
                p.hint { "Tickets of disabled users are voted as ever." }
            }
        }
    }
}

impl Users {
    fn nobody(&self) -> &'static str {
        if self.query.is_empty() {
            "There is none on this page."
        } else {
            "Nobody is found by this. The whole address is needed; an account that is not verified within 24 \
             hours is forgotten."
        }
    }

    fn waiting(&self, sign_up: &WaitingSignUp) -> Markup {
        html! {
            h2 { "Not an account yet" }
            p { strong { (sign_up.email) } " signed up on " (date_time(sign_up.created))
                "; the link of the mail is not opened yet." }
            form method="post" action="/admin/users" {
                (csrf_field(&self.token))
                input type="hidden" name="email" value=(sign_up.email);
                button.quiet type="submit" name="action" value="resend" { "Send the mail again" }
                " "
                button.quiet type="submit" name="action" value="verify" { "Verify" }
            }
        }
    }

    fn list(&self) -> Markup {
        html! {
            table.cards {
                caption {
                    @if self.query.is_empty() { (grouped(self.total)) " in all, the newest first" }
                    @else { "Found" }
                }
                thead { tr {
                    th scope="col" { "User" }
                    th scope="col" { "E-mail" }
                    th scope="col" { "State" }
                    th scope="col" { "Ticket address" }
                    th scope="col" { "Do" }
                } }
                tbody { @for user in &self.listed { (self.row(user)) } }
            }
        }
    }

    fn row(&self, user: &User) -> Markup {
        let address = user.enrolled.as_ref().map(|it| it.ticket_address.as_str());
        html! {
            tr {
                td data-label="User" { a href={ "/admin/log?q=" (user.id) } title="What happened" { (user.id) } }
                td.address data-label="E-mail" { (user.email) }
                td data-label="State" {
                    @if user.disabled { (badge("bad", "Disabled")) " " }
                    @if user.verified { (badge("good", "Verified")) } @else { (badge("warn", "Unverified")) }
                    @if user.second_factor { " " (badge("quiet", "Second factor")) }
                }
                td.address data-label="Ticket address" { (address.unwrap_or("none yet")) }
                td data-label="Do" { (self.actions(user)) }
            }
        }
    }

    fn actions(&self, user: &User) -> Markup {
        let button = |action: &str, text: &str| {
            html! {
                button.quiet.small type="submit" name="action" value=(action)
                    aria-label={ (text) ": user " (user.id) } { (text) }
                " "
            }
        };
        html! {
            form.inline method="post" action="/admin/users" {
                (csrf_field(&self.token))
                input type="hidden" name="user_id" value=(user.id);
                @if !user.verified { (button("verify", "Verify")) (button("resend", "Send mail again")) }
                @if user.disabled { (button("enable", "Enable")) }
                @else if self.admin == Some(user.id) { span.hint { "You" } }
                @else { (button("disable", "Disable")) }
                // Rare, and only for whom an operator looked.
                @if user.second_factor && self.admin != Some(user.id) && !self.query.is_empty() {
                    (button("reset-second-factor", "Reset second factor"))
                }
            }
        }
    }

    fn pager(&self) -> Markup {
        let pages = self.total.div_ceil(u64::from(USERS_PER_PAGE));
        let this = u64::from(self.page).saturating_add(1);
        pager(this, pages, |page| format!("/admin/users?page={page}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::{VoteBits, VoteVersion};
    use crate::web::pages::layout;

    fn user(id: i64, verified: bool, disabled: bool) -> User {
        User {
            id: UserId(id),
            email: "<kim>@example.com".into(),
            verified,
            disabled,
            second_factor: id > 8,
            enrolled: None,
            vote_bits: VoteBits::DEFAULT,
            vote_version: VoteVersion(0),
        }
    }

    fn shown(user: User) -> String {
        let page = Users {
            admin: Some(UserId(1)),
            total: 101,
            listed: vec![user],
            ..Users::default()
        };
        page.render().into_string()
    }

    #[test]
    fn each_user_has_what_can_be_done() {
        let html = shown(user(7, true, false));
        assert!(html.contains("value=\"disable\"") && !html.contains("value=\"enable\""));
        assert!(!html.contains("value=\"verify\"") && html.contains("&lt;kim&gt;@example.com"));
        assert!(html.contains("name=\"user_id\" value=\"7\"") && html.contains("Page 1 of 3"));
        let html = shown(user(7, false, true));
        for action in ["enable", "verify", "resend"] {
            assert!(html.contains(&format!("value=\"{action}\"")), "{action}");
        }
        assert!(!shown(user(1, true, false)).contains("value=\"disable\""));
    }

    #[test]
    fn a_second_factor_is_seen_and_reset_where_its_owner_was_looked_for() {
        let listed = shown(user(9, true, false));
        assert!(listed.contains("Second factor") && !listed.contains("reset-second-factor"));
        let found = |id| Users {
            admin: Some(UserId(10)),
            query: "kim@example.com".into(),
            listed: vec![user(id, true, false)],
            ..Users::default()
        };
        let html = |id| found(id).render().into_string();
        assert!(html(9).contains("value=\"reset-second-factor\""));
        assert!(!html(8).contains("reset-second-factor"), "there is none");
        assert!(
            !html(10).contains("reset-second-factor"),
            "the operator's own"
        );
    }

    #[test]
    fn a_full_page_is_light() {
        let page = Users {
            token: "t".repeat(86),
            total: 1_000_000,
            listed: vec![user(1_000_000, true, false); USERS_PER_PAGE as usize],
            ..Users::default()
        };
        layout::tests::assert_light(&page);
    }

    #[test]
    fn who_waits_for_a_mail_is_shown() {
        let page = Users {
            query: "kim@example.com".into(),
            sign_up: Some(WaitingSignUp {
                email: "kim@example.com".into(),
                token_hash: "secret hash".into(),
                created: 0,
            }),
            ..Users::default()
        };
        let html = page.render().into_string();
        assert!(html.contains("name=\"email\" value=\"kim@example.com\""));
        assert!(!html.contains("secret hash"));
    }
}
