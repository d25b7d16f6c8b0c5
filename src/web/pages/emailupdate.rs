//! `/emailupdate`: the link that a new e-mail address gets. Mail scanners follow links, so only the
//! button spends the token.

use std::borrow::Cow;

use http::StatusCode;
use maud::{Markup, Render, html};

use super::components::{csrf_field, notice};
use super::layout::Page;
use super::signup::sentence;
use crate::pool::{ConfirmEmailError, Limited};
use crate::web::error::Error;
use crate::web::request::AnonymousReq;
use crate::web::response::Response;

#[derive(Debug)]
enum Update {
    Button { token: String, link_token: String },
    Done { signed_in: bool },
    Refused { reason: String },
}

pub fn get(request: &AnonymousReq) -> Result<Response, Error> {
    Ok(request.ok(&Update::Button {
        token: request.form_token(),
        link_token: request.query.text("t").to_owned(),
    }))
}

pub async fn post(request: AnonymousReq) -> Result<Response, Error> {
    let cookie = request.session().map(|session| session.cookie().to_owned());
    let (pool, client) = (&request.app.pool, request.client);
    pool.limit_client(Limited::Token, client)?;
    let confirmed = pool
        .confirm_email_change(request.field("t"), cookie.as_deref(), client)
        .await;
    let reason = match confirmed {
        Ok(()) => {
            let signed_in = cookie.is_some();
            return Ok(request.ok(&Update::Done { signed_in }));
        }
        Err(ConfirmEmailError::Pool(error)) => return Err(error.into()),
        Err(ConfirmEmailError::Invalid) => {
            "This link was used already, is void or older than one hour, or is not complete.".into()
        }
        Err(taken @ ConfirmEmailError::Taken) => sentence(&taken.to_string()),
    };
    Ok(request.page(
        StatusCode::UNPROCESSABLE_ENTITY,
        &Update::Refused { reason },
    ))
}

impl Page for Update {
    fn title(&self) -> Cow<'static, str> {
        "Confirm your new e-mail address".into()
    }
}

impl Render for Update {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "Confirm your new " span.together { "e-mail address" } }
                @match self {
                    Update::Button { token, link_token } => {
                        form.panel method="post" action="/emailupdate" {
                            p { "One step is left: confirm that the new address is yours. You sign in by it "
                                "from then on, and all your other sessions end." }
                            (csrf_field(token))
                            input type="hidden" name="t" value=(link_token);
                            button type="submit" { "Confirm my new address" }
                        }
                    }
                    Update::Done { signed_in } => {
                        (notice("good", "Thank you: your e-mail address is changed."))
                        p.actions {
                            @if *signed_in { a.button href="/settings" { "Back to the settings" } }
                            @else { a.button href="/signin" { "Sign in" } }
                        }
                    }
                    Update::Refused { reason } => {
                        (notice("bad", reason))
                        p { "Nothing was changed. You can ask for a new link in your settings." }
                        p.actions { a.button href="/settings" { "To the settings" } }
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
        let page = Update::Button {
            token: "form".into(),
            link_token: "li\"nk".into(),
        };
        let html = page.render().into_string();
        assert!(html.contains("name=\"t\" value=\"li&quot;nk\""));
        assert!(html.contains("method=\"post\"") && html.contains("value=\"form\""));
    }
}
