//! A browser without eyes: keeps cookies, finds the form's token, follows nothing by itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use http::response::Parts;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::site::{Site, wait_for};
use crate::harness::secrets;

pub struct Browser {
    pub address: SocketAddr,
    pub cookies: BTreeMap<String, String>,
    /// Sent with every request.
    pub headers: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn location(&self) -> &str {
        self.header("location")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The token of the page's first form with that action.
    pub fn form_token(&self, action: &str) -> String {
        let form = self
            .body
            .split("<form")
            .find(|form| form.contains(&format!("action=\"{action}\"")))
            .unwrap_or_else(|| panic!("no form for {action} in {}", self.body));
        let value = form.split("name=\"csrf_token\" value=\"").nth(1);
        let token = value.and_then(|rest| rest.split('"').next());
        token.expect("form token").to_owned()
    }

    /// Fails with the page when a text is missing.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        assert!(self.body.contains(text), "no {text:?} in {self:#?}");
    }
}

pub fn encode(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

impl Browser {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            cookies: BTreeMap::new(),
            headers: Vec::new(),
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, String::new()).await
    }

    /// A form as it is, without a token.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, path, encode(fields)).await
    }

    /// Opens the page, fills its form in and sends it.
    pub async fn submit(&mut self, page: &str, fields: &[(&str, &str)]) -> Answer {
        let action = page.split('?').next().unwrap_or_default().to_owned();
        self.submit_to(page, &action, fields).await
    }

    pub async fn submit_to(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.get(page).await.form_token(action);
        let mut all = vec![("csrf_token", token.as_str())];
        all.extend_from_slice(fields);
        self.post(action, &all).await
    }

    pub async fn send(&mut self, method: Method, path: &str, body: String) -> Answer {
        let work = self.exchange(method, path, body);
        let (parts, body) = tokio::time::timeout(Duration::from_mins(1), work)
            .await
            .expect("an answer in time");
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).expect("text"),
        }
    }

    /// A file that is no text.
    pub async fn send_for_bytes(&mut self, path: &str) -> Bytes {
        self.exchange(Method::GET, path, String::new()).await.1
    }

    async fn exchange(&mut self, method: Method, path: &str, body: String) -> (Parts, Bytes) {
        let stream = TcpStream::connect(self.address).await.expect("connect");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("http");
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "pool.example.com");
        for (name, value) in form_urlencoded::parse(body.as_bytes()) {
            secrets::keep_field(&name, &value);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("cookie", pairs.join("; "));
        }
        for (name, value) in &self.headers {
            if *name == "authorization" {
                secrets::keep_authorization(value);
            }
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).expect("request");
        let response = sender.send_request(request).await.expect("response");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("body").to_bytes();
        self.keep_cookies(&parts.headers);
        (parts, body)
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for value in headers.get_all("set-cookie") {
            let value = value.to_str().expect("cookie");
            secrets::keep_cookie(value);
            let (pair, rest) = value.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("pair");
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The steps that most stories begin with.
impl Browser {
    pub async fn sign_up(&mut self, site: &Site, email: &str, password: &str) {
        let fields = [
            ("email", email),
            ("password", password),
            ("passwordrepeat", password),
        ];
        let link = || site.last_link(email, "/emailverify");
        let former = link();
        let answer = self.submit("/signup", &fields).await;
        assert_eq!(answer.status, 200, "{answer:#?}");
        let token = wait_for(|| link().filter(|link| Some(link) != former.as_ref())).await;
        let answer = self
            .submit(&format!("/emailverify?t={token}"), &[("t", &token)])
            .await;
        assert_eq!(answer.status, 200, "{answer:#?}");
    }

    pub async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        let fields = [("email", email), ("password", password)];
        self.submit("/signin", &fields).await
    }

    /// Signed up, verified and signed in.
    pub async fn new_user(site: &Site, email: &str) -> Self {
        let mut browser = site.browser();
        browser.sign_up(site, email, PASSWORD).await;
        let answer = browser.sign_in(email, PASSWORD).await;
        assert_eq!(
            (answer.status, answer.location()),
            (StatusCode::SEE_OTHER, "/address")
        );
        browser
    }

    /// The token that the settings page shows.
    pub async fn api_token(&mut self) -> String {
        let page = self.get("/settings").await;
        let token = page.body.split("<code class=\"copy\">").nth(1);
        let token = token.and_then(|rest| rest.split('<').next());
        token.expect("API token").to_owned()
    }
}

pub const PASSWORD: &str = "correct horse battery";

/// The API with a user's token.
pub struct Api(Browser);

impl Api {
    pub fn new(address: SocketAddr, token: &str) -> Self {
        let mut browser = Browser::new(address);
        browser
            .headers
            .push(("authorization", format!("Bearer {token}")));
        Self(browser)
    }

    pub async fn get(&mut self, command: &str) -> Answer {
        self.0.get(&format!("/api/v2/{command}")).await
    }

    pub async fn post(&mut self, command: &str, fields: &[(&str, &str)]) -> Answer {
        self.0.post(&format!("/api/v1/{command}"), fields).await
    }

    /// The whole line, as it must be.
    #[track_caller]
    pub fn check(answer: &Answer, expected: &str) {
        assert_eq!(answer.status, 200, "{answer:#?}");
        assert_eq!(
            answer.header("content-type"),
            "application/json; charset=utf-8"
        );
        assert_eq!(answer.body, format!("{expected}\n"));
    }
}
