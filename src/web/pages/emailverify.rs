//! `/emailverify`: the link of the verification mail. Mail scanners follow links, so only the button
//! spends the token.

use std::borrow::Cow;

use http::StatusCode;
use maud::{Markup, Render, html};

use super::components::{csrf_field, notice};
use super::layout::Page;
use crate::pool::{Limited, TokenError};
use crate::web::error::Error;
use crate::web::request::AnonymousReq;
use crate::web::response::Response;

#[derive(Debug)]
enum Verify {
    Button {
        token: String,
        link_token: String,
    },
    Done,
    /// The same link again.
    Again,
    Refused {
        reason: String,
    },
}

pub fn get(request: &AnonymousReq) -> Result<Response, Error> {
    Ok(request.ok(&Verify::Button {
        token: request.form_token(),
        link_token: request.query.text("t").to_owned(),
    }))
}

pub async fn post(request: AnonymousReq) -> Result<Response, Error> {
    let (pool, client) = (&request.app.pool, request.client);
    pool.limit_client(Limited::Token, client)?;
    let verified = pool.verify_email(request.field("t"), client).await;
    let reason = match verified {
        Ok(_) => return Ok(request.ok(&Verify::Done)),
        Err(TokenError::Invalid) => {
            "This link was used already, is older than 24 hours, or is not complete.".to_owned()
        }
        Err(TokenError::Used) => {
            return Ok(request.page(StatusCode::UNPROCESSABLE_ENTITY, &Verify::Again));
        }
        Err(TokenError::Closed(reason)) => reason,
        Err(TokenError::Pool(error)) => return Err(error.into()),
    };
    Ok(request.page(
        StatusCode::UNPROCESSABLE_ENTITY,
        &Verify::Refused { reason },
    ))
}

impl Page for Verify {
    fn title(&self) -> Cow<'static, str> {
        "Verify your e-mail address".into()
    }
}

impl Render for Verify {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "Verify your " span.together { "e-mail address" } }
                @match self {
                    Verify::Button { token, link_token } => {
                        form.panel method="post" action="/emailverify" {
                            p { "One step is left: confirm that the address is yours." }
                            (csrf_field(token))
                            input type="hidden" name="t" value=(link_token);
                            button type="submit" { "Confirm my address" }
                        }
                    }
                    Verify::Done => {
                        (notice("good", "Thank you: the address is confirmed and your account is ready."))
                        p.actions { a.button href="/signin" { "Sign in" } }
                    }
                    Verify::Again => {
                        (notice("info", "This link was used already: the address is confirmed."))
                        p.actions { a.button href="/signin" { "Sign in" } }
                    }
                    Verify::Refused { reason } => {
                        (notice("bad", reason))
                        p { "If the address is confirmed already, sign in. Else have a new link sent, or sign "
                            "up again." }
                        p.actions {
                            a.button href="/signin" { "Sign in" }
                            a.button.quiet href="/signup" { "New link or sign-up" }
                        }
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
    fn the_link_only_shows_a_button() {
        let page = Verify::Button {
            token: "form".into(),
            link_token: "li\"nk".into(),
        };
        let html = page.render().into_string();
        assert!(html.contains("name=\"t\" value=\"li&quot;nk\""));
        assert!(html.contains("method=\"post\"") && html.contains("value=\"form\""));
        assert!(
            Verify::Done
                .render()
                .into_string()
                .contains("href=\"/signin\"")
        );
    }
}
