//! One table: method, path, who may, and how a form proves where it came from.
//!
//! | method | path | who | form |
//! |---|---|---|---|
//! | GET | / | anyone | |
//! | GET | /signup | anyone | |
//! | POST | /signup | anyone | token |
//! | POST | /signup/resend | anyone | token |
//! | GET | /register | bare | |
//! | GET | /signin | anyone | |
//! | POST | /signin | anyone | token |
//! | GET | /signin/code | anyone | |
//! | POST | /signin/code | anyone | token |
//! | GET | /login | bare | |
//! | GET | /logout | user | |
//! | POST | /logout | user | token |
//! | GET | /emailverify | anyone | |
//! | POST | /emailverify | anyone | token |
//! | GET | /emailupdate | anyone | |
//! | POST | /emailupdate | anyone | token |
//! | GET | /passwordreset | anyone | |
//! | POST | /passwordreset | anyone | token |
//! | GET | /passwordupdate | anyone | |
//! | POST | /passwordupdate | anyone | token |
//! | GET | /address | user | |
//! | POST | /address | user | token |
//! | GET | /address/manual | user | |
//! | GET | /address/script.txt | user | |
//! | GET | /address/script.json | user | |
//! | GET | /tickets | user | |
//! | GET | /tickets.csv | user | |
//! | GET | /tickets.json | user | |
//! | GET | /tickets/* | user | |
//! | GET | /voting | user | |
//! | POST | /voting | user | token |
//! | GET | /settings | user | |
//! | POST | /settings | user | token |
//! | GET | /settings/data.json | user | |
//! | GET | /settings/second-factor | user | |
//! | POST | /settings/second-factor | user | token |
//! | GET | /stats | anyone | |
//! | GET | /terms | anyone | |
//! | GET | /privacy | anyone | |
//! | GET | /status | watcher | |
//! | GET | /admintickets | admin | |
//! | POST | /admintickets | admin | token |
//! | GET | /admin/pool | admin | |
//! | POST | /admin/pool | admin | token |
//! | GET | /admin/users | admin | |
//! | POST | /admin/users | admin | token |
//! | GET | /admin/log | admin | |
//! | GET | /alertz | prober | |
//! | GET | /healthz | bare | |
//! | GET | /readyz | bare | |
//! | GET | /error | anyone | |
//! | GET | /robots.txt | bare | |
//! | GET | /favicon.ico | bare | |
//! | GET | /assets/* | bare | |
//! | GET | /captcha/* | bare | |
//! | GET | /events | bare | |
//! | GET | /api | anyone | |
//! | GET | /api/openapi.json | api | |
//! | GET | /api/v1/getpurchaseinfo | api user | |
//! | GET | /api/v2/getpurchaseinfo | api user | |
//! | POST | /api/v1/address | api user | bearer |
//! | POST | /api/v2/address | api user | bearer |
//! | POST | /api/v1/voting | api user | bearer |
//! | POST | /api/v2/voting | api user | bearer |
//! | GET | /api/v1/stats | api | |
//! | GET | /api/v2/stats | api | |
//!
//! *bare*: no session is looked up; *admin*: a listed user at a listed address, anybody else gets 401, and who
//! lacks a second factor that `web.admins_need_second_factor` asks for is led to turning it on;
//! *watcher*: an admin or the monitor's token; *prober*: an admin's address or the monitor's token. HEAD
//! is answered as GET. Other methods: 405 on pages, 404 under `/api/`.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use http::header::{ALLOW, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use hyper::body::{Body, Bytes};

use super::App;
use super::api::{self, ApiUserReq, Command};
use super::cookies::Cookie;
use super::csrf::Binding;
use super::error::Error;
use super::events;
use super::pages::{
    self, address, adminlog, adminpool, admintickets, adminusers, apipage, captcha, emailupdate,
    emailverify, files, home, legal, logout, passwordreset, passwordupdate, probes, redirects,
    secondfactor, settings, signin, signincode, signup, stats, status, tickets, voting,
};
use super::request::{
    AdminReq, AnonymousReq, Request, Standing, UserReq, WatcherReq, read_form, standing,
};
use super::response::{self, Response};
use super::session::Session;
use crate::pool::AsOf;

/// What a page's handler gives.
pub type Answer = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

