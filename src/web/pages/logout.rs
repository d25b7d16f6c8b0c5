//! `/logout`: ends the session, here and in the database.

use std::borrow::Cow;

use maud::{Markup, Render, html};

use super::components::csrf_field;
use super::layout::Page;
use crate::web::error::Error;
use crate::web::request::UserReq;
use crate::web::response::{self, Response};
use crate::web::session;

#[derive(Debug)]
struct SignOut {
    token: String,
    email: String,
}

pub fn get(request: &UserReq) -> Result<Response, Error> {
    Ok(request.ok(&SignOut {
        token: request.form_token(),
        email: request.user().email.clone(),
    }))
}

pub async fn post(request: UserReq) -> Result<Response, Error> {
    let cookie = request.session().cookie();
    request.app.pool.end_session(cookie).await?;
    let mut response = response::see_other("/");
    session::forget(&request.app, &mut response);
    Ok(response)
}

impl Page for SignOut {
    fn title(&self) -> Cow<'static, str> {
        "Sign out".into()
    }
}

impl Render for SignOut {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "Sign out" }
                form.panel method="post" action="/logout" {
                    p { "You are signed in as " strong { (self.email) } ". Your tickets are voted whether "
                        "you are signed in or not." }
                    (csrf_field(&self.token))
                    button type="submit" { "Sign out" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_takes_a_button() {
        let page = SignOut {
            token: "t".into(),
            email: "a@b.c".into(),
        };
        let html = page.render().into_string();
        assert!(html.contains("method=\"post\" action=\"/logout\"") && html.contains("a@b.c"));
    }
}
