//! The page of an error, and the last resort `/error`.

use std::borrow::Cow;

use maud::{DOCTYPE, Markup, Render, html};

use super::layout::{Page, Site};
use crate::web::error::Error;
use crate::web::request::AnonymousReq;
use crate::web::response::Response;

/// What happened, in words for the reader.
#[derive(Debug)]
pub struct ErrorPage {
    pub title: &'static str,
    pub text: String,
    /// Where to go before all, and the words of the button.
    pub next: Option<(&'static str, &'static str)>,
}

impl Render for ErrorPage {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { (self.title) }
                p { (self.text) }
                p.actions {
                    @if let Some((path, words)) = self.next { a.button href=(path) { (words) } }
                    a.button.quiet href="/" { "To the front page" }
                }
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
        next: None,
    }))
}

/// Without the frame: for when nothing can be relied on. It reads well without its style, too.
pub fn bare_page(error: &Error, site: &Site) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (error.title) }
                link rel="stylesheet" href=(site.stylesheet);
                link rel="icon" type="image/svg+xml" href=(site.icon);
            }
            body {
                main {
                    (ErrorPage { title: error.title, text: error.shown.to_string(), next: None })
                }
            }
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
            next: Some(("/signin", "Sign in")),
        };
        let html = page.render().into_string();
        assert!(html.contains("<h1>Page not found</h1><p>Nothing &lt;here&gt;.</p>"));
        assert!(html.contains("href=\"/signin\">Sign in<"));
        let html = bare_page(&Error::internal("cause"), &Site::default()).into_string();
        assert!(html.starts_with("<!DOCTYPE html>") && !html.contains("cause"));
    }
}
