//! `/signin/code`: the second half of signing in, for a browser that gave the right password. Before it is done
//! there is no session.

use std::borrow::Cow;

use http::StatusCode;
use maud::{Markup, Render, html};

use super::components::{code_field, csrf_field, problem};
use super::layout::Page;
use super::signin::signed_in;
use super::signup::sentence;
use crate::pool::SecondSignInError;
use crate::web::error::Error;
use crate::web::request::AnonymousReq;
use crate::web::response::{self, Response};
use crate::web::session;

#[derive(Debug)]
struct SignInCode {
    token: String,
    problem: Option<String>,
    /// Of the operator, for who lost everything.
    email: String,
}

pub async fn get(request: AnonymousReq) -> Result<Response, Error> {
    match &request.half_sign_in {
        None => Ok(response::see_other("/signin")),
        Some(half) if request.app.pool.owes_code(half.expose()).await? => {
            Ok(request.ok(&page(&request, None)))
        }
        Some(_) => Ok(late(&request)),
    }
}

pub async fn post(request: AnonymousReq) -> Result<Response, Error> {
    let Some(half) = &request.half_sign_in else {
        return Ok(response::see_other("/signin"));
    };
    let (pool, typed) = (&request.app.pool, request.form.text("code"));
    let signed = pool
        .complete_sign_in(half.expose(), typed, request.client)
        .await;
    match signed {
        Ok(user) => {
            let mut response = signed_in(&request, user).await?;
            session::forget_half(&request.app, &mut response);
            Ok(response)
        }
        Err(SecondSignInError::Over) => Ok(late(&request)),
        Err(SecondSignInError::WrongCode) => {
            let wrong = sentence(&SecondSignInError::WrongCode.to_string());
            let page = page(&request, Some(wrong));
            Ok(request.page(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(SecondSignInError::Limit(error)) => Err(error.into()),
        Err(SecondSignInError::Pool(error)) => Err(error.into()),
    }
}

fn late(request: &AnonymousReq) -> Response {
    let mut response = response::see_other("/signin?late");
    session::forget_half(&request.app, &mut response);
    response
}

fn page(request: &AnonymousReq, problem: Option<String>) -> SignInCode {
    SignInCode {
        token: request.form_token(),
        problem,
        email: request.app.pool.settings().email.clone(),
    }
}

impl Page for SignInCode {
    fn title(&self) -> Cow<'static, str> {
        "Code".into()
    }
}

impl Render for SignInCode {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "One more thing" }
                (problem(self.problem.as_deref()))
                form.panel method="post" action="/signin/code" {
                    (csrf_field(&self.token))
                    p { "Your password is right. Now open the app on your phone, and type the six digits that it "
                        "shows for this pool." }
                    (code_field("code"))
                    button type="submit" { "Sign in" }
                }
                p { "No phone at hand? One of your recovery codes will do, each once." }
                p { "Neither? "
                    @if self.email.is_empty() { "Ask the operator of the pool to reset your second factor." }
                    @else { "Write to " a href={ "mailto:" (self.email) } { (self.email) }
                        ": the operator can reset your second factor." } }
                p { a href="/signin" { "Sign in as somebody else" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_know_the_field() {
        let html = SignInCode {
            token: "t0ken".into(),
            problem: Some("Wrong.".into()),
            email: "op@example.com".into(),
        }
        .render()
        .into_string();
        for text in [
            "name=\"code\"",
            "autocomplete=\"one-time-code\"",
            "value=\"t0ken\"",
            "role=\"alert\"",
            "mailto:op@example.com",
        ] {
            assert!(html.contains(text), "{text}");
        }
    }
}
