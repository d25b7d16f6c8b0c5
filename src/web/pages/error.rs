//! The page of an error, and the last resort `/error`.

use std::borrow::Cow;

use maud::{DOCTYPE, Markup, Render, html};

use super::layout::Page;
use crate::web::error::Error;
use crate::web::request::AnonymousReq;
use crate::web::response::Response;

/// What happened, in words for the reader.
#[derive(Debug)]
pub struct ErrorPage {
    pub title: &'static str,
    pub text: String,
}

impl Render for ErrorPage {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { (self.title) }
                p { (self.text) }
                p.actions { a.button.quiet href="/" { "To the front page" } }
            }
        }
    }
}

impl Page for ErrorPage {
    fn title(&self) -> Cow<'static, str> {
        self.title.into()
    }
}

pub fn get(request: &AnonymousReq) -> Result<Response, Error> {
    let error = Error::internal("");
    Ok(request.ok(&ErrorPage {
        title: error.title,
        text: error.shown.to_string(),
    }))
}

/// Without the frame: for when nothing can be relied on.
pub fn bare_page(error: &Error) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (error.title) } }
            body { h1 { (error.title) } p { (error.shown) } p { a href="/" { "To the front page" } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_to_do() {
        let page = ErrorPage {
            title: "Page not found",
            text: "Nothing <here>.".into(),
        };
        let html = page.render().into_string();
        assert!(html.contains("<h1>Page not found</h1><p>Nothing &lt;here&gt;.</p>"));
        let html = bare_page(&Error::internal("cause")).into_string();
        assert!(html.starts_with("<!DOCTYPE html>") && !html.contains("cause"));
    }
}
