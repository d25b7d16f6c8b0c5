//! Requests that mean harm: at the wire, in headers, in every field of every form.

use std::time::Duration;

use dcrstakepool::web::router::{Handler, Proof, ROUTES};
use http::{Method, StatusCode};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::browser::{Answer, Browser, PASSWORD, encode};
use super::site::{Site, user_address};

/// How long the site may take to leave a client.
const PATIENCE: Duration = Duration::from_mins(2);

/// Sends bytes, reads all that comes back until the site closes.
async fn exchange(site: &Site, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer);
    let end = tokio::time::timeout(PATIENCE, end).await;
    // A reset after the answer is an end, too.
    let _ = end.expect("the site closes");
    String::from_utf8_lossy(&answer).into_owned()
}

/// What an attacker would have taken for a request of its own.
const HIDDEN: &str = "GET /robots.txt HTTP/1.1\r\nhost: x\r\n\r\n";

fn statuses(answers: &str) -> Vec<&str> {
    let parts = answers.split("HTTP/1.1 ").skip(1);
    parts.filter_map(|part| part.get(..3)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_cannot_hide_another() {
    let site = Site::start().await;
    let hidden = HIDDEN;
    // Both lengths: the chunks count, and the connection ends, so what follows is no request.
    let lengths = ["content-length: 5", "transfer-encoding: chunked"];
    for [first, second] in [lengths, [lengths[1], lengths[0]]] {
        let both = format!(
            "POST /signin HTTP/1.1\r\nhost: x\r\n{first}\r\n{second}\r\n\r\n0\r\n\r\n{hidden}"
        );
        let answer = exchange(&site, both.as_bytes()).await;
        assert_eq!(statuses(&answer), ["403"], "{answer}");
    }
    for head in [
        "content-length: 4\r\ncontent-length: 5",
        "content-length: 4, 5",
        "content-length: +4",
        "content-length: 0x4",
        "content-length: -1",
        "content-length : 4",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: xchunked",
        "transfer-encoding : chunked",
        " transfer-encoding: chunked",
        "x: a\r\n folded: b",
        "x: a\r\n\tfolded",
        "x: a\0b",
        "x: a\rb",
        "x\0: a",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n folded",
    ] {
        let request = format!("POST /signin HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\nabcd{hidden}");
        let answer = exchange(&site, request.as_bytes()).await;
        assert_eq!(statuses(&answer), ["400"], "{head:?}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_not_whole_hides_nothing() {
    let site = Site::start().await;
    let hidden = HIDDEN;
    // Chunks whose lines end by a line feed alone, or whose sizes are none.
    for chunks in [
        "4\nabcd\n0\n\n",
        "4 \nabcd",
        "-1\r\nabcd",
        "ffffffffffffffffff\r\nabcd",
        "z\r\n",
    ] {
        let request = format!(
            "POST /signin HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{chunks}{hidden}"
        );
        let answer = exchange(&site, request.as_bytes()).await;
        assert_eq!(statuses(&answer), ["400"], "{chunks:?}: {answer}");
    }
    // A body that nobody asked for is skipped, not read as a request.
    let body = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{hidden}\
         GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        hidden.len()
    );
    let answer = exchange(&site, body.as_bytes()).await;
    assert_eq!(statuses(&answer), ["200", "404"], "{answer}");
    site.browser().get("/").await.shows("stake pool");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_silent_connections_do_not_stop_the_site() {
    // The site inherits it.
    rlimit::increase_nofile_limit(8192).unwrap();
    let site = Site::start().await;
    let mut silent = Vec::new();
    for number in 0..1000 {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        // A third says nothing, a third stops in the head, a third in the body.
        let said: &[u8] = match number % 3 {
            0 => b"",
            1 => b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ",
            _ => b"POST /signin HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nemail=",
        };
        stream.write_all(said).await.unwrap();
        silent.push(stream);
    }
    let mut browser = site.browser();
    for path in ["/", "/signin", "/stats", "/healthz", "/readyz"] {
        assert_eq!(browser.get(path).await.status, StatusCode::OK, "{path}");
    }
    // They are the ones that are left.
    for mut stream in silent.into_iter().step_by(100) {
        let mut answer = Vec::new();
        let end = stream.read_to_end(&mut answer);
        let ended = tokio::time::timeout(PATIENCE, end).await;
        assert!(ended.is_ok(), "never dropped");
    }
}

/// Every row of the table for a guest and for a user, the answers that refuse among them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_with_the_headers_that_protect_and_no_form_without_its_token() {
    let site = Site::start().await;
    let mut user = Browser::new_user(&site, "kim@example.com").await;
    let mut guest = site.browser();
    for (signed_in, browser) in [(false, &mut guest), (true, &mut user)] {
        for route in ROUTES {
            let path = route.path.replace('*', "none");
            let method = if route.post {
                Method::POST
            } else {
                Method::HEAD
            };
            let body = if route.post { "a=b" } else { "" };
            let answer = browser.send(method, &path, body.to_owned()).await;
            is_guarded(&answer, &path);
            if route.proof == Proof::Token {
                let expected = match route.handler {
                    Handler::Admin(_) if !signed_in => StatusCode::UNAUTHORIZED,
                    Handler::User(_) if !signed_in => StatusCode::SEE_OTHER,
                    _ => StatusCode::FORBIDDEN,
                };
                assert_eq!(answer.status, expected, "{path}");
            }
        }
    }
    for path in ["/nothing", "/api/none", "/api/v9/stats"] {
        is_guarded(&guest.get(path).await, path);
    }
}

#[track_caller]
fn is_guarded(answer: &Answer, path: &str) {
    assert!(!answer.status.is_server_error(), "{path}: {answer:#?}");
    let policy = answer.header("content-security-policy");
    for rule in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(rule), "{path}: {policy}");
    }
    assert!(
        !policy.contains("unsafe") && !policy.contains("http"),
        "{path}: {policy}"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{path}");
    }
    assert!(!answer.header("cache-control").is_empty(), "{path}");
    assert_eq!(answer.header("server"), "", "{path}");
    for cookie in answer.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        assert!(
            cookie.contains("HttpOnly; SameSite=Lax"),
            "{path}: {cookie}"
        );
    }
    leads_nowhere_else(answer);
}

