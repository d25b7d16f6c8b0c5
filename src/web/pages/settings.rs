//! `/settings`: the API token, the password, the e-mail address, the sessions, the account itself.

mod account;
mod notifications;

use std::borrow::Cow;

use http::StatusCode;
use maud::{Markup, Render, html};

use super::components::{
    age, code_field, copyable, csrf_field, date_time, notice, password_field, problem,
};
use super::layout::Page;
use super::signup::sentence;
use crate::domain::Wishes;
use crate::pool::{AuditEntry, ChangeEmailError, ChangePasswordError, Limited, SessionEntry};
use crate::secret::Secret;
use crate::web::error::{Error, refused_proof};
use crate::web::request::UserReq;
use crate::web::response::{self, Response};

pub use account::data;

/// Sessions listed; all of them can be ended.
const SHOWN: usize = 20;

#[derive(Debug)]
struct Settings {
    token: String,
    email: String,
    second_factor: bool,
    api_token: Secret,
    sessions: Vec<SessionEntry>,
    wishes: Wishes,
    log: Vec<AuditEntry>,
    now: i64,
    done: Option<&'static str>,
    problem: Option<String>,
}

pub async fn get(request: UserReq) -> Result<Response, Error> {
    let done = match request.query.text("done") {
        "token" => Some("You have a new API token. The old one is void."),
        "password" => Some("Your password is changed, and all other sessions are ended."),
        "email" => Some(
            "A link is on its way to the new address. Open it within one hour; until then nothing changes.",
        ),
        "notifications" => Some("You get these mails from now on, and no others."),
        "session" => Some("That session is ended."),
        "sessions" => Some("All your other sessions are ended."),
        _ => None,
    };
    page(&request, StatusCode::OK, done, None).await
}

pub async fn post(request: UserReq) -> Result<Response, Error> {
    let pool = &request.app.pool;
    let user = request.user().id;
    if request.form.is_set("renewToken") {
        return renew_token(&request).await;
    }
    if request.form.is_set("endSessions") {
        pool.end_other_sessions(user, request.session().cookie())
            .await?;
        return Ok(response::see_other("/settings?done=sessions"));
    }
    if let Some(id) = request.form.get("endSession") {
        pool.end_session_of(user, id).await?;
        return Ok(response::see_other("/settings?done=session"));
    }
    if request.form.is_set("updatePassword") {
        return change_password(&request).await;
    }
    if request.form.is_set("updateEmail") {
        return change_email(&request).await;
    }
    if request.form.is_set("updateNotifications") {
        let wishes = notifications::read(&request.form);
        pool.set_wishes(user, wishes, request.client).await?;
        return Ok(response::see_other("/settings?done=notifications"));
    }
    if request.form.is_set("closeAccount") {
        return match account::close(&request).await? {
            Ok(response) => Ok(response),
            Err(problem) => refuse(&request, problem).await,
        };
    }
    refuse(&request, "That cannot be changed here.".into()).await
}

async fn renew_token(request: &UserReq) -> Result<Response, Error> {
    let (pool, user) = (&request.app.pool, request.user().id);
    pool.limit(Limited::Token, request.client, user).await?;
    let code = request.owner_proof().code;
    match pool.renew_api_token(user, &code, request.client).await {
        Ok(_) => Ok(response::see_other("/settings?done=token")),
        Err(error) => refuse(request, sentence(&refused_proof(error)?)).await,
    }
}

async fn change_password(request: &UserReq) -> Result<Response, Error> {
    let new = Secret::new(request.form.text("newpassword"));
    if !new.matches(request.form.text("newpasswordrepeat")) {
        return refuse(request, "The two new passwords are not the same.".into()).await;
    }
    let (pool, client) = (&request.app.pool, request.client);
    let email = request.user().email.as_str();
    pool.limit(Limited::SignIn, client, email).await?;
    let changed = pool
        .change_password(
            request.user().id,
            &request.owner_proof(),
            &new,
            request.session().cookie(),
            client,
        )
        .await;
    match changed {
        Ok(()) => {
            pool.forgive(Limited::SignIn, client, email).await;
            Ok(response::see_other("/settings?done=password"))
        }
        Err(ChangePasswordError::Busy) => Err(Error::busy()),
        Err(ChangePasswordError::Pool(error)) => Err(error.into()),
        Err(ChangePasswordError::Proof(error)) => {
            refuse(request, sentence(&refused_proof(error)?)).await
        }
        Err(refusal) => refuse(request, sentence(&refusal.to_string())).await,
    }
}