/// An answer that waits for nothing.
fn now(answer: Result<Response, Error>) -> Answer {
    Box::pin(std::future::ready(answer))
}

/// Who may, and whom the handler so gets.
#[derive(Debug, Clone, Copy)]
pub enum Handler {
    Bare(fn(Request) -> Answer),
    Anyone(fn(AnonymousReq) -> Answer),
    User(fn(UserReq) -> Answer),
    Admin(fn(AdminReq) -> Answer),
    Watcher(fn(WatcherReq) -> Answer),
    Prober(fn(Request) -> Answer),
    Api(fn(Request) -> Answer),
    ApiUser(Command, fn(ApiUserReq) -> Answer),
}

/// How a request that changes something proves that its sender meant it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It changes nothing.
    None,
    /// The form's own token.
    Token,
    /// The API token, which no browser sends by itself.
    Bearer,
}

/// A row of the table.
#[derive(Debug)]
pub struct Route {
    pub post: bool,
    pub path: &'static str,
    pub handler: Handler,
    pub proof: Proof,
}

const fn get(path: &'static str, handler: Handler) -> Route {
    Route {
        post: false,
        path,
        handler,
        proof: Proof::None,
    }
}

const fn post(path: &'static str, handler: Handler) -> Route {
    let proof = match handler {
        Handler::ApiUser(..) => Proof::Bearer,
        _ => Proof::Token,
    };
    Route {
        post: true,
        path,
        handler,
        proof,
    }
}

use Handler::{Admin, Anyone, Api, ApiUser, Bare, Prober, User, Watcher};

/// All that the site answers.
pub static ROUTES: &[Route] = &[
    get("/", Anyone(|r| now(home::get(&r)))),
    get("/signup", Anyone(|r| now(signup::get(&r)))),
    post("/signup", Anyone(|r| Box::pin(signup::post(r)))),
    post("/signup/resend", Anyone(|r| Box::pin(signup::resend(r)))),
    get("/register", Bare(|r| now(redirects::register(&r)))),
    get("/signin", Anyone(|r| now(signin::get(&r)))),
    post("/signin", Anyone(|r| Box::pin(signin::post(r)))),
    get("/signin/code", Anyone(|r| Box::pin(signincode::get(r)))),
    post("/signin/code", Anyone(|r| Box::pin(signincode::post(r)))),
    get("/login", Bare(|r| now(redirects::login(&r)))),
    get("/logout", User(|r| now(logout::get(&r)))),
    post("/logout", User(|r| Box::pin(logout::post(r)))),
    get("/emailverify", Anyone(|r| now(emailverify::get(&r)))),
    post("/emailverify", Anyone(|r| Box::pin(emailverify::post(r)))),
    get("/emailupdate", Anyone(|r| now(emailupdate::get(&r)))),
    post("/emailupdate", Anyone(|r| Box::pin(emailupdate::post(r)))),
    get("/passwordreset", Anyone(|r| now(passwordreset::get(&r)))),
    post(
        "/passwordreset",
        Anyone(|r| Box::pin(passwordreset::post(r))),
    ),
    get("/passwordupdate", Anyone(|r| now(passwordupdate::get(&r)))),
    post(
        "/passwordupdate",
        Anyone(|r| Box::pin(passwordupdate::post(r))),
    ),
    get("/address", User(|r| Box::pin(address::get(r)))),
    post("/address", User(|r| Box::pin(address::post(r)))),
    get("/address/manual", User(|r| now(address::by_hand::get(&r)))),
    get(
        "/address/script.txt",
        User(|r| now(address::script_text(&r))),
    ),
    get(
        "/address/script.json",
        User(|r| now(address::script_json(&r))),
    ),
    get("/tickets", User(|r| Box::pin(tickets::get(r)))),
    get("/tickets.csv", User(|r| Box::pin(tickets::csv(r)))),
    get("/tickets.json", User(|r| Box::pin(tickets::json(r)))),
    get("/tickets/*", User(|r| Box::pin(tickets::story::get(r)))),
    get("/voting", User(|r| now(voting::get(&r)))),
    post("/voting", User(|r| Box::pin(voting::post(r)))),
    get("/settings", User(|r| Box::pin(settings::get(r)))),
    post("/settings", User(|r| Box::pin(settings::post(r)))),
    get("/settings/data.json", User(|r| Box::pin(settings::data(r)))),
    get(
        "/settings/second-factor",
        User(|r| Box::pin(secondfactor::get(r))),
    ),
    post(
        "/settings/second-factor",
        User(|r| Box::pin(secondfactor::post(r))),
    ),
    get("/stats", Anyone(|r| now(stats::get(&r)))),
    get("/terms", Anyone(|r| now(legal::terms(&r)))),
    get("/privacy", Anyone(|r| now(legal::privacy(&r)))),
    get("/status", Watcher(|r| Box::pin(status::get(r)))),
    get("/admintickets", Admin(|r| Box::pin(admintickets::get(r)))),
    post("/admintickets", Admin(|r| Box::pin(admintickets::post(r)))),
    get("/admin/pool", Admin(|r| now(adminpool::get(&r)))),
    post("/admin/pool", Admin(|r| Box::pin(adminpool::post(r)))),
    get("/admin/users", Admin(|r| Box::pin(adminusers::get(r)))),
    post("/admin/users", Admin(|r| Box::pin(adminusers::post(r)))),
    get("/admin/log", Admin(|r| Box::pin(adminlog::get(r)))),
    get("/alertz", Prober(|r| Box::pin(probes::alertz(r)))),
    get("/healthz", Bare(|r| now(probes::healthz(&r)))),
    get("/readyz", Bare(|r| Box::pin(probes::readyz(r)))),
    get("/error", Anyone(|r| now(pages::error::get(&r)))),
    get("/robots.txt", Bare(|r| now(files::robots(&r)))),
    get("/favicon.ico", Bare(|r| now(files::favicon(&r)))),
    get("/assets/*", Bare(|r| now(files::asset(&r)))),
    get("/captcha/*", Bare(|r| Box::pin(captcha::picture(r)))),
    get("/events", Bare(|r| now(events::get(&r)))),
    get("/api", Anyone(|r| now(apipage::get(&r)))),
    get("/api/openapi.json", Api(|r| now(api::openapi(&r)))),
    get("/api/v1/getpurchaseinfo", PURCHASE_INFO),
    get("/api/v2/getpurchaseinfo", PURCHASE_INFO),
    post("/api/v1/address", ADDRESS),
    post("/api/v2/address", ADDRESS),
    post("/api/v1/voting", VOTING),
    post("/api/v2/voting", VOTING),
    get("/api/v1/stats", STATS),
    get("/api/v2/stats", STATS),
];