#[track_caller]
fn leads_nowhere_else(answer: &Answer) {
    let location = answer.location();
    assert!(
        location.is_empty()
            || (location.starts_with('/') && !location[1..].starts_with(['/', '\\'])),
        "{location}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_address_leads_to_another_site() {
    let site = Site::start().await;
    let mut user = Browser::new_user(&site, "kim@example.com").await;
    let mut guest = site.browser();
    for path in [
        "//evil.example/",
        "//evil.example/signin",
        "/\\evil.example",
        "/%2f%2fevil.example",
        "/signin?next=//evil.example",
        "/login?next=https://evil.example",
        "/register?url=//evil.example",
        "/tickets?return=//evil.example",
        "/settings?to=//evil.example&saved=//evil.example",
        "/logout?next=//evil.example",
        "/assets//evil.example",
        "/signin%0d%0alocation:%20//evil.example",
    ] {
        for browser in [&mut guest, &mut user] {
            let answer = browser.get(path).await;
            leads_nowhere_else(&answer);
            assert!(!answer.location().contains("evil"), "{path}: {answer:#?}");
            assert!(
                !answer.body.contains("//evil.example"),
                "{path}: {answer:#?}"
            );
        }
    }
    let mut other = site.browser();
    let fields = [
        ("email", "kim@example.com"),
        ("password", PASSWORD),
        ("next", "//evil.example"),
    ];
    let answer = other.submit("/signin", &fields).await;
    assert_eq!(answer.location(), "/address");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_come_from_the_configuration_whatever_host_is_named() {
    let site = Site::start().await;
    let mut guest = site.browser();
    let token = guest.get("/signup").await.form_token("/signup");
    let body = encode(&[
        ("csrf_token", &token),
        ("email", "kim@example.com"),
        ("password", PASSWORD),
        ("passwordrepeat", PASSWORD),
    ]);
    let request = format!(
        "POST http://evil.example/signup HTTP/1.1\r\nhost: evil.example\r\n\
         x-forwarded-host: evil.example\r\nforwarded: host=evil.example\r\n\
         x-original-url: http://evil.example/\r\ncookie: guest={}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        guest.cookies["guest"],
        body.len()
    );
    let answer = exchange(&site, request.as_bytes()).await;
    assert_eq!(statuses(&answer), ["200"], "{answer}");
    assert!(!answer.contains("evil"), "{answer}");
    site.mailed_token("kim@example.com").await;
    let log = site.log();
    assert!(
        log.contains("http://pool.example.com/emailverify?t="),
        "{log}"
    );
    assert!(!log.contains("evil"), "{log}");
    for host in [
        "evil.example",
        "evil.example:80@pool.example.com",
        "\"><b>",
        "",
    ] {
        for path in ["/", "/signin", "/api/v2/stats", "/register", "/nothing"] {
            let request =
                format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
            let answer = exchange(&site, request.as_bytes()).await;
            assert!(
                !answer.contains("evil") && !answer.contains("\"><b>"),
                "{answer}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_was_planted_is_never_anybody_s() {
    let site = Site::start().await;
    let mut user = site.browser();
    user.sign_up(&site, "kim@example.com", PASSWORD).await;
    let planted = "a".repeat(64);
    user.cookies.insert("session".into(), planted.clone());
    let answer = user.sign_in("kim@example.com", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let own = user.cookies["session"].clone();
    assert_ne!(own, planted);
    let mut thief = site.browser();
    thief.cookies.insert("session".into(), planted);
    assert_eq!(thief.get("/settings").await.location(), "/signin");
    // Who signs in again in the same browser leaves nothing of the former session's form tokens.
    let token = user.get("/logout").await.form_token("/logout");
    let answer = user.post("/logout", &[("csrf_token", &token)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    user.cookies.insert("session".into(), own);
    assert_eq!(user.get("/settings").await.location(), "/signin");
    user.cookies.remove("session");
    user.sign_in("kim@example.com", PASSWORD).await;
    let answer = user.post("/logout", &[("csrf_token", &token)]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

/// What breaks careless programs, as it is after decoding.
const POISON: [&str; 10] = [
    "'",
    "' OR '1'='1' -- ",
    "\"; DROP TABLE Users; --",
    "\\' OR 1=1 #",
    "%_%",
    "a\0b",
    "a\r\nBcc: evil@example.com",
    "\u{202e}\u{feff}\u{10ffff}",
    "${jndi:ldap://x}{{7*7}}",
    "9223372036854775808",
];

/// All fields of all forms.
const FIELDS: [(&str, &[&str]); 12] = [
    ("/signup", &["email", "password", "passwordrepeat"]),
    ("/signin", &["email", "password"]),
    ("/emailverify?t=x", &["t"]),
    ("/emailupdate?t=x", &["t"]),
    ("/passwordreset", &["email"]),
    ("/passwordupdate?t=x", &["t", "password", "passwordrepeat"]),
    ("/address", &["UserPubKeyAddr"]),
    ("/voting", &["agenda0", "agenda1"]),
    (
        "/settings",
        &[
            "updateEmail",
            "updatePassword",
            "renewToken",
            "endSessions",
            "email",
            "password",
            "newpassword",
            "newpasswordrepeat",
        ],
    ),
    ("/admintickets", &["tickets[]", "action"]),
    (
        "/admin/pool",
        &["notice", "closed", "closed_message", "action"],
    ),
    ("/admin/users", &["user_id", "action"]),
];

/// A form's token, where the page has such a form for this reader.
fn token_of(page: &Answer, action: &str) -> Option<String> {
    let form = page
        .body
        .split("<form")
        .find(|form| form.contains(&format!("action=\"{action}\"")))?;
    let value = form.split("name=\"csrf_token\" value=\"").nth(1)?;
    value.split('"').next().map(str::to_owned)
}

async fn poison(browser: &mut Browser, token: &str, path: &str, fields: &[&str], value: &[u8]) {
    let value: String = form_urlencoded::byte_serialize(value).collect();
    let mut body = format!("csrf_token={token}");
    for field in fields {
        let field: String = form_urlencoded::byte_serialize(field.as_bytes()).collect();
        body.extend(["&", &field, "=", &value]);
    }
    let answer = browser.send(Method::POST, path, body).await;
    assert!(
        !answer.status.is_server_error(),
        "{path} {value}: {answer:#?}"
    );
    leads_nowhere_else(&answer);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_field_of_any_form_takes_harm_from_what_is_in_it() {
    let site = Site::start().await;
    // User 1 is an admin.
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    admin.get("/admin/users").await.shows("admin@example.com");
    let mut forms = 0;
    for (page, fields) in FIELDS {
        let path = page.split('?').next().unwrap();
        // Forms of guests are not shown to who is signed in.
        let mut guest = site.browser();
        for browser in [&mut guest, &mut admin] {
            let shown = browser.get(page).await;
            let Some(token) = token_of(&shown, path) else {
                continue;
            };
            forms += 1;
            for value in POISON {
                poison(browser, &token, path, fields, value.as_bytes()).await;
            }
            poison(browser, &token, path, fields, b"\xff\xfe\x80").await;
            poison(browser, &token, path, fields, &b"x".repeat(20_000)).await;
        }
    }
    assert!(forms >= 9, "only {forms} forms were met");
    for query in [
        "q=%27+OR+1%3D1",
        "q=%00",
        "q=%ff",
        "page=-1",
        "page=99999999999999999999",
        "past&page=x",
    ] {
        for page in ["/admin/users", "/admintickets", "/tickets", "/signin"] {
            let answer = admin.get(&format!("{page}?{query}")).await;
            assert!(
                !answer.status.is_server_error(),
                "{page}?{query}: {answer:#?}"
            );
        }
    }
    // All is as it was: one user, whose password is what it was.
    admin.get("/admin/users").await.shows("admin@example.com");
    let mut again = site.browser();
    let answer = again.sign_in("admin@example.com", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let log = site.log();
    let errors: Vec<&str> = log.lines().filter(|line| line.contains("ERROR")).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// Text of what HTML, attributes, scripts and styles are made of.
const TEXT: &str = "[<>\"'&;=/ a-z!-]{0,24}";

/// Wherever a field is shown again, it is text: on pages of errors and successes alike.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_user_typed_is_shown_as_text() {
    let site = Site::start().await;
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    let address = user_address(1);
    let mut runner = TestRunner::deterministic();
    let mut shown = 0;
    for _ in 0..24 {
        let tail = TEXT.new_tree(&mut runner).unwrap().current();
        let typed = format!("<zq\"'&{tail}");
        let query: String = form_urlencoded::byte_serialize(typed.as_bytes()).collect();
        let mut guest = site.browser();
        let email = format!("{typed}@x.example");
        // Not that of the path below, which is logged.
        let password = format!("{typed} as a password");
        let pages = [
            guest
                .submit("/signin", &[("email", &email), ("password", "x")])
                .await,
            guest
                .submit("/signup", &[("email", &email), ("password", &password)])
                .await,
            guest.submit("/passwordreset", &[("email", &email)]).await,
            guest.get(&format!("/emailverify?t={query}")).await,
            guest.get(&format!("/passwordupdate?t={query}")).await,
            guest.get(&format!("/{query}")).await,
            admin
                .submit("/address", &[("UserPubKeyAddr", &typed)])
                .await,
            admin.get(&format!("/admin/users?q={query}")).await,
            admin.get(&format!("/admin/users?q={address}{query}")).await,
        ];
        for page in &pages {
            assert!(!page.body.contains("<zq"), "{typed}: {page:#?}");
            assert!(!page.body.contains("zq\""), "{typed}: {page:#?}");
            shown += usize::from(page.body.contains("&lt;zq&quot;'&amp;"));
        }
    }
    assert!(shown >= 24, "what is never shown proves nothing: {shown}");
}
