//! What the site must know, resolved: no option without a meaning.

use std::net::SocketAddr;
use std::path::PathBuf;

use http::HeaderName;
use ipnet::IpNet;

use crate::decred::Network;
use crate::domain::UserId;
use crate::secret::Secret;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    Tcp(SocketAddr),
    /// A socket file; whoever may open it is trusted to name the client.
    Unix(PathBuf),
}

/// `[web]` and the public part of `[pool]`.
#[derive(Debug, Clone)]
pub struct Settings {
    pub network: Network,
    /// Without a slash at its end.
    pub base_url: String,
    /// Cookies are for HTTPS only.
    pub cookie_secure: bool,
    /// Peers that are believed when they name the client.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they do; `None`: the peer is the client.
    pub real_ip_header: Option<HeaderName>,
    pub admin_ips: Vec<IpNet>,
    pub admin_user_ids: Vec<UserId>,
    /// Opens `/status` and `/alertz` to monitors; `None`: to nobody.
    pub monitor_token: Option<Secret>,
    /// Keys of forms are derived from it, one per purpose (`web.api_secret`).
    pub master_key: Secret,
    pub pool: About,
}

/// The pool as it presents itself.
#[derive(Debug, Clone, Default)]
pub struct About {
    pub name: String,
    pub description: String,
    pub email: String,
    /// The operator's own site; empty: none.
    pub link: String,
}
