//! `/signup`: a new account waits for the e-mailed link. The answer is the same whether the address is
//! known or not.

use std::borrow::Cow;

use http::StatusCode;
use maud::{Markup, Render, html};

use super::captcha::{self, Challenge};
use super::components::{csrf_field, email_field, notice, password_field, problem};
use super::layout::Page;
use crate::pool::{Limited, SignUpError};
use crate::secret::Secret;
use crate::web::error::Error;
use crate::web::request::AnonymousReq;
use crate::web::response::{self, Response};

#[derive(Debug, Default)]
struct SignUp {
    token: String,
    /// Why nobody can sign up, if so.
    closed: Option<String>,
    problem: Option<String>,
    email: String,
    captcha: Option<Challenge>,
}

/// What follows a sign-up, or the wish for another mail.
#[derive(Debug)]
struct CheckMail {
    token: String,
    email: String,
}

pub fn get(request: &AnonymousReq) -> Result<Response, Error> {
    if request.user().is_some() {
        return Ok(response::see_other("/tickets"));
    }
    Ok(request.ok(&SignUp {
        token: request.form_token(),
        closed: request.app.pool.closed_reason(),
        captcha: Challenge::new(request),
        ..SignUp::default()
    }))
}

pub async fn post(request: AnonymousReq) -> Result<Response, Error> {
    let email = request.form.text("email").trim();
    let password = Secret::new(request.form.text("password"));
    if !password.matches(request.form.text("passwordrepeat")) {
        return Ok(again(
            &request,
            "The two passwords are not the same.".into(),
        ));
    }
    if !captcha::passed(&request).await? {
        return Ok(again(&request, captcha::WRONG.into()));
    }
    let (pool, client) = (&request.app.pool, request.client);
    pool.limit(Limited::SignUp, client, email).await?;
    // Nobody gets more mails for being signed up by strangers.
    pool.limit_account(Limited::Mail, email).await?;
    let taken = pool.sign_up(email, &password, client).await;
    match taken {
        Ok(()) => Ok(check_mail(&request, email)),
        Err(SignUpError::Closed(reason)) => Ok(request.page(
            StatusCode::FORBIDDEN,
            &SignUp {
                token: request.form_token(),
                closed: Some(reason),
                ..SignUp::default()
            },
        )),
        Err(SignUpError::BadEmail) => Ok(again(
            &request,
            "This does not look like an e-mail address.".into(),
        )),
        Err(SignUpError::Password(problem)) => Ok(again(&request, sentence(&problem.to_string()))),
        Err(SignUpError::Busy) => Err(Error::busy()),
        Err(SignUpError::Pool(error)) => Err(error.into()),
    }
}

pub async fn resend(request: AnonymousReq) -> Result<Response, Error> {
    let email = request.form.text("email").trim();
    let (pool, client) = (&request.app.pool, request.client);
    pool.limit(Limited::Mail, client, email).await?;
    pool.resend_verification(email, client).await?;
    Ok(check_mail(&request, email))
}

fn again(request: &AnonymousReq, problem: String) -> Response {
    request.page(
        StatusCode::UNPROCESSABLE_ENTITY,
        &SignUp {
            token: request.form_token(),
            closed: None,
            problem: Some(problem),
            email: request.form.text("email").to_owned(),
            captcha: Challenge::new(request),
        },
    )
}

fn check_mail(request: &AnonymousReq, email: &str) -> Response {
    request.ok(&CheckMail {
        token: request.form_token(),
        email: email.to_owned(),
    })
}

/// An error's text as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), chars.as_str())
}

impl Page for SignUp {
    fn title(&self) -> Cow<'static, str> {
        "Sign up".into()
    }
}

impl Render for SignUp {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "Sign up" }
                @if let Some(reason) = &self.closed {
                    (notice("info", reason))
                    p { "Those who have an account can " a href="/signin" { "sign in" } " as ever." }
                } @else {
                    (problem(self.problem.as_deref()))
                    form.panel method="post" action="/signup" {
                        (csrf_field(&self.token))
                        (email_field(&self.email))
                        (password_field("password", "Password", "new-password"))
                        p.hint { "From 8 characters to 72 bytes. A few unusual words make a good one." }
                        (password_field("passwordrepeat", "Password once more", "new-password"))
                        (captcha::field(self.captcha.as_ref()))
                        button type="submit" { "Sign up" }
                    }
                    p { "You have an account? " a href="/signin" { "Sign in" } "." }
                }
            }
            (resend_form(&self.token, ""))
        }
    }
}

impl Page for CheckMail {
    fn title(&self) -> Cow<'static, str> {
        "Check your mail".into()
    }
}

impl Render for CheckMail {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "Check your mail" }
                (notice("good", "If this address can be used here, a mail is on its way to it."))
                p { "Open the link in it within 24 hours to finish. Nothing in your inbox after a few "
                    "minutes? Look into the spam folder, or have it sent again." }
            }
            (resend_form(&self.token, &self.email))
        }
    }
}

fn resend_form(token: &str, email: &str) -> Markup {
    html! {
        section.narrow.quiet {
            h2 { "No verification mail?" }
            form method="post" action="/signup/resend" {
                (csrf_field(token))
                label for="resend" { "E-mail address" }
                input #resend type="email" name="email" value=(email) maxlength="254" required
                    autocomplete="email";
                button.quiet type="submit" { "Send it again" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_has_the_fields_that_monitors_know() {
        let html = SignUp {
            token: "t0ken".into(),
            email: "a\"b@c".into(),
            ..SignUp::default()
        }
        .render()
        .into_string();
        for name in ["email", "password", "passwordrepeat", "csrf_token"] {
            assert!(html.contains(&format!("name=\"{name}\"")), "{name}");
        }
        assert!(html.contains("value=\"a&quot;b@c\"") && html.contains("value=\"t0ken\""));
    }

    #[test]
    fn a_closed_pool_shows_its_reason_instead() {
        let html = SignUp {
            closed: Some("Closed for <now>.".into()),
            ..SignUp::default()
        }
        .render()
        .into_string();
        assert!(html.contains("Closed for &lt;now&gt;.") && !html.contains("passwordrepeat"));
    }

    #[test]
    fn the_answer_does_not_tell_who_has_an_account() {
        let page = |email: &str| CheckMail {
            token: String::new(),
            email: email.into(),
        };
        let known = page("a@b.c").render().into_string();
        let unknown = page("x@y.z").render().into_string();
        assert_eq!(known.replace("a@b.c", ""), unknown.replace("x@y.z", ""));
    }
}
