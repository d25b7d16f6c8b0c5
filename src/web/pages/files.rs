//! Embedded files, and the operator's.

use http::StatusCode;
use http::header::{CACHE_CONTROL, ETAG, HeaderValue};

use crate::web::assets::Asset;
use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::{self, Response};

const FOR_GOOD: &str = "public, max-age=31536000, immutable";
const FOR_A_DAY: &str = "public, max-age=86400";

/// By a name that changes with the content.
pub fn asset(request: &Request) -> Result<Response, Error> {
    let look = request.app.look();
    send(request, look.assets.by_hashed_name(&request.rest), FOR_GOOD)
}

pub fn robots(request: &Request) -> Result<Response, Error> {
    let look = request.app.look();
    send(request, look.assets.by_name("robots.txt"), FOR_A_DAY)
}

pub fn favicon(request: &Request) -> Result<Response, Error> {
    let look = request.app.look();
    send(request, look.assets.by_name("favicon.ico"), FOR_A_DAY)
}

fn send(
    request: &Request,
    asset: Option<&Asset>,
    caching: &'static str,
) -> Result<Response, Error> {
    let asset = asset.ok_or_else(Error::not_found)?;
    let known = request.if_none_match.as_deref().is_some_and(|known| {
        known
            .split(',')
            .any(|tag| tag.trim().trim_start_matches("W/") == asset.etag)
    });
    let mut response = if known {
        response::text(StatusCode::NOT_MODIFIED, "")
    } else {
        response::with_type(StatusCode::OK, asset.kind.clone(), asset.bytes.clone())
    };
    response::set(&mut response, CACHE_CONTROL, caching);
    if let Ok(etag) = HeaderValue::from_str(&asset.etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    Ok(response)
}
