//! Looks now and then until when the site's certificate is good, by `web.base_url`: what renews it may have stopped.
//! Where the site cannot be reached from web's own machine nothing is known, and nobody is alarmed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::config::BaseUrl;
use crate::pool::Pool;
use crate::shutdown::Tasks;
use crate::tls;

/// The proxy may start after web.
const FIRST: Duration = Duration::from_mins(1);
const PERIOD: Duration = Duration::from_hours(1);
const DEADLINE: Duration = Duration::from_secs(10);

/// Looks until the role stops; a site without TLS has no certificate.
pub fn watch(pool: &Arc<Pool>, base_url: &BaseUrl, tasks: &Tasks) {
    let url = base_url.url();
    if url.scheme() != "https" {
        return;
    }
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return;
    };
    // An IPv6 address has brackets in a URL.
    let host = host.trim_matches(['[', ']']).to_owned();
    let (pool, stopping) = (Arc::clone(pool), tasks.clone());
    tasks.spawn("site certificate", async move {
        let mut pause = FIRST;
        loop {
            tokio::select! {
                () = stopping.stopping() => return,
                () = sleep(pause) => {}
            }
            pause = PERIOD;
            let asked = timeout(DEADLINE, end(&host, port)).await;
            match asked.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer"))) {
                Ok(end) => pool.note_site_certificate(end),
                Err(error) => {
                    tracing::debug!(%error, "the site's certificate is not seen from here");
                }
            }
        }
    });
}

async fn end(host: &str, port: u16) -> anyhow::Result<Option<i64>> {
    let stream = TcpStream::connect((host, port)).await?;
    let name = ServerName::try_from(host.to_owned()).context("no name of a host")?;
    Ok(tls::end_of_shown(stream, name).await?)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use time::OffsetDateTime;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::secret::Secret;

    #[tokio::test]
    async fn the_end_is_read_also_of_one_that_is_over() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["pool.example.com".into()]).unwrap();
        params.not_after = OffsetDateTime::from_unix_timestamp(1_600_000_000).unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let key = Secret::new(key.serialize_pem());
        let config = tls::server_config(&pem, &key, &["http/1.1"]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = async {
            let (stream, _) = listener.accept().await.unwrap();
            TlsAcceptor::from(config).accept(stream).await.ok();
        };
        let (found, ()) = tokio::join!(end("127.0.0.1", port), serving);
        assert_eq!(found.unwrap(), Some(1_600_000_000));
        drop(listener);
        assert!(end("127.0.0.1", port).await.is_err());
    }
}
