//! What the site must know, resolved: no option without a meaning.

use std::net::SocketAddr;
use std::path::PathBuf;

use http::HeaderName;
use ipnet::IpNet;

use crate::domain::UserId;
use crate::secret::Secret;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    Tcp(SocketAddr),
    /// A socket file; whoever may open it is trusted to name the client.
    Unix(PathBuf),
}

/// What `[web]` says about HTTP; everything else is asked of the pool.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Cookies are for HTTPS only.
    pub cookie_secure: bool,
    /// Peers that are believed when they name the client.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they do; `None`: the peer is the client.
    pub real_ip_header: Option<HeaderName>,
    pub admin_ips: Vec<IpNet>,
    pub admin_user_ids: Vec<UserId>,
    /// An operator without a second factor may do nothing but turn it on.
    pub admins_need_second_factor: bool,
    /// Opens `/status` and `/alertz` to monitors; `None`: to nobody.
    pub monitor_token: Option<Secret>,
    /// Asks at sign-up and password reset whether a person is there, and after failed sign-ins.
    pub captcha: bool,
}
