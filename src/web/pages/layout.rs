//! The frame around every page, drawn once.

use std::borrow::Cow;
use std::sync::Arc;

use maud::{DOCTYPE, Markup, Render, html};

use super::components::{csrf_field, notice};
use super::icons::{Icon, icon};
use crate::decred::Network;
use crate::web::App;
use crate::web::csrf::Binding;
use crate::web::kept::Basis;
use crate::web::session::Session;

/// What stands in the frame.
pub trait Page: Render {
    /// For the browser's tab.
    fn title(&self) -> Cow<'static, str>;
}

/// What is the same on all pages.
#[derive(Debug, Default)]
pub struct Site {
    pub name: String,
    pub email: String,
    /// The operator's own site; empty: none.
    pub link: String,
    /// Shown unless it is the main network.
    pub network: Option<&'static str>,
    pub stylesheet: String,
    pub script: String,
    pub icon: String,
    /// Whether there are such pages.
    pub terms: bool,
    pub privacy: bool,
}

/// Who looks, and at which page.
#[derive(Debug, Clone)]
pub struct Frame {
    pub site: Arc<Site>,
    /// What the operator says to everybody; empty: nothing.
    pub notice: String,
    pub here: &'static str,
    /// The e-mail address and a token for the sign-out button.
    pub user: Option<(String, String)>,
    /// An operator looks.
    pub admin: bool,
}

impl Basis for Frame {
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.site, &other.site)
            && self.here == other.here
            && self.notice == other.notice
            && self.user == other.user
            && self.admin == other.admin
    }
}

impl App {
    /// The parts of the frame that need the configuration.
    pub(in crate::web) fn frame(
        &self,
        here: &'static str,
        session: Option<&Session>,
        binding: &Binding,
    ) -> Frame {
        Frame {
            site: self.look().site.clone(),
            notice: self.pool.sign().notice.clone(),
            here,
            user: session.map(|session| (session.user.email.clone(), binding.token(&self.csrf))),
            admin: false,
        }
    }
}

impl Site {
    pub fn new(settings: &crate::pool::Settings, assets: &crate::web::assets::Assets) -> Self {
        Self {
            name: settings.name.clone(),
            email: settings.email.clone(),
            link: settings.link.clone(),
            network: (settings.network != Network::Mainnet).then_some(settings.params().name),
            stylesheet: assets.url("style.css"),
            script: assets.url("site.js"),
            icon: assets.url("icon.svg"),
            terms: false,
            privacy: false,
        }
    }
}

/// The whole document.
pub fn render(frame: &Frame, page: &impl Page) -> Markup {
    let site = &frame.site;
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(site, &page.title()))
            body {
                a.skip href="#content" { "Skip to content" }
                (header(frame))
                @if frame.admin { (operators(frame)) }
                @if !frame.notice.is_empty() {
                    div.wide { (notice("warn", &frame.notice)) }
                }
                main #content tabindex="-1" { (page) }
                (footer(site))
            }
        }
    }
}

fn head(site: &Site, title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) @if !site.name.is_empty() { " · " (site.name) } }
            link rel="stylesheet" href=(site.stylesheet);
            script src=(site.script) defer {}
            link rel="icon" type="image/svg+xml" href=(site.icon);
        }
    }
}

fn header(frame: &Frame) -> Markup {
    let site = &frame.site;
    html! {
        header.top {
            a.brand href="/" {
                img src=(site.icon) alt="" width="32" height="32";
                span { (site.name) }
            }
            @if let Some(network) = site.network {
                span.badge.net title="Not the main network: coins here have no value" { (network) }
            }
            nav aria-label="Main" {
                @if frame.user.is_some() {
                    (link(frame, "/tickets", Some(Icon::Ticket), "Tickets"))
                    (link(frame, "/address", Some(Icon::Key), "Address"))
                    (link(frame, "/voting", Some(Icon::Ballot), "Voting"))
                    (link(frame, "/stats", Some(Icon::Chart), "Statistics"))
                    (link(frame, "/settings", Some(Icon::Gear), "Settings"))
                } @else {
                    (link(frame, "/stats", None, "Statistics"))
                    (link(frame, "/signin", None, "Sign in"))
                    a.button.small href="/signup" { "Sign up" }
                }
            }
            @if let Some((email, token)) = &frame.user {
                form.inline.leave method="post" action="/logout" {
                    (csrf_field(token))
                    button.link type="submit" title={ "Signed in as " (email) } {
                        (icon(Icon::Leave)) "Sign out"
                    }
                }
            }
        }
    }
}

