//! The pool's API, as a holder's program sees it.

use std::time::Duration;

use http::{Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use rustls::crypto::aws_lc_rs;
use serde::Deserialize;
use url::{Host, Url};

use super::consent::say;
use super::error::Error;
use super::terms::PurchaseInfo;
use crate::secret::Secret;

const DEADLINE: Duration = Duration::from_secs(30);
const MAX_ANSWER_BYTES: usize = 64 * 1024;
const COMMAND: &str = "api/v2/getpurchaseinfo";

/// gRPC code numbers in the API's answers.
const FAILED_PRECONDITION: i64 = 9;
const UNAUTHENTICATED: i64 = 16;

#[derive(Deserialize)]
struct Envelope {
    status: String,
    code: i64,
    message: String,
    #[serde(default)]
    data: Option<PurchaseInfo>,
}

/// The address of getpurchaseinfo under a pool's address.
pub fn endpoint(pool: &str) -> Result<Url, Error> {
    let wrong = || Error::SiteUrl(pool.to_owned());
    let mut url = Url::parse(pool).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong());
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url.set_query(None);
    url.set_fragment(None);
    url.join(COMMAND).map_err(|_| wrong())
}

/// Asks for the holder's purchase information.
pub async fn purchase_info(pool: &str, token: &Secret) -> Result<PurchaseInfo, Error> {
    let url = endpoint(pool)?;
    let unavailable = |reason: String| Error::SiteUnavailable {
        url: url.to_string(),
        reason,
    };
    let answer = tokio::time::timeout(DEADLINE, fetch(&url, token))
        .await
        .map_err(|_| unavailable(format!("no answer within {} s", DEADLINE.as_secs())))?;
    let (status, body) = answer?;
    read(&url, status, &body)
}

async fn fetch(url: &Url, token: &Secret) -> Result<(StatusCode, Bytes), Error> {
    let unavailable = |reason: String| Error::SiteUnavailable {
        url: url.to_string(),
        reason,
    };
    let request = request(url, token)?;
    let response = if url.scheme() == "https" {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(aws_lc_rs::default_provider())
            .map_err(|error| unavailable(format!("this machine's root certificates: {error}")))?
            .https_only()
            .enable_http1()
            .build();
        send(connector, request).await
    } else {
        warn_of_plain_text(url);
        send(HttpConnector::new(), request).await
    };
    let response = response.map_err(unavailable)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES)
        .collect()
        .await
        .map_err(|error| unavailable(error.to_string()))?;
    Ok((status, body.to_bytes()))
}

fn request(url: &Url, token: &Secret) -> Result<Request<Empty<Bytes>>, Error> {
    let wrong = || Error::SiteUrl(url.to_string());
    let uri: Uri = url.as_str().parse().map_err(|_| wrong())?;
    let mut bearer = header::HeaderValue::from_str(&format!("Bearer {}", token.expose()))
        .map_err(|_| Error::Token)?;
    bearer.set_sensitive(true);
    Request::builder()
        .method(Method::GET)
        .uri(uri)
        .header(header::AUTHORIZATION, bearer)
        .header(
            header::USER_AGENT,
            concat!("dcrstakepool/", env!("CARGO_PKG_VERSION")),
        )
        .body(Empty::new())
        .map_err(|_| wrong())
}

async fn send<C>(connector: C, request: Request<Empty<Bytes>>) -> Result<Response<Incoming>, String>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    Client::builder(TokioExecutor::new())
        .build::<_, Empty<Bytes>>(connector)
        .request(request)
        .await
        .map_err(|error| chain(&error))
}

/// hyper's own text says only "client error"; the causes say what happened.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// The token opens the account: over plain HTTP everyone on the way can read it.
fn warn_of_plain_text(url: &Url) {
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if !local {
        say("warning: without https others can read your API token on its way to the pool");
    }
}

fn read(url: &Url, status: StatusCode, body: &[u8]) -> Result<PurchaseInfo, Error> {
    let not_a_pool = |reason: String| Error::NotAPool {
        url: url.to_string(),
        reason,
    };
    let Ok(envelope) = serde_json::from_slice::<Envelope>(body) else {
        return Err(match status {
            StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS => Error::SiteUnavailable {
                url: url.to_string(),
                reason: format!("HTTP status {status}"),
            },
            _ if status.is_redirection() => not_a_pool(format!(
                "it redirects (HTTP status {status}); give the address it goes to"
            )),
            _ => not_a_pool(format!("HTTP status {status} without the API's JSON")),
        });
    };
    if envelope.status == "success" {
        return envelope
            .data
            .ok_or_else(|| not_a_pool("its answer has no data".to_owned()));
    }
    Err(match envelope.code {
        UNAUTHENTICATED => Error::Token,
        FAILED_PRECONDITION => Error::NoAddress,
        code => Error::SiteRefuses {
            code,
            message: envelope
                .message
                .chars()
                .filter(|c| !c.is_control())
                .take(200)
                .collect(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_found_under_the_pools_address() {
        for (pool, expected) in [
            (
                "https://pool.example.com",
                "https://pool.example.com/api/v2/getpurchaseinfo",
            ),
            (
                "http://127.0.0.1:8000/",
                "http://127.0.0.1:8000/api/v2/getpurchaseinfo",
            ),
            (
                "https://example.com/pool?x=1#top",
                "https://example.com/pool/api/v2/getpurchaseinfo",
            ),
        ] {
            assert_eq!(endpoint(pool).unwrap().as_str(), expected);
        }
        for wrong in ["", "pool.example.com", "ftp://pool.example.com", "https://"] {
            assert!(matches!(endpoint(wrong), Err(Error::SiteUrl(_))), "{wrong}");
        }
    }

    fn answer(status: u16, body: &str) -> Result<PurchaseInfo, Error> {
        let url = endpoint("https://pool.example.com").unwrap();
        read(&url, StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn answers_are_told_apart() {
        let good = r#"{"status":"success","code":0,"message":"purchaseinfo successfully retrieved","data":{"PoolAddress":"a","PoolFees":7.5,"Script":"51","TicketAddress":"b","VoteBits":1,"VoteBitsVersion":12}}"#;
        assert!((answer(200, good).unwrap().pool_fees - 7.5).abs() < f64::EPSILON);
        let error =
            |code: i64| format!(r#"{{"status":"error","code":{code},"message":"m","data":null}}"#);
        assert!(matches!(answer(200, &error(16)), Err(Error::Token)));
        assert!(matches!(answer(200, &error(9)), Err(Error::NoAddress)));
        assert!(matches!(
            answer(200, &error(13)),
            Err(Error::SiteRefuses { code: 13, .. })
        ));
        assert!(matches!(answer(404, "<html>"), Err(Error::NotAPool { .. })));
        assert!(matches!(
            answer(502, "<html>"),
            Err(Error::SiteUnavailable { .. })
        ));
        assert!(matches!(answer(308, ""), Err(Error::NotAPool { .. })));
        assert!(matches!(answer(200, "{}"), Err(Error::NotAPool { .. })));
    }
}
