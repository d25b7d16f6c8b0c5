//! `[voter.dcrd]` and `[voter.dcrwallet]`.

use std::path::PathBuf;

use super::check::Check;
use super::raw::RawNode;
use crate::node;
use crate::secret::Secret;

/// How to reach a daemon's JSON-RPC.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// `HOST:PORT`, the port always there.
    pub host: String,
    pub user: String,
    pub password: Secret,
    /// Where `cert_pem` came from, for messages and to read it again.
    pub cert: PathBuf,
    /// The one certificate that is trusted.
    pub cert_pem: String,
}

impl NodeConfig {
    /// `section` is `voter.dcrd` or `voter.dcrwallet`, `default_port` that of the network.
    pub(super) fn resolve(
        raw: RawNode,
        section: &str,
        default_port: u16,
        check: &mut Check,
    ) -> Option<Self> {
        let default_host = format!("localhost:{default_port}");
        let host = check.parse_or(raw.host, default_host, |host| host_port(host, default_port));
        let user = check.need(raw.user, &format!("{section}.user"));
        let user = check.parse(user, |user| {
            // HTTP basic authentication ends the name at the first colon.
            (!user.is_empty() && !user.contains(':'))
                .then(|| user.clone())
                .ok_or_else(|| "must not be empty and must have no colon".to_owned())
        });
        let password = check.need_secret(raw.password);
        let cert = check.need(raw.cert, &format!("{section}.cert"));
        let cert =
            cert.and_then(|cert| check.pinned_certificate(&cert, "it is the daemon's rpc.cert"));
        let (cert, cert_pem) = cert?;
        Some(Self {
            host: host?,
            user: user?,
            password: password?.value,
            cert,
            cert_pem,
        })
    }
}

impl NodeConfig {
    /// For a client; `name` is `dcrd` or `dcrwallet`.
    pub fn connection(&self, name: &'static str) -> node::Config {
        node::Config {
            name,
            host: self.host.clone(),
            user: self.user.clone(),
            password: self.password.clone(),
            cert_pem: self.cert_pem.clone(),
        }
    }
}

/// `HOST` or `HOST:PORT`, IPv6 in brackets; the port is added where it is missing.
pub(crate) fn host_port(text: &str, default_port: u16) -> Result<String, String> {
    let wrong = || format!("{text:?} is not HOST:PORT");
    let url = url::Url::parse(&format!("https://{text}/")).map_err(|_| wrong())?;
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or_else(wrong)?;
    let plain = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !plain {
        return Err(wrong());
    }
    // `Url` hides 443, the default of https.
    let port = url.port().or_else(|| text.ends_with(":443").then_some(443));
    Ok(format!("{host}:{}", port.unwrap_or(default_port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_get_a_port() {
        let of = |text| host_port(text, 9109);
        assert_eq!(of("localhost").unwrap(), "localhost:9109");
        assert_eq!(of("10.0.0.1:443").unwrap(), "10.0.0.1:443");
        assert_eq!(of("[::1]:7").unwrap(), "[::1]:7");
        for bad in ["", ":1", "h:x", "h:70000", "h/p", "u@h", "https://h"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
