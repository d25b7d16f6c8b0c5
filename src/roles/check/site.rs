//! The site as users reach it: by `web.base_url`, from this machine.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use http::header::HOST;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_rustls::ConfigBuilderExt as _;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::findings::Findings;
use crate::clock::Clock;
use crate::config::BaseUrl;
use crate::tls;

const DEADLINE: Duration = Duration::from_secs(10);
const MAX_ANSWER_BYTES: usize = 4096;
const DAY: u64 = 24 * 3600;
/// Certificates are renewed a month before their end; who has less than this forgot.
const SHORT_DAYS: u64 = 14;

pub async fn check(base_url: &BaseUrl, findings: &mut Findings) {
    let url = base_url.link("/healthz");
    let asked = tokio::time::timeout(DEADLINE, ask(base_url, &url)).await;
    let asked = asked.unwrap_or_else(|_| {
        let limit = DEADLINE.as_secs();
        Err(anyhow::anyhow!("no answer within {limit} s"))
    });
    match asked {
        Ok(Answer { ours: false, .. }) => findings.fail(
            "site",
            format!("{url} is answered, but not by this program"),
            "mend the proxy, or web.base_url: mailed links and API tokens name that address",
        ),
        Ok(Answer {
            days: Some(days), ..
        }) if days < SHORT_DAYS => findings.warn(
            "site",
            format!("{url} answers; its certificate is good for {days} days"),
            "renew the certificate, and see why that does not happen by itself",
        ),
        Ok(Answer { days, .. }) => {
            let certificate = days.map(|days| format!("; its certificate is good for {days} days"));
            let certificate = certificate.unwrap_or_default();
            findings.ok("site", format!("{url} answers{certificate}"));
        }
        Err(error) => findings.warn(
            "site",
            format!("{url}: {error:#}"),
            "look at it from outside; if it is not there for users either, start web and the proxy, or \
             mend web.base_url",
        ),
    }
}

struct Answer {
    /// By a web of a pool, as far as can be told.
    ours: bool,
    /// How long the certificate is good; `None`: plain http, or it does not say.
    days: Option<u64>,
}

async fn ask(base_url: &BaseUrl, url: &str) -> anyhow::Result<Answer> {
    let address = base_url.url();
    let host = address.host_str().context("no host")?;
    let port = address.port_or_known_default().context("no port")?;
    // An IPv6 address has brackets in a URL.
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((name, port)).await?;
    if address.scheme() == "http" {
        let ours = get(stream, url, host).await?;
        return Ok(Answer { ours, days: None });
    }
    let server = ServerName::try_from(name.to_owned())?;
    let stream = connector()?.connect(server, stream).await?;
    let shown = stream.get_ref().1.peer_certificates();
    let now = Clock::system().unix_seconds();
    let days = shown
        .and_then(|chain| chain.first())
        .and_then(|certificate| days_left(certificate, now));
    let ours = get(stream, url, host).await?;
    Ok(Answer { ours, days })
}

async fn get<S>(stream: S, url: &str, host: &str) -> anyhow::Result<bool>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let path = url::Url::parse(url)?.path().to_owned();
    let request = Request::get(path)
        .header(HOST, host)
        .body(Empty::<Bytes>::new())?;
    // Ends with the sender in it, and the connection with that.
    let exchange = async move {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES);
        let body = body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes);
        anyhow::Ok(status == StatusCode::OK && body.is_ok_and(|body| &*body == b"ok\n"))
    };
    let (answer, _ended) = tokio::join!(exchange, connection);
    answer
}

/// Trusts whom this machine trusts.
fn connector() -> anyhow::Result<TlsConnector> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_native_roots()
        .context("this machine's root certificates")?
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Whole days until a certificate's end; 0 once it is over, `None` when it cannot be read.
fn days_left(certificate: &[u8], now: i64) -> Option<u64> {
    let left = tls::not_after(certificate)?.saturating_sub(now);
    Some(u64::try_from(left).unwrap_or(0) / DAY)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use time::{Duration as Span, OffsetDateTime};

    use super::*;

    #[test]
    fn a_certificate_tells_how_long_it_is_good() {
        let start = 1_800_000_000;
        let now = OffsetDateTime::from_unix_timestamp(start).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut site = CertificateParams::new(vec!["pool.example.com".into()]).unwrap();
        site.not_before = now - Span::days(60);
        site.not_after = now + Span::days(9) + Span::hours(3);
        let site = site.self_signed(&key).unwrap();
        let day = i64::try_from(DAY).unwrap();
        for (passed, left) in [(0, 9), (1, 8), (9, 0), (10, 0)] {
            let days = days_left(site.der(), start + passed * day);
            assert_eq!(days, Some(left), "after {passed} days");
        }
        assert_eq!(days_left(b"no certificate", start), None);
    }
}
