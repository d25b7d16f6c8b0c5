//! The picture with letters that a person copies, in forms that programs like to fill in.

use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use maud::{Markup, html};

use crate::web::captcha::{ANSWER, CHALLENGE, Solved};
use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::{self, Response};

/// What to say of a wrong answer.
pub const WRONG: &str = "These are not the letters of the picture. Here is another one.";

/// A new one for a form; `None` where nobody is asked.
#[derive(Debug)]
pub struct Challenge {
    challenge: String,
    /// For those who cannot read it.
    email: String,
}

impl Challenge {
    pub fn new(request: &Request) -> Option<Self> {
        let captchas = request.app.captchas.as_ref()?;
        Some(Self {
            challenge: captchas.challenge(request.app.clock.unix_seconds()),
            email: request.app.pool.settings().email.clone(),
        })
    }
}

/// Whether the form's answer is right, or nobody is asked. A right one counts once.
pub async fn passed(request: &Request) -> Result<bool, Error> {
    let Some(captchas) = &request.app.captchas else {
        return Ok(true);
    };
    let (challenge, answer) = (request.form.text(CHALLENGE), request.form.text(ANSWER));
    let now = request.app.clock.unix_seconds();
    match captchas.check(challenge, answer, now) {
        Some(Solved(id)) => Ok(request.app.pool.use_captcha(&id).await?),
        None => Ok(false),
    }
}

/// `/captcha/CHALLENGE.png`
pub async fn picture(request: Request) -> Result<Response, Error> {
    let challenge = request.rest.strip_suffix(".png");
    let (Some(captchas), Some(challenge)) = (&request.app.captchas, challenge) else {
        return Err(Error::not_found());
    };
    let now = request.app.clock.unix_seconds();
    let picture = captchas.picture(challenge, now).await;
    let picture = picture.ok_or_else(Error::not_found)?;
    let kind = HeaderValue::from_static("image/png");
    let mut response = response::with_type(StatusCode::OK, kind, picture);
    response::set(&mut response, CACHE_CONTROL, "no-store");
    Ok(response)
}

/// The fields of a form.
pub fn field(challenge: Option<&Challenge>) -> Markup {
    html! {
        @if let Some(Challenge { challenge, email }) = challenge {
            label for=(ANSWER) { "The five letters in the picture" }
            img.captcha src={ "/captcha/" (challenge) ".png" } width="220" height="100"
                alt="Five letters that only a person can read";
            input id=(ANSWER) type="text" name=(ANSWER) required maxlength="12" autocomplete="off"
                autocapitalize="none" spellcheck="false";
            p.hint { "Small or capital letters, as you like. Hard to read? Load the page again for others. "
                "Cannot see pictures? Write to " a href={ "mailto:" (email) } { (email) } "." }
            input type="hidden" name=(CHALLENGE) value=(challenge);
        }
    }
}
