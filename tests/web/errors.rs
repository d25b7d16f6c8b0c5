//! Every refusal has a page in the site's words, or the API's envelope; each is met as a client would meet it.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::browser::{Answer, Api, Browser, PASSWORD, encode};
use super::site::{Site, Wish};

#[track_caller]
fn is_page(answer: &Answer, status: StatusCode, words: &str) {
    assert_eq!(answer.status, status, "{answer:#?}");
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.body.starts_with("<!DOCTYPE html>"), "{answer:#?}");
    assert!(answer.body.contains("href=\"/\""), "a way on: {answer:#?}");
    assert!(!answer.header("content-security-policy").is_empty());
    answer.shows(words);
}

#[track_caller]
fn is_envelope(answer: &Answer, status: StatusCode, code: u8, message: &str) {
    assert_eq!(answer.status, status, "{answer:#?}");
    assert_eq!(
        answer.header("content-type"),
        "application/json; charset=utf-8"
    );
    let line = format!("{{\"status\":\"error\",\"code\":{code},\"message\":\"{message}\"}}\n");
    assert_eq!(answer.body, line);
}

async fn limited_site() -> Site {
    Site::with(Wish {
        voters: 1,
        pool: "min_voters = 1\n",
        limits: "sign_in_per_minute = 1\nsign_up_per_hour = 0\nmail_per_hour = 0\naddress_per_hour = 1\n",
        ..Wish::default()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_of_a_page_is_a_page() {
    let site = limited_site().await;
    let mut guest = site.browser();
    for path in ["/status", "/admintickets", "/admin/users", "/admin/pool"] {
        is_page(
            &guest.get(path).await,
            StatusCode::UNAUTHORIZED,
            "Not for you",
        );
        guest.get(path).await.shows("href=\"/signin\">Sign in");
    }
    let forged = guest.post("/signin", &[("email", "a@example.com")]).await;
    is_page(&forged, StatusCode::FORBIDDEN, "Nothing was changed");
    let missing = guest.get("/nothing").await;
    is_page(&missing, StatusCode::NOT_FOUND, "Page not found");
    let put = guest.send(Method::PUT, "/signin", String::new()).await;
    is_page(&put, StatusCode::METHOD_NOT_ALLOWED, "not possible here");
    assert_eq!(put.header("allow"), "GET, HEAD, POST");
    let large = "x".repeat(70_000);
    let large = guest.send(Method::POST, "/signin", large).await;
    is_page(&large, StatusCode::PAYLOAD_TOO_LARGE, "Too large");
    let fields = [("email", "kim@example.com"), ("password", "wrong horse")];
    guest.submit("/signin", &fields).await;
    let often = guest.submit("/signin", &fields).await;
    is_page(&often, StatusCode::TOO_MANY_REQUESTS, "Too many attempts");
    assert!(!often.header("retry-after").is_empty());

    let too_large = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    guest.headers.push(("x-long", "x".repeat(20_000)));
    let page = guest.get("/").await;
    is_page(&page, too_large, "Too much sent along");
    let style = page.body.split('"').find(|it| it.starts_with("/assets/"));
    let style = guest.get(style.expect("a stylesheet")).await;
    assert_eq!(style.status, StatusCode::OK, "asked for with as much");
    guest.headers = vec![("x-short", "x".into()); 90];
    is_page(&guest.get("/").await, too_large, "Too much sent along");
    guest.headers = vec![("x-fits", "x".repeat(10_000))];
    assert_eq!(guest.get("/").await.status, StatusCode::OK);
}

/// Where there is no room to read a request, there is none to write a page: the bare status.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_without_end_is_answered_by_the_bare_status() {
    let site = Site::start().await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let head = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx-long: {}",
        "x".repeat(40_000)
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_of_the_api_is_an_envelope() {
    let site = limited_site().await;
    let mut guest = site.browser();
    let unknown = "invalid API command or version";
    for path in [
        "/api/v1/nothing",
        "/api/v3/stats",
        "/api/v1/stats/",
        "/api/x",
    ] {
        is_envelope(&guest.get(path).await, StatusCode::NOT_FOUND, 3, unknown);
    }
    for (method, path) in [
        (Method::PUT, "/api/v1/stats"),
        (Method::DELETE, "/api/v2/voting"),
        (Method::GET, "/api/v1/address"),
        (Method::POST, "/api/v1/stats"),
    ] {
        let answer = guest.send(method, path, String::new()).await;
        is_envelope(&answer, StatusCode::NOT_FOUND, 3, unknown);
    }
    let large = "x".repeat(70_000);
    let large = guest.send(Method::POST, "/api/v1/voting", large).await;
    let status = StatusCode::PAYLOAD_TOO_LARGE;
    is_envelope(&large, status, 3, "request too large");
    guest.headers.push(("x-long", "x".repeat(20_000)));
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    let answer = guest
        .send(Method::POST, "/api/v1/voting", String::new())
        .await;
    is_envelope(&answer, status, 3, "request headers too large");
    let answer = guest.get("/api/v1/stats").await;
    assert_eq!(answer.status, status);
    answer.shows("\"message\":\"request headers too large\",\"data\":null}");

    let mut kim = Browser::new_user(&site, "kim@example.com").await;
    let mut api = Api::new(site.address, &kim.api_token().await);
    let address = [("UserPubKeyAddr", "short")];
    api.post("address", &address).await;
    let often = api.post("address", &address).await;
    let status = StatusCode::TOO_MANY_REQUESTS;
    is_envelope(&often, status, 8, "too many requests");
    assert!(!often.header("retry-after").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_of_ours_is_a_page_that_says_nothing_of_its_cause() {
    let site = Site::start().await;
    let mut kim = Browser::new_user(&site, "kim@example.com").await;
    let mut api = Api::new(site.address, &kim.api_token().await);
    let path = site.folder.path().join("pool.db").display().to_string();
    let mut database = SqliteConnection::establish(&path).unwrap();
    database
        .batch_execute("PRAGMA busy_timeout = 5000; ALTER TABLE Users RENAME TO Away")
        .unwrap();
    let fault = StatusCode::INTERNAL_SERVER_ERROR;
    let mut page = kim.get("/tickets").await;
    for _ in 0..1500 {
        if page.status == fault {
            break;
        }
        // Who was known a moment ago is so for a moment longer.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        page = kim.get("/tickets").await;
    }
    is_page(&page, fault, "Something went wrong");
    assert!(!page.body.contains("Users"), "{page:#?}");
    let mut guest = site.browser();
    let form = guest.get("/signin").await.form_token("/signin");
    let fields = [
        ("csrf_token", &*form),
        ("email", "kim@example.com"),
        ("password", PASSWORD),
    ];
    let answer = guest.send(Method::POST, "/signin", encode(&fields)).await;
    is_page(&answer, fault, "Something went wrong");
    let answer = api.get("getpurchaseinfo").await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.shows("\"code\":13");
    // Whoever needs no user is served.
    assert_eq!(guest.get("/stats").await.status, StatusCode::OK);
}