/// The pages of those who run the pool, apart from their own tickets.
fn operators(frame: &Frame) -> Markup {
    html! {
        nav.operators aria-label="Operators" {
            (link(frame, "/status", None, "Status"))
            (link(frame, "/admintickets", None, "Low fees"))
            (link(frame, "/admin/users", None, "Users"))
            (link(frame, "/admin/pool", None, "Notice"))
            (link(frame, "/admin/log", None, "Log"))
        }
    }
}

/// A page's link; on a phone its drawing stands above the word.
fn link(frame: &Frame, path: &'static str, drawing: Option<Icon>, text: &str) -> Markup {
    let current = match frame.here.strip_prefix(path) {
        Some("") => Some("page"),
        Some(below) if below.starts_with('/') && path != "/" => Some("true"),
        _ => None,
    };
    html! {
        a href=(path) aria-current=[current] {
            @if let Some(drawing) = drawing { (icon(drawing)) }
            (text)
        }
    }
}

fn footer(site: &Site) -> Markup {
    html! {
        footer {
            div.wide {
                p { "The pool votes with your tickets. It can never spend them." }
                p {
                    a href="/stats" { "Statistics" } " · "
                    @if site.terms { a href="/terms" { "Terms" } " · " }
                    @if site.privacy { a href="/privacy" { "Privacy" } " · " }
                    @if !site.email.is_empty() {
                        a href={ "mailto:" (site.email) } { (site.email) } " · "
                    }
                    @if !site.link.is_empty() {
                        a href=(site.link) rel="noopener" { (site.link) } " · "
                    }
                    "dcrstakepool " (env!("CARGO_PKG_VERSION"))
                }
            }
        }
    }
}

#[cfg(test)]
pub(in crate::web::pages) mod tests {
    use super::*;
    use crate::web::assets::Assets;

    /// What a page may weigh with all that it needs.
    const MAX_BYTES: usize = 60_000;

    /// Fails when the page, in an operator's frame, with style and script is too heavy for a slow line.
    #[track_caller]
    pub fn assert_light(page: &impl Page) {
        let mut frame = frame(Some(("a@b.c".into(), "t".repeat(86))));
        frame.admin = true;
        let assets = Assets::load();
        let files = ["style.css", "site.js"].map(|name| assets.by_name(name).unwrap().bytes.len());
        let html = render(&frame, page).into_string().len();
        let all = html + files.iter().sum::<usize>();
        assert!(all <= MAX_BYTES, "{html} with {files:?} are {all} bytes");
    }

    struct Probe;

    impl Render for Probe {
        fn render(&self) -> Markup {
            html! { p { "<inside>" } }
        }
    }

    impl Page for Probe {
        fn title(&self) -> Cow<'static, str> {
            "Probe".into()
        }
    }

    fn frame(user: Option<(String, String)>) -> Frame {
        let site = Site {
            name: "A & B".into(),
            network: Some("simnet"),
            ..Site::default()
        };
        Frame {
            site: Arc::new(site),
            notice: "Maintenance <tonight>".into(),
            here: "/tickets",
            user,
            admin: false,
        }
    }

    #[test]
    fn guests_are_asked_in() {
        let html = render(&frame(None), &Probe).into_string();
        assert!(html.contains("<title>Probe · A &amp; B</title>"));
        assert!(html.contains("Maintenance &lt;tonight&gt;"));
        assert!(html.contains("&lt;inside&gt;"));
        assert!(html.contains("href=\"/signup\"") && html.contains("simnet"));
        assert!(!html.contains("/logout") && !html.contains("/settings"));
        assert!(!html.contains("/terms") && !html.contains("/privacy"));
    }

    #[test]
    fn an_operators_texts_are_linked() {
        let mut frame = frame(None);
        frame.site = Arc::new(Site {
            terms: true,
            ..Site::default()
        });
        let html = render(&frame, &Probe).into_string();
        assert!(html.contains("href=\"/terms\"") && !html.contains("/privacy"));
    }

    #[test]
    fn users_can_leave() {
        let html = render(&frame(Some(("a@b.c".into(), "token".into()))), &Probe).into_string();
        assert!(html.contains("action=\"/logout\""));
        assert!(html.contains("name=\"csrf_token\" value=\"token\""));
        assert!(html.contains("<a href=\"/tickets\" aria-current=\"page\">"));
        assert!(!html.contains("/signup") && !html.contains("/admin"));
    }

    #[test]
    fn operators_see_their_pages() {
        let mut frame = frame(Some(("a@b.c".into(), "token".into())));
        frame.admin = true;
        let html = render(&frame, &Probe).into_string();
        for page in [
            "/status",
            "/admintickets",
            "/admin/users",
            "/admin/pool",
            "/admin/log",
        ] {
            assert!(html.contains(&format!("href=\"{page}\"")), "{page}");
        }
    }
}
