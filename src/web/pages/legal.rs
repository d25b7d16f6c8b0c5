//! `/terms` and `/privacy`: the operator's own texts, where there are any.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, Render, html};

use super::layout::Page;
use crate::web::error::Error;
use crate::web::request::AnonymousReq;
use crate::web::response::{self, Response};

#[derive(Debug)]
struct Legal {
    title: &'static str,
    /// Markup that the operator wrote: trusted, though it can run no script here.
    text: String,
}

pub fn terms(request: &AnonymousReq) -> Result<Response, Error> {
    page(request, "Terms of use", request.app.look().terms.as_ref())
}

pub fn privacy(request: &AnonymousReq) -> Result<Response, Error> {
    page(request, "Privacy", request.app.look().privacy.as_ref())
}

fn page(
    request: &AnonymousReq,
    title: &'static str,
    text: Option<&String>,
) -> Result<Response, Error> {
    let text = text.cloned().ok_or_else(Error::not_found)?;
    let response = request.ok(&Legal { title, text });
    Ok(if request.user().is_some() {
        response
    } else {
        response::revalidated(response)
    })
}

impl Page for Legal {
    fn title(&self) -> Cow<'static, str> {
        self.title.into()
    }
}

impl Render for Legal {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                // A text with a heading of its own needs no second one.
                @if !self.text.contains("<h1") { h1 { (self.title) } }
                (PreEscaped(&self.text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_as_it_was_written_below_one_heading() {
        let html = |text: &str| {
            Legal {
                title: "Privacy",
                text: text.into(),
            }
            .render()
            .into_string()
        };
        assert!(html("<p>We keep little.</p>").contains("<h1>Privacy</h1><p>We keep little.</p>"));
        assert_eq!(html("<h1>Datenschutz</h1>").matches("<h1").count(), 1);
    }
}
