//! The account itself: what happened to it, all that is stored of it, and its end.

use http::StatusCode;
use maud::{Markup, html};
use serde::Serialize;

use super::super::audit::in_words;
use super::super::components::{badge, csrf_field, date_time};
use super::super::signup::sentence;
use crate::domain::NewsKind;
use crate::pool::{AuditEntry, Limited};
use crate::web::error::{Error, refused_proof};
use crate::web::request::UserReq;
use crate::web::response::{self, Response};
use crate::web::session;

/// Lines of the log on the page.
pub(super) const LOGGED: u32 = 10;
/// Lines of the log in the download: more than thirty days have.
const EXPORTED: u32 = 10_000;

/// `/settings/data.json`
pub async fn data(request: UserReq) -> Result<Response, Error> {
    let (pool, user) = (&request.app.pool, request.user());
    let sessions = pool.sessions(user.id, request.session().cookie()).await?;
    let log = pool.account_log(user.id, EXPORTED).await?;
    let wishes = pool.wishes(user.id).await?;
    let enrolled = user.enrolled.as_ref();
    let data = Data {
        network: pool.settings().params().name,
        user_id: user.id.0,
        email: &user.email,
        ticket_address: enrolled.map(|it| it.ticket_address.as_str()),
        redeem_script: enrolled.map(|it| it.redeem_script.as_str()),
        user_pubkey_address: enrolled.map(|it| it.user_pubkey_address.as_str()),
        pool_pubkey_address: enrolled.map(|it| it.pool_pubkey_address.as_str()),
        vote_bits: user.vote_bits.0,
        vote_version: user.vote_version.0,
        second_factor: user.second_factor,
        mails_about: NewsKind::ALL
            .into_iter()
            .filter(|kind| wishes.include(*kind))
            .map(NewsKind::name)
            .collect(),
        sessions: sessions
            .iter()
            .map(|session| SessionLine {
                since: date_time(session.since),
                last_seen: date_time(session.last_seen),
                from: &session.from,
            })
            .collect(),
        log: log.iter().map(LogLine::of).collect(),
        tickets: "see /tickets.json",
    };
    let json =
        serde_json::to_string_pretty(&data).map_err(|error| Error::internal(error.to_string()))?;
    let response = response::json(StatusCode::OK, json + "\n");
    Ok(response::download(response, "my-account.json"))
}

/// All that the pool stores of a user, but what signs in: the hash of the password, the API token, the key of the
/// second factor and what is kept of its recovery codes.
#[derive(Serialize)]
struct Data<'a> {
    network: &'a str,
    user_id: i64,
    email: &'a str,
    ticket_address: Option<&'a str>,
    redeem_script: Option<&'a str>,
    user_pubkey_address: Option<&'a str>,
    pool_pubkey_address: Option<&'a str>,
    vote_bits: u16,
    vote_version: u32,
    second_factor: bool,
    /// Of what the user is told by mail.
    mails_about: Vec<&'static str>,
    sessions: Vec<SessionLine<'a>>,
    log: Vec<LogLine<'a>>,
    tickets: &'a str,
}

#[derive(Serialize)]
struct SessionLine<'a> {
    since: String,
    last_seen: String,
    from: &'a str,
}

#[derive(Serialize)]
struct LogLine<'a> {
    at: String,
    event: &'a str,
    from: &'a str,
}

impl<'a> LogLine<'a> {
    fn of(entry: &'a AuditEntry) -> Self {
        Self {
            at: date_time(entry.at),
            event: &entry.event,
            from: &entry.ip,
        }
    }
}

/// The form with `closeAccount`. `Err` of the inner result: why not, for the page.
pub(super) async fn close(request: &UserReq) -> Result<Result<Response, String>, Error> {
    if !request.form.is_set("confirm") {
        let reason =
            "Say that your redeem script is saved, or not needed, before you close the account.";
        return Ok(Err(reason.to_owned()));
    }
    let (pool, client) = (&request.app.pool, request.client);
    let email = request.user().email.as_str();
    pool.limit(Limited::SignIn, client, email).await?;
    let proof = request.owner_proof();
    match pool.close_account(request.user().id, &proof, client).await {
        Ok(()) => {
            let mut response = response::see_other("/?closed=account");
            session::forget(&request.app, &mut response);
            Ok(Ok(response))
        }
        Err(error) => refused_proof(error).map(|refusal| Err(sentence(&refusal))),
    }
}

/// What happened to the account.
pub(super) fn log(entries: &[AuditEntry]) -> Markup {
    html! {
        section.card {
            h2 { "What happened lately" }
            p { "Something here was not you? Change your password, and tell the operator." }
            ul.sessions {
                @for entry in entries {
                    li {
                        strong { (in_words(&entry.event)) } ", " (date_time(entry.at))
                        @if !entry.ip.is_empty() { ", from " (entry.ip) }
                    }
                }
            }
            p { a href="/settings/data.json" download { "Download all that is stored about you" } }
        }
    }
}

/// The way to the page that turns it on and off.
pub(super) fn second_factor(on: bool) -> Markup {
    html! {
        section.card {
            h2 { "Second factor " @if on { (badge("good", "On")) } @else { (badge("warn", "Off")) } }
            @if on {
                p { "A code of your app is asked for when you sign in, and when you change your account." }
            } @else {
                p { "With it your password alone opens nothing: a code of an app on your phone is asked for too." }
            }
            p.actions {
                a.button.quiet href="/settings/second-factor" {
                    @if on { "Recovery codes, or turn it off" } @else { "Set it up" }
                }
            }
        }
    }
}

/// The end of the account. `code`: the field for a code of the second factor, where there is one.
pub(super) fn closing(token: &str, code: &Markup) -> Markup {
    html! {
        section.card {
            h2 { "Close the account" }
            p { "Your e-mail address, password and API token are deleted, for good. Tickets that you bought are voted "
                "on as you chose last, and what they earn goes to your wallet as ever. Nobody can sign in to change "
                "that any more." }
            form method="post" action="/settings" {
                (csrf_field(token))
                input type="hidden" name="closeAccount" value="true";
                label.choice {
                    input type="checkbox" name="confirm" value="true" required;
                    span { "My redeem script is saved, or I have no tickets" }
                }
                label for="closepassword" { "Current password" }
                input #closepassword type="password" name="password" required
                    autocomplete="current-password";
                (code)
                button.quiet type="submit" { "Close my account" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_in_words_and_escaped() {
        let entry = |event: &str| AuditEntry {
            at: 1_790_000_000,
            event: event.into(),
            ip: "192.0.2.7".into(),
            ..AuditEntry::default()
        };
        let html = log(&[entry("sign_in"), entry("some_<b>")]).into_string();
        assert!(html.contains("Signed in"));
        assert!(html.contains("2026-09-21 14:13 UTC, from 192.0.2.7"));
        assert!(html.contains("some &lt;b&gt;"));
    }
}
