//! `/passwordreset`: asks for a link that sets a new password. The answer is the same whether the
//! address is known or not.

use std::borrow::Cow;

use http::StatusCode;
use maud::{Markup, Render, html};

use super::captcha::{self, Challenge};
use super::components::{csrf_field, email_field, notice, problem};
use super::layout::Page;
use crate::pool::Limited;
use crate::web::error::Error;
use crate::web::request::AnonymousReq;
use crate::web::response::Response;

#[derive(Debug)]
enum Reset {
    Form {
        token: String,
        email: String,
        problem: Option<&'static str>,
        captcha: Option<Challenge>,
    },
    CheckMail,
}

pub fn get(request: &AnonymousReq) -> Result<Response, Error> {
    Ok(request.ok(&Reset::form(request, None)))
}

pub async fn post(request: AnonymousReq) -> Result<Response, Error> {
    let email = request.form.text("email").trim();
    if !captcha::passed(&request).await? {
        let page = Reset::form(&request, Some(captcha::WRONG));
        return Ok(request.page(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let (pool, client) = (&request.app.pool, request.client);
    pool.limit(Limited::Mail, client, email).await?;
    pool.request_password_reset(email, client).await?;
    Ok(request.ok(&Reset::CheckMail))
}

impl Reset {
    fn form(request: &AnonymousReq, problem: Option<&'static str>) -> Self {
        Reset::Form {
            token: request.form_token(),
            email: request.form.text("email").trim().to_owned(),
            problem,
            captcha: Challenge::new(request),
        }
    }
}

impl Page for Reset {
    fn title(&self) -> Cow<'static, str> {
        "Reset your password".into()
    }
}

impl Render for Reset {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "Reset your password" }
                @match self {
                    Reset::Form { token, email, problem: wrong, captcha } => {
                        (problem(*wrong))
                        p { "You get a link by mail with which you set a new password." }
                        form.panel method="post" action="/passwordreset" {
                            (csrf_field(token))
                            (email_field(email))
                            (captcha::field(captcha.as_ref()))
                            button type="submit" { "Send me the link" }
                        }
                        p.hint { "Your tickets are voted all the same, signed in or not." }
                    }
                    Reset::CheckMail => {
                        (notice("good", "If this address has an account, a mail is on its way to it."))
                        p { "Open the link in it within one hour. Nothing in your inbox after a few minutes? "
                            "Look into the spam folder, or " a href="/passwordreset" { "ask again" } "." }
                    }
                }
            }
        }
    }
}
