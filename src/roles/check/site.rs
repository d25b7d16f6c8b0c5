//! The site as users reach it: by `web.base_url`, from this machine.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use http::header::HOST;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::findings::Findings;
use crate::config::BaseUrl;

const DEADLINE: Duration = Duration::from_secs(10);
const MAX_ANSWER_BYTES: usize = 4096;
const DAY: u64 = 24 * 3600;
/// Certificates are renewed a month before their end; who has less than this forgot.
const SHORT_DAYS: u64 = 14;
/// Further is not looked.
const MOST_DAYS: u64 = 400;

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
            let certificate = days.map(|days| {
                let more = if days >= MOST_DAYS { " or more" } else { "" };
                format!("; its certificate is good for {days} days{more}")
            });
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
    /// How long the certificate is good; `None`: plain http.
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
    let verifier = Arc::new(Measured::new()?);
    let stream = connector(&verifier)?
        .connect(ServerName::try_from(name.to_owned())?, stream)
        .await?;
    let ours = get(stream, url, host).await?;
    let days = *verifier.days.lock().unwrap_or_else(PoisonError::into_inner);
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

fn connector(verifier: &Arc<Measured>) -> anyhow::Result<TlsConnector> {
    let verifier: Arc<Measured> = Arc::clone(verifier);
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Verifies as usual, by this machine's roots, and finds for how many days it will.
#[derive(Debug)]
struct Measured {
    usual: Arc<WebPkiServerVerifier>,
    days: Mutex<Option<u64>>,
}

impl Measured {
    fn new() -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        Self::by(roots)
    }

    fn by(roots: RootCertStore) -> anyhow::Result<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .context("this machine's root certificates")?;
        Ok(Self {
            usual,
            days: Mutex::default(),
        })
    }
}

impl ServerCertVerifier for Measured {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let at = |days: u64| {
            let later = now.as_secs().saturating_add(days.saturating_mul(DAY));
            let later = UnixTime::since_unix_epoch(Duration::from_secs(later));
            self.usual.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                later,
            )
        };
        let verified = at(0)?;
        let days = last_good_day(|days| at(days).is_ok());
        *self.days.lock().unwrap_or_else(PoisonError::into_inner) = Some(days);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls12_signature(message, cert, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls13_signature(message, cert, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// The last day, up to `MOST_DAYS`, of an unbroken row of good ones that begins today.
fn last_good_day(is_good: impl Fn(u64) -> bool) -> u64 {
    let (mut good, mut bad) = (0, MOST_DAYS.saturating_add(1));
    while bad.saturating_sub(good) > 1 {
        let middle = good.midpoint(bad);
        if is_good(middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    good
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use time::{Duration as Span, OffsetDateTime};

    use super::*;

    #[test]
    fn the_last_good_day_is_found() {
        for last in [0, 1, 13, 14, 399, MOST_DAYS] {
            assert_eq!(last_good_day(|day| day <= last), last);
        }
        assert_eq!(last_good_day(|_| true), MOST_DAYS);
    }

    #[test]
    fn a_certificate_tells_how_long_it_is_good() {
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = authority.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().unwrap();
        let mut site = CertificateParams::new(vec!["pool.example.com".into()]).unwrap();
        site.not_before = now - Span::days(60);
        site.not_after = now + Span::days(9) + Span::hours(3);
        let site = site.signed_by(&key, &issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(root.der().clone()).unwrap();
        let verifier = Measured::by(roots).unwrap();
        let name = ServerName::try_from("pool.example.com").unwrap();
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let verify = |when| verifier.verify_server_cert(site.der(), &[], &name, &[], when);
        verify(at(1_800_000_000)).unwrap();
        assert_eq!(*verifier.days.lock().unwrap(), Some(9));
        let too_late = verify(at(1_800_000_000 + 10 * DAY));
        assert!(too_late.is_err(), "{too_late:?}");
    }
}