async fn change_email(request: &UserReq) -> Result<Response, Error> {
    let email = request.form.text("email").trim();
    let (pool, client) = (&request.app.pool, request.client);
    let own = request.user().email.as_str();
    pool.limit(Limited::SignIn, client, own).await?;
    pool.limit(Limited::Mail, client, own).await?;
    let asked = pool
        .request_email_change(request.user().id, email, &request.owner_proof(), client)
        .await;
    match asked {
        Ok(()) => {
            pool.forgive(Limited::SignIn, client, own).await;
            Ok(response::see_other("/settings?done=email"))
        }
        Err(ChangeEmailError::Pool(error)) => Err(error.into()),
        Err(ChangeEmailError::Proof(error)) => {
            refuse(request, sentence(&refused_proof(error)?)).await
        }
        Err(refusal) => refuse(request, sentence(&refusal.to_string())).await,
    }
}

async fn refuse(request: &UserReq, problem: String) -> Result<Response, Error> {
    page(
        request,
        StatusCode::UNPROCESSABLE_ENTITY,
        None,
        Some(problem),
    )
    .await
}

async fn page(
    request: &UserReq,
    status: StatusCode,
    done: Option<&'static str>,
    problem: Option<String>,
) -> Result<Response, Error> {
    let pool = &request.app.pool;
    let (user, cookie) = (request.user().id, request.session().cookie());
    let page = Settings {
        token: request.form_token(),
        email: request.user().email.clone(),
        second_factor: request.user().second_factor,
        api_token: pool.api_token(user).await?,
        sessions: pool.sessions(user, cookie).await?,
        wishes: pool.wishes(user).await?,
        log: pool.account_log(user, account::LOGGED).await?,
        now: request.app.clock.unix_seconds(),
        done,
        problem,
    };
    Ok(request.page(status, &page))
}

impl Page for Settings {
    fn title(&self) -> Cow<'static, str> {
        "Settings".into()
    }
}

impl Render for Settings {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "Settings" }
                p { "Signed in as " strong { (self.email) } "." }
                @if let Some(done) = self.done { (notice("good", done)) }
                (problem(self.problem.as_deref()))
                (self.api())
                (self.password())
                (account::second_factor(self.second_factor))
                (self.email_address())
                (notifications::form(&self.token, &self.wishes))
                (self.sessions())
                (account::log(&self.log))
                (account::closing(&self.token, &self.code("closecode")))
            }
        }
    }
}

impl Settings {
    /// Where it is asked for.
    fn code(&self, id: &str) -> Markup {
        html! { @if self.second_factor { (code_field(id)) } }
    }

    fn api(&self) -> Markup {
        html! {
            section.card {
                h2 { "API token" }
                p { "With it a wallet, or " code { "dcrstakepool buy" } ", asks for your ticket address and sets "
                    "your votes. It is as good as your password for that, so keep it secret. "
                    a href="/api" { "What the API can do" } }
                dl.facts.stacked { (copyable("Token", self.api_token.expose())) }
                form method="post" action="/settings" {
                    (csrf_field(&self.token))
                    input type="hidden" name="renewToken" value="true";
                    (self.code("tokencode"))
                    button.quiet type="submit" { "Make a new token" }
                    " " span.hint { "The old one is void at once." }
                }
            }
        }
    }

    fn password(&self) -> Markup {
        html! {
            section.card {
                h2 { "Password" }
                form method="post" action="/settings" {
                    (csrf_field(&self.token))
                    input type="hidden" name="updatePassword" value="true";
                    input.offscreen type="text" name="username" value=(self.email) autocomplete="username"
                        tabindex="-1" aria-hidden="true" readonly;
                    (password_field("password", "Current password", "current-password"))
                    (password_field("newpassword", "New password", "new-password"))
                    p.hint { "From 8 characters to 72 bytes." }
                    (password_field("newpasswordrepeat", "New password once more", "new-password"))
                    (self.code("passwordcode"))
                    button type="submit" { "Change password" }
                }
            }
        }
    }

