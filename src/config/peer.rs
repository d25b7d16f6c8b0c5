//! `[[voters]]`: the voters as web sees them.

use std::path::PathBuf;

use url::Url;

use super::check::{self, Check};
use super::node::host_port;
use super::raw::RawPeer;
use super::reader::Given;
use crate::secret::Secret;

/// One voting node.
#[derive(Debug, Clone)]
pub struct VoterPeer {
    /// `HOST:PORT`, unique: how pages, logs and the database name it.
    pub name: String,
    /// `https://HOST:PORT/`, the port always known.
    pub url: Url,
    /// Where `cert_pem` came from.
    pub cert: PathBuf,
    /// The one certificate that is trusted.
    pub cert_pem: String,
    pub token: Secret,
}

impl VoterPeer {
    /// All of `[[voters]]`, each named once.
    pub(super) fn resolve_all(
        raw: Given<Vec<RawPeer>>,
        default_port: u16,
        check: &mut Check,
    ) -> Vec<Self> {
        let mut peers: Vec<Self> = Vec::new();
        let Some(list) = raw else { return peers };
        for (index, raw) in list.value.into_iter().enumerate() {
            let section = format!("voters[{index}]");
            let Some(peer) = Self::resolve(raw, &section, default_port, check) else {
                continue;
            };
            if peers.iter().any(|other| other.name == peer.name) {
                let reason = format!("{} is listed twice", peer.name);
                check.reject_key(&format!("{section}.url"), reason);
            }
            peers.push(peer);
        }
        peers
    }

    fn resolve(raw: RawPeer, section: &str, default_port: u16, check: &mut Check) -> Option<Self> {
        let url = check.need(raw.url, &format!("{section}.url"));
        let name_and_url = check.parse(url, |url| voter_url(url, default_port));
        let token = check.need_secret(raw.token);
        let token = check.parse(token, check::token);
        let cert = check.need(raw.cert, &format!("{section}.cert"));
        let cert = cert.and_then(|cert| {
            check.pinned_certificate(
                &cert,
                "copy it from the voter, which makes it at its first start",
            )
        });
        let (name, url) = name_and_url?;
        let (cert, cert_pem) = cert?;
        Some(Self {
            name,
            url,
            cert,
            cert_pem,
            token: token?,
        })
    }
}

/// `https://HOST[:PORT]` → `HOST:PORT` and the whole address.
fn voter_url(text: &str, default_port: u16) -> Result<(String, Url), String> {
    let wrong = || format!("{text:?} is not https://HOST:PORT");
    let authority = text.strip_prefix("https://").ok_or_else(wrong)?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let name = host_port(authority, default_port).map_err(|_| wrong())?;
    let url = Url::parse(&format!("https://{name}/")).map_err(|_| wrong())?;
    Ok((name, url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voter_has_the_networks_port() {
        let name = |text| voter_url(text, 9113).map(|(name, _)| name);
        assert_eq!(name("https://10.0.0.20").unwrap(), "10.0.0.20:9113");
        assert_eq!(name("https://v1:443/").unwrap(), "v1:443");
        for bad in [
            "http://v1",
            "v1:9113",
            "https://",
            "https://v1/path",
            "https://a@v1",
        ] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