// Both versions answer all commands alike.
const PURCHASE_INFO: Handler = ApiUser(Command::PurchaseInfo, |r| now(api::purchase_info(&r)));
const ADDRESS: Handler = ApiUser(Command::Address, |r| Box::pin(api::address(r)));
const VOTING: Handler = ApiUser(Command::Voting, |r| Box::pin(api::voting(r)));
const STATS: Handler = Api(|r| now(api::stats(&r)));

impl Route {
    /// What the path holds beyond this route's own; `None`: it is not this route's.
    fn rest<'a>(&self, path: &'a str) -> Option<&'a str> {
        match self.path.strip_suffix('*') {
            Some(prefix) => path.strip_prefix(prefix),
            None => (path == self.path).then_some(""),
        }
    }

    fn method(&self) -> &'static str {
        if self.post { "POST" } else { "GET, HEAD" }
    }
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}

fn find<'a>(method: &Method, path: &'a str) -> Result<(&'static Route, &'a str), Error> {
    let post = method == Method::POST;
    let served = post || method == Method::GET || method == Method::HEAD;
    let mut others = Vec::new();
    for route in ROUTES {
        if let Some(rest) = route.rest(path) {
            if served && route.post == post {
                return Ok((route, rest));
            }
            others.push(route.method());
        }
    }
    Err(if others.is_empty() {
        Error::not_found()
    } else {
        Error::method_not_allowed(others.join(", "))
    })
}