    fn email_address(&self) -> Markup {
        html! {
            section.card {
                h2 { "E-mail address" }
                p { "You get a link at the new address, and nothing changes before it is opened. The old address "
                    "is told." }
                form method="post" action="/settings" {
                    (csrf_field(&self.token))
                    input type="hidden" name="updateEmail" value="true";
                    label for="newemail" { "New e-mail address" }
                    input #newemail type="email" name="email" maxlength="254" required autocomplete="email"
                        autocapitalize="none" spellcheck="false";
                    label for="emailpassword" { "Current password" }
                    input #emailpassword type="password" name="password" required
                        autocomplete="current-password";
                    (self.code("emailcode"))
                    button type="submit" { "Change e-mail address" }
                }
            }
        }
    }

    fn sessions(&self) -> Markup {
        html! {
            section.card {
                h2 { "Sessions" }
                p { "Signed in somewhere you no longer are? End it here." }
                ul.sessions {
                    @for session in self.sessions.iter().take(SHOWN) { li { (self.session(session)) } }
                }
                @if self.sessions.len() > SHOWN { p { "Older ones are not shown." } }
                form method="post" action="/settings" {
                    (csrf_field(&self.token))
                    input type="hidden" name="endSessions" value="true";
                    button.quiet type="submit" { "End my other sessions" }
                }
            }
        }
    }

    fn session(&self, session: &SessionEntry) -> Markup {
        let from = if session.from.is_empty() {
            "an unknown address"
        } else {
            &session.from
        };
        html! {
            strong { (from) } ", signed in " (date_time(session.since)) ", last seen "
            (age(self.now, session.last_seen))
            @if session.here { " — this one" } @else {
                " "
                form.inline method="post" action="/settings" {
                    (csrf_field(&self.token))
                    input type="hidden" name="endSession" value=(session.id);
                    button.quiet.small type="submit" aria-label={ "End the session from " (from) } { "End it" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_guarded_and_keeps_its_names() {
        let html = page(false);
        assert_eq!(
            html.matches("<form").count(),
            html.matches("value=\"t0ken\"").count()
        );
        assert!(html.contains("api.token"));
        assert!(html.contains("signed in 2026-09-21 14:13 UTC, last seen 10 minutes ago"));
        assert!(html.contains("value=\"id-false\"") && !html.contains("value=\"id-true\""));
        for name in [
            "renewToken",
            "updatePassword",
            "updateEmail",
            "email",
            "endSessions",
            "password",
            "newpassword",
            "newpasswordrepeat",
            "closeAccount",
            "updateNotifications",
        ] {
            assert!(html.contains(&format!("name=\"{name}\"")), "{name}");
        }
        assert!(!html.contains("name=\"code\""));
    }

    #[test]
    fn whoever_has_a_second_factor_is_asked_for_a_code_where_it_counts() {
        let html = page(true);
        for (form, coded) in [
            ("renewToken", true),
            ("updatePassword", true),
            ("updateEmail", true),
            ("closeAccount", true),
            ("endSessions", false),
        ] {
            let name = format!("name=\"{form}\"");
            let form = html.split("<form").find(|form| form.contains(&name));
            let form = form.and_then(|form| form.split("</form>").next()).unwrap();
            assert_eq!(form.contains("name=\"code\""), coded, "{name}");
        }
    }

    fn page(second_factor: bool) -> String {
        Settings {
            token: "t0ken".into(),
            email: "a@b.c".into(),
            second_factor,
            api_token: Secret::new("api.token"),
            sessions: [true, false]
                .map(|here| SessionEntry {
                    id: format!("id-{here}"),
                    here,
                    from: "192.0.2.7".into(),
                    since: 1_790_000_000,
                    last_seen: 1_790_000_000,
                })
                .into(),
            wishes: Wishes::default(),
            log: Vec::new(),
            now: 1_790_000_600,
            done: None,
            problem: None,
        }
        .render()
        .into_string()
    }
}
