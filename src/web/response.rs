//! The answers that handlers give.

use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    RETRY_AFTER,
};
use http::{Response as HttpResponse, StatusCode};
use hyper::body::Bytes;

use super::body::Body;

pub type Response = HttpResponse<Body>;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

pub fn with_type(status: StatusCode, kind: HeaderValue, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

pub fn html(status: StatusCode, page: impl Into<Bytes>) -> Response {
    with_type(status, HTML, page)
}

pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Response {
    with_type(status, TEXT, text)
}

pub fn json(status: StatusCode, json: impl Into<Bytes>) -> Response {
    with_type(status, JSON, json)
}

/// An answer that is made while it is sent.
pub fn streamed(kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    set(&mut response, CONTENT_TYPE, kind);
    response
}

/// 303: the browser goes there by GET.
pub fn see_other(path: &'static str) -> Response {
    let mut response = text(StatusCode::SEE_OTHER, "");
    set(&mut response, LOCATION, path);
    response
}

/// For good: the page lives elsewhere.
pub fn moved(path: &'static str) -> Response {
    let mut response = see_other(path);
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response
}

/// Saved by the browser under that name.
pub fn download(mut response: Response, file_name: &'static str) -> Response {
    if let Ok(value) = format!("attachment; filename=\"{file_name}\"").parse() {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    response
}

/// Public and the same for everyone who is not signed in: may be kept, but is asked for again.
pub fn revalidated(mut response: Response) -> Response {
    set(&mut response, CACHE_CONTROL, "private, no-cache");
    response
}

/// How many seconds to wait, if it helps to.
pub fn retry_after(response: &mut Response, seconds: Option<u64>) {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
}

/// Sets a header whose value is known to be one.
pub fn set(response: &mut Response, name: HeaderName, value: &'static str) {
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
}