/// Answers a request, with an error page if need be.
pub async fn answer<B>(app: &Arc<App>, client: Option<IpAddr>, parts: Parts, body: B) -> Response
where
    B: Body<Data = Bytes>,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let path = parts.uri.path();
    let found = find(&parts.method, path);
    if is_api(path) {
        return match found {
            Ok((route, _)) => api_answer(app, client, route, &parts, body).await,
            Err(_) => api::unknown(),
        };
    }
    let bare = matches!(found, Ok((route, _)) if matches!(route.handler, Bare(_) | Prober(_)));
    // Without the database pages that need no user are still there.
    let (session, trouble) = if bare {
        (None, None)
    } else {
        match Session::load(app, &parts.headers, as_of(&parts.method)).await {
            Ok(session) => (session, None),
            Err(error) => (None, Some(error)),
        }
    };
    let binding = Arc::new(binding(app, &parts.headers, session.as_ref()));
    let here = found.as_ref().map_or("", |(route, _)| route.path);
    let mut frame = app.frame(here, session.as_ref(), &binding);
    frame.admin = standing(app, client, session.as_ref()) != Standing::None;
    let result = match found {
        Ok((route, rest)) => {
            let mut request =
                Request::new(app.clone(), client, &parts, binding.clone(), frame.clone());
            rest.clone_into(&mut request.rest);
            run(route, request, session, trouble, &parts.headers, body).await
        }
        Err(error) => Err(error),
    };
    let mut response = result.unwrap_or_else(|error| error_page(&error, &frame));
    let cookie = binding
        .cookie_to_set()
        .and_then(|value| Cookie::Guest.set(value, app.settings.cookie_secure));
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Who only reads may do so as somebody who had the right a moment ago.
fn as_of(method: &Method) -> AsOf {
    if method == Method::GET || method == Method::HEAD {
        AsOf::Lately
    } else {
        AsOf::Now
    }
}

fn binding(app: &App, headers: &HeaderMap, session: Option<&Session>) -> Binding {
    match session {
        Some(session) => Binding::of_session(session.cookie().to_owned()),
        None => Binding::of_guest(headers, app.settings.cookie_secure),
    }
}

async fn run<B>(
    route: &Route,
    mut request: Request,
    session: Option<Session>,
    trouble: Option<Error>,
    headers: &HeaderMap,
    body: B,
) -> Result<Response, Error>
where
    B: Body<Data = Bytes>,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    if route.post {
        request.form = read_form(headers, body).await?;
    }
    let user_needed = matches!(route.handler, User(_) | Admin(_) | Watcher(_));
    if let (true, Some(trouble)) = (user_needed, trouble) {
        return Err(trouble);
    }
    if matches!(route.handler, User(_)) && session.is_none() {
        return Ok(response::see_other("/signin"));
    }
    let operator = match route.handler {
        Admin(_) => true,
        Watcher(_) => !request.has_monitor_token(),
        _ => false,
    };
    match standing(&request.app, request.client, session.as_ref()) {
        Standing::LacksSecondFactor if operator => {
            return Ok(response::see_other("/settings/second-factor"));
        }
        Standing::None if matches!(route.handler, Admin(_)) => return Err(Error::unauthorized()),
        _ => {}
    }
    if route.proof == Proof::Token && (is_cross_site(headers) || !request.form_token_is_good()) {
        return Err(Error::bad_form_token());
    }
    match route.handler {
        Bare(handler) => handler(request).await,
        Anyone(handler) => handler(AnonymousReq::new(request, session)).await,
        User(handler) => match UserReq::prove(AnonymousReq::new(request, session)) {
            Some(user) => handler(user).await,
            None => Ok(response::see_other("/signin")),
        },
        Admin(handler) => match AdminReq::prove(AnonymousReq::new(request, session)) {
            Some(admin) => handler(admin).await,
            None => Err(Error::unauthorized()),
        },
        Watcher(handler) => handler(WatcherReq::prove(AnonymousReq::new(request, session))?).await,
        Prober(handler) => handler(WatcherReq::prove_without_session(request)?).await,
        Api(_) | ApiUser(..) => Err(Error::not_found()),
    }
}

/// What browsers say of themselves; the token is what counts.
fn is_cross_site(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site")
}

