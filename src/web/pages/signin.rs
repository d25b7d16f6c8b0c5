//! `/signin`: e-mail and password for a session.

use std::borrow::Cow;

use http::StatusCode;
use maud::{Markup, Render, html};

use super::captcha::{self, Challenge};
use super::components::{csrf_field, email_field, password_field, problem};
use super::layout::Page;
use super::signup::sentence;
use crate::domain::UserId;
use crate::pool::{Limited, SignIn, SignInError};
use crate::secret::Secret;
use crate::web::error::Error;
use crate::web::request::AnonymousReq;
use crate::web::response::{self, Response};
use crate::web::session;

/// To who brought a code too late.
const LATE: &str = "That took too long. Please give your password once more.";

#[derive(Debug, Default)]
struct SignInPage {
    token: String,
    problem: Option<String>,
    email: String,
    captcha: Option<Challenge>,
}

pub fn get(request: &AnonymousReq) -> Result<Response, Error> {
    if request.user().is_some() {
        return Ok(response::see_other("/tickets"));
    }
    Ok(request.ok(&SignInPage {
        token: request.form_token(),
        problem: (request.query.get("late").is_some()).then(|| LATE.to_owned()),
        captcha: challenge(request),
        ..SignInPage::default()
    }))
}

pub async fn post(request: AnonymousReq) -> Result<Response, Error> {
    let email = request.form.text("email").trim();
    let password = Secret::new(request.form.text("password"));
    let (pool, client) = (&request.app.pool, request.client);
    if pool.suspects(client) && !captcha::passed(&request).await? {
        return Ok(again(&request, captcha::WRONG.into()));
    }
    pool.limit(Limited::SignIn, client, email).await?;
    match pool.sign_in(email, &password, client).await {
        Ok(SignIn::Done(user)) => {
            pool.forgive(Limited::SignIn, client, email).await;
            signed_in(&request, user).await
        }
        // Still counted: given back when the code is right, too.
        Ok(SignIn::OwesCode(cookie)) => {
            let mut response = response::see_other("/signin/code");
            session::start_half(&request.app, &mut response, &cookie);
            Ok(response)
        }
        Err(SignInError::Busy) => Err(Error::busy()),
        Err(SignInError::Pool(error)) => Err(error.into()),
        Err(refusal) => Ok(again(&request, sentence(&refusal.to_string()))),
    }
}

fn again(request: &AnonymousReq, problem: String) -> Response {
    let page = SignInPage {
        token: request.form_token(),
        problem: Some(problem),
        email: request.form.text("email").trim().to_owned(),
        captcha: challenge(request),
    };
    request.page(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Only for clients that gave several wrong passwords.
fn challenge(request: &AnonymousReq) -> Option<Challenge> {
    let suspect = request.app.pool.suspects(request.client);
    suspect.then(|| Challenge::new(request)).flatten()
}

/// A new session in place of the browser's old one; then where the user is needed.
pub(super) async fn signed_in(request: &AnonymousReq, user: UserId) -> Result<Response, Error> {
    let pool = &request.app.pool;
    if let Some(old) = request.session() {
        pool.end_session(old.cookie()).await?;
    }
    let cookie = pool.start_session(user, request.client).await?;
    let enrolled = pool
        .user(user)
        .await?
        .is_some_and(|user| user.enrolled.is_some());
    let mut response = response::see_other(if enrolled { "/tickets" } else { "/address" });
    session::start(&request.app, &mut response, &cookie);
    Ok(response)
}

impl Page for SignInPage {
    fn title(&self) -> Cow<'static, str> {
        "Sign in".into()
    }
}

impl Render for SignInPage {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "Sign in" }
                (problem(self.problem.as_deref()))
                form.panel method="post" action="/signin" {
                    (csrf_field(&self.token))
                    (email_field(&self.email))
                    (password_field("password", "Password", "current-password"))
                    (captcha::field(self.captcha.as_ref()))
                    button type="submit" { "Sign in" }
                }
                p { a href="/passwordreset" { "Forgot your password?" } }
                p { "No account yet? " a href="/signup" { "Sign up" } ". There you can also have the "
                    "verification mail sent again." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_has_the_fields_that_monitors_know() {
        let html = SignInPage {
            problem: Some("Wrong.".into()),
            ..SignInPage::default()
        }
        .render()
        .into_string();
        for name in ["email", "password", "csrf_token"] {
            assert!(html.contains(&format!("name=\"{name}\"")), "{name}");
        }
        assert!(html.contains("role=\"alert\"") && html.contains("Wrong."));
    }
}
