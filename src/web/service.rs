//! What surrounds every request: its id and span, its deadline, the page of a panic, the headers that
//! protect the reader.

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, StatusCode};
use hyper::body::Incoming;
use tracing::Instrument as _;

use super::App;
use super::client_ip::{Peer, client_ip};
use super::error::Error;
use super::pages;
use super::response::{self, Response};
use super::{api, router};
use crate::metrics::catalogue;

/// How long an answer may take, wallets included.
const REQUEST_DEADLINE: Duration = Duration::from_secs(30);

/// Largest headers that are taken, names and values together. The connection takes twice as much, so that who
/// sends too many gets a page; who sends still more gets the bare status.
const HEADER_BYTES: usize = 16 * 1024;
/// Most headers that are taken; the connection takes 100.
const HEADERS_TAKEN: usize = 80;

/// Longest path that is logged.
const LOGGED_PATH_BYTES: usize = 120;

const HEADERS: [(HeaderName, &str); 5] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// Answers a request, whatever happens.
pub async fn answer(
    app: Arc<App>,
    peer: Peer,
    request: http::Request<Incoming>,
) -> Result<Response, Infallible> {
    let id = format!("{:016x}", rand::random::<u64>());
    let (parts, body) = request.into_parts();
    let client = client_ip(&app.settings, peer, &parts.headers);
    let path: String = parts.uri.path().chars().take(LOGGED_PATH_BYTES).collect();
    let span = tracing::info_span!(
        "request",
        request.id = %id,
        http.method = %parts.method,
        url.path = %path,
        client.ip = client.map(tracing::field::display),
    );
    let work = async {
        let started = Instant::now();
        // The style of the refusal's page is asked for with the same headers.
        let handled = if is_too_much(&parts.headers) && !path.starts_with("/assets/") {
            Err(Error::head_too_large())
        } else {
            guarded(REQUEST_DEADLINE, router::answer(&app, client, parts, body)).await
        };
        let mut response = handled.unwrap_or_else(|error| plain(&path, &error, &app.look().site));
        finish(&mut response, &id);
        let took = started.elapsed();
        catalogue::HTTP_SECONDS.record([class(response.status())], took);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(
            http.status = response.status().as_u16(),
            duration_us = micros,
            "answered"
        );
        response
    };
    Ok(work.instrument(span).await)
}

fn is_too_much(headers: &HeaderMap) -> bool {
    let sizes = headers
        .iter()
        .map(|(name, value)| name.as_str().len().saturating_add(value.len()));
    headers.len() > HEADERS_TAKEN || sizes.fold(0, usize::saturating_add) > HEADER_BYTES
}

/// The answer, or its panic or delay.
async fn guarded(
    limit: Duration,
    handled: impl Future<Output = Response>,
) -> Result<Response, Error> {
    let handled = AssertUnwindSafe(handled).catch_unwind();
    match tokio::time::timeout(limit, handled).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(panic)) => Err(Error::internal(panic_text(panic.as_ref()))),
        Err(_) => Err(Error::deadline()),
    }
}

/// A page that needs nothing of what just failed.
fn plain(path: &str, error: &Error, site: &pages::layout::Site) -> Response {
    if path.starts_with("/api/") {
        return api::failed(path, error);
    }
    router::log(error);
    response::html(
        error.status,
        pages::error::bare_page(error, site).into_string(),
    )
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("without words"))
}

fn finish(response: &mut Response, id: &str) {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Pages belong to their reader: what may be kept says so itself.
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(10);

    #[tokio::test]
    async fn a_panic_is_a_page_and_nothing_more() {
        let response = answer_of("/", async { panic!("a secret cause") }).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!format!("{response:?}").contains("secret"));
        let response = answer_of("/api/v1/stats", async { panic!("{}", "formatted") }).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            response.headers()["content-type"],
            "application/json; charset=utf-8"
        );
    }

    async fn answer_of(path: &str, panicking: impl Future<Output = Response>) -> Response {
        let error = guarded(Duration::from_mins(1), panicking).await;
        let error = error.expect_err("a panic");
        plain(path, &error, &pages::layout::Site::default())
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut_off() {
        let error = guarded(LIMIT, std::future::pending()).await;
        assert_eq!(
            error.expect_err("a delay").status,
            StatusCode::SERVICE_UNAVAILABLE
        );
    }

    #[test]
    fn what_keeps_readers_safe_is_on_every_answer() {
        let mut response = response::text(StatusCode::OK, "");
        finish(&mut response, "id");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-request-id"], "id");
        let mut kept = response::revalidated(response::text(StatusCode::OK, ""));
        finish(&mut kept, "id");
        assert_eq!(kept.headers()["cache-control"], "private, no-cache");
    }
}