async fn api_answer<B>(
    app: &Arc<App>,
    client: Option<IpAddr>,
    route: &Route,
    parts: &Parts,
    body: B,
) -> Response
where
    B: Body<Data = Bytes>,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let binding = Arc::new(Binding::of_guest(&HeaderMap::new(), false));
    let frame = app.frame(route.path, None, &binding);
    let mut request = Request::new(app.clone(), client, parts, binding, frame);
    let result = async {
        if route.post {
            request.form = read_form(&parts.headers, body).await?;
        }
        let as_of = as_of(&parts.method);
        match route.handler {
            Api(handler) => handler(request).await,
            ApiUser(command, handler) => match api::authenticate(command, request, as_of).await {
                Ok(request) => handler(request).await,
                Err(refusal) => Ok(refusal),
            },
            _ => Ok(api::unknown()),
        }
    };
    result
        .await
        .unwrap_or_else(|error| api::failed(route.path, &error))
}

/// What may help after a refusal.
fn next_step(
    status: StatusCode,
    frame: &pages::layout::Frame,
) -> Option<(&'static str, &'static str)> {
    let is_page = |route: &Route| !route.post && route.path == frame.here;
    match status {
        StatusCode::UNAUTHORIZED if frame.user.is_none() => Some(("/signin", "Sign in")),
        StatusCode::SERVICE_UNAVAILABLE if ROUTES.iter().any(is_page) => {
            Some((frame.here, "Try again"))
        }
        _ => None,
    }
}

/// The page of an error, which is also where it is logged.
fn error_page(error: &Error, frame: &pages::layout::Frame) -> Response {
    log(error);
    let page = pages::error::ErrorPage {
        title: error.title,
        text: error.shown.to_string(),
        next: next_step(error.status, frame),
    };
    let mut response = response::html(
        error.status,
        pages::layout::render(frame, &page).into_string(),
    );
    if let Some(allow) = error.allow.as_ref().and_then(|allow| allow.parse().ok()) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response::retry_after(&mut response, error.retry_after);
    response
}

/// Failures are logged once, here; refusals are in the request's own line.
pub fn log(error: &Error) {
    if let Some(cause) = &error.logged {
        tracing::error!(http.status = error.status.as_u16(), "{cause}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(handler: Handler) -> &'static str {
        match handler {
            Bare(_) => "bare",
            Anyone(_) => "anyone",
            User(_) => "user",
            Admin(_) => "admin",
            Watcher(_) => "watcher",
            Prober(_) => "prober",
            Api(_) => "api",
            ApiUser(..) => "api user",
        }
    }

    #[test]
    fn every_form_is_guarded_by_its_token_and_every_api_post_by_the_users() {
        for route in ROUTES.iter().filter(|route| route.post) {
            let api = is_api(route.path);
            let expected = if api { Proof::Bearer } else { Proof::Token };
            assert_eq!(route.proof, expected, "{}", route.path);
            assert_eq!(api, matches!(route.handler, ApiUser(..)), "{}", route.path);
        }
        for route in ROUTES.iter().filter(|route| !route.post) {
            assert_eq!(route.proof, Proof::None, "{}", route.path);
        }
    }

    #[test]
    fn the_table_in_the_documentation_is_the_table() {
        let listed: Vec<&str> = include_str!("router.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! | "))
            .skip(1)
            .collect();
        let real: Vec<String> = ROUTES
            .iter()
            .map(|route| {
                let method = if route.post { "POST" } else { "GET" };
                let proof = match route.proof {
                    Proof::None => "|",
                    Proof::Token => "token |",
                    Proof::Bearer => "bearer |",
                };
                format!(
                    "{method} | {} | {} | {proof}",
                    route.path,
                    who(route.handler)
                )
            })
            .collect();
        assert_eq!(listed, real);
    }

    #[test]
    fn no_path_is_listed_twice() {
        let mut seen = std::collections::HashSet::new();
        for route in ROUTES {
            assert!(seen.insert((route.post, route.path)), "{}", route.path);
        }
    }

    #[test]
    fn unknown_paths_and_methods_are_told_apart() {
        let (route, rest) = find(&Method::HEAD, "/assets/a/b.css").unwrap();
        assert_eq!((route.path, rest), ("/assets/*", "a/b.css"));
        let error = find(&Method::DELETE, "/signin").unwrap_err();
        assert_eq!(error.allow.as_deref(), Some("GET, HEAD, POST"));
        let error = find(&Method::GET, "/signup/resend").unwrap_err();
        assert_eq!(error.allow.as_deref(), Some("POST"));
        assert!(find(&Method::GET, "/signin/").unwrap_err().allow.is_none());
    }
}
