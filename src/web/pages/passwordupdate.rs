//! `/passwordupdate`: the link of the reset mail. It shows a form; only sending that spends the token.

use std::borrow::Cow;

use http::StatusCode;
use maud::{Markup, Render, html};

use super::components::{csrf_field, notice, password_field, problem};
use super::layout::Page;
use super::signup::sentence;
use crate::pool::{Limited, ResetPasswordError};
use crate::secret::Secret;
use crate::web::error::Error;
use crate::web::request::AnonymousReq;
use crate::web::response::Response;

#[derive(Debug)]
enum Update {
    Form {
        token: String,
        link_token: String,
        problem: Option<String>,
    },
    Done,
    Refused,
}

pub fn get(request: &AnonymousReq) -> Result<Response, Error> {
    Ok(request.ok(&form(request, None)))
}

pub async fn post(request: AnonymousReq) -> Result<Response, Error> {
    let new = Secret::new(request.form.text("password"));
    if !new.matches(request.form.text("passwordrepeat")) {
        return Ok(again(
            &request,
            "The two passwords are not the same.".into(),
        ));
    }
    let (pool, client) = (&request.app.pool, request.client);
    pool.limit_client(Limited::Token, client)?;
    let changed = pool.reset_password(request.field("t"), &new, client).await;
    match changed {
        Ok(()) => Ok(request.ok(&Update::Done)),
        Err(ResetPasswordError::Invalid) => {
            Ok(request.page(StatusCode::UNPROCESSABLE_ENTITY, &Update::Refused))
        }
        Err(ResetPasswordError::Password(problem)) => {
            Ok(again(&request, sentence(&problem.to_string())))
        }
        Err(ResetPasswordError::Busy) => Err(Error::busy()),
        Err(ResetPasswordError::Pool(error)) => Err(error.into()),
    }
}

fn again(request: &AnonymousReq, problem: String) -> Response {
    request.page(
        StatusCode::UNPROCESSABLE_ENTITY,
        &form(request, Some(problem)),
    )
}

fn form(request: &AnonymousReq, problem: Option<String>) -> Update {
    Update::Form {
        token: request.form_token(),
        link_token: request.field("t").to_owned(),
        problem,
    }
}

impl Page for Update {
    fn title(&self) -> Cow<'static, str> {
        "Set a new password".into()
    }
}

impl Render for Update {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "Set a new password" }
                @match self {
                    Update::Form { token, link_token, problem: wrong } => {
                        (problem(wrong.as_deref()))
                        form.panel method="post" action="/passwordupdate" {
                            (csrf_field(token))
                            input type="hidden" name="t" value=(link_token);
                            (password_field("password", "New password", "new-password"))
                            p.hint { "From 8 characters to 72 bytes. A few unusual words make a good one." }
                            (password_field("passwordrepeat", "New password once more", "new-password"))
                            button type="submit" { "Set the password" }
                        }
                    }
                    Update::Done => {
                        (notice("good", "Your password is changed, and all your sessions are ended."))
                        p.actions { a.button href="/signin" { "Sign in" } }
                    }
                    Update::Refused => {
                        (notice("bad", "This link was used already, is void or older than one hour, or is \
                            not complete."))
                        p { "Your password was not changed." }
                        p.actions { a.button href="/passwordreset" { "Have a new link sent" } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_has_the_fields_that_the_design_names() {
        let html = Update::Form {
            token: "form".into(),
            link_token: "li\"nk".into(),
            problem: None,
        }
        .render()
        .into_string();
        for name in ["t", "password", "passwordrepeat", "csrf_token"] {
            assert!(html.contains(&format!("name=\"{name}\"")), "{name}");
        }
        assert!(html.contains("value=\"li&quot;nk\""));
    }
}
