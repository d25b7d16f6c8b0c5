//! `[web]` and `[web.limits]`.

use std::net::SocketAddr;
use std::path::PathBuf;

use http::HeaderName;
use ipnet::IpNet;
use url::Url;

use crate::domain::UserId;
use crate::secret::Secret;

/// The site and its API.
#[derive(Debug, Clone)]
pub struct WebSection {
    /// Never empty.
    pub listen: Vec<ListenAddress>,
    pub base_url: BaseUrl,
    /// Issuers of API tokens that stay valid, as they were written.
    pub former_base_urls: Vec<String>,
    /// Key of the API tokens, and what the other keys are derived from.
    pub api_secret: Secret,
    pub monitor_token: Option<Secret>,
    pub cookie_secure: bool,
    pub real_ip_header: Option<HeaderName>,
    pub trusted_proxies: Vec<IpNet>,
    /// Serve at once, enrolment closed until enough voters are there.
    pub start_without_voters: bool,
    pub admin_ips: Vec<IpNet>,
    pub admin_user_ids: Vec<UserId>,
    pub metrics_listen: Option<SocketAddr>,
    pub captcha: bool,
    /// Overrides embedded assets.
    pub assets_dir: Option<PathBuf>,
    pub limits: LimitsConfig,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// Rates per client and per account; 0: off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitsConfig {
    pub sign_in_per_minute: u32,
    pub sign_up_per_hour: u32,
    pub mail_per_hour: u32,
    pub address_per_hour: u32,
}

/// Where the site is reached from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    url: Url,
}

impl BaseUrl {
    /// The text as configured: issuer (`iss`) of API tokens.
    pub fn issuer(&self) -> &str {
        &self.text
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    /// A link into the site; `path` begins with a slash.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.text.trim_end_matches('/'))
    }

    /// # Errors
    /// Why it is no http or https address without query and fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("not an address: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err("must begin with https:// (or http:// for tests) and name a host".into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("must have no ? and no #".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must have no user and no password".into());
        }
        Ok(Self {
            text: text.to_owned(),
            url,
        })
    }
}
