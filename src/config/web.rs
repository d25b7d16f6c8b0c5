//! `[web]` and `[web.limits]`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use http::HeaderName;
use ipnet::IpNet;
use url::Url;

use super::check::{Check, in_range, optional_socket_address, socket_address};
use super::raw::{RawLimits, RawWeb};
use super::reader::Entry;
use crate::domain::UserId;
use crate::secret::Secret;

/// The site and its API.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, not one state"
)]
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
    /// Their pages open only to those of them who turned theirs on.
    pub admins_need_second_factor: bool,
    pub metrics_listen: Option<SocketAddr>,
    pub captcha: bool,
    /// Where the operator's logo, colours and texts lie.
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
    pub preference_per_minute: u32,
}

/// Where the site is reached from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    url: Url,
}

impl BaseUrl {
    /// An API token with it, and with a user id of ten digits, has the 255 characters of `Users.APIToken`.
    pub const LONGEST: usize = 79;

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
    /// Why it is no http or https address without query and fragment, or that it is too long.
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
        if text.len() > Self::LONGEST {
            return Err(format!(
                "has {} characters, {} at most: API tokens name it, and longer ones do not fit into the database",
                text.len(),
                Self::LONGEST
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            url,
        })
    }
}

/// Below this a key can be guessed.
const SECRET_LENGTH: usize = 32;

impl WebSection {
    pub(super) fn resolve(raw: RawWeb, check: &mut Check) -> Option<Self> {
        let base = check.path(Path::new(""));
        let default_listen = vec![ListenAddress::Tcp((Ipv4Addr::LOCALHOST, 8000).into())];
        let listen = raw.listen.filter(|list| !list.value.is_empty());
        let listen = check.parse_all(listen, default_listen, |text| listen_address(text, &base));
        let base_url = check.need(raw.base_url, "web.base_url");
        let base_url = check.parse(base_url, |text| BaseUrl::parse(text));
        let former_base_urls = check.parse_all(raw.former_base_urls, Vec::new(), |text| {
            BaseUrl::parse(text).map(|_| text.clone())
        });
        let api_secret = check.need_secret(raw.api_secret);
        let monitor_token = check.secret(raw.monitor_token);
        let real_ip_header = check.parse_or(raw.real_ip_header, None, |name| header(name));
        let loopback = || {
            vec![
                IpAddr::from(Ipv4Addr::LOCALHOST),
                Ipv6Addr::LOCALHOST.into(),
            ]
        };
        let loopback = || loopback().into_iter().map(IpNet::from).collect();
        let trusted_proxies = check.parse_all(raw.trusted_proxies, loopback(), |it| network(it));
        let admin_ips = check.parse_all(raw.admin_ips, loopback(), |it| network(it));
        let admin_user_ids = check.parse_all(raw.admin_user_ids, Vec::new(), |id| {
            in_range(*id, 1, i64::MAX).map(UserId)
        });
        let metrics_listen = check.parse_or(raw.metrics_listen, None, |text| {
            optional_socket_address(text)
        });
        let assets = raw
            .assets_dir
            .filter(|dir| !dir.value.as_os_str().is_empty());
        let assets_dir = assets.and_then(|dir| folder(&dir, check));
        let limits = LimitsConfig::resolve(&raw.limits, check);
        let section = Self {
            listen,
            base_url: base_url?,
            former_base_urls,
            api_secret: api_secret?.value,
            monitor_token: monitor_token.map(|it| it.value).filter(|it| !it.is_empty()),
            cookie_secure: raw.cookie_secure.is_none_or(|entry| entry.value),
            real_ip_header: real_ip_header?,
            trusted_proxies,
            start_without_voters: raw.start_without_voters.is_some_and(|entry| entry.value),
            admin_ips,
            admin_user_ids,
            admins_need_second_factor: raw.admins_need_second_factor.is_some_and(|it| it.value),
            metrics_listen: metrics_listen?,
            captcha: raw.captcha.is_none_or(|entry| entry.value),
            assets_dir,
            limits: limits?,
        };
        section.warn(check);
        Some(section)
    }

    /// What works, but hardly as it was meant.
    fn warn(&self, check: &mut Check) {
        if self.api_secret.expose().chars().count() < SECRET_LENGTH {
            check.warn(format!(
                "web.api_secret has less than {SECRET_LENGTH} characters: API tokens can be forged \
                 by who guesses it"
            ));
        }
        if self.cookie_secure && self.base_url.url().scheme() == "http" {
            check.warn(
                "web.cookie_secure is on, but web.base_url is not https: browsers may not sign in",
            );
        }
        let behind_socket = self
            .listen
            .iter()
            .any(|listen| matches!(listen, ListenAddress::Unix(_)));
        if self.real_ip_header.is_some() && self.trusted_proxies.is_empty() && !behind_socket {
            check.warn("web.real_ip_header is never believed: web.trusted_proxies is empty");
        }
    }
}

impl LimitsConfig {
    fn resolve(raw: &RawLimits, check: &mut Check) -> Option<Self> {
        let mut limit = |given: &Option<Entry<i64>>, default: u32| {
            check.parse_or(given.clone(), default, |n| in_range(*n, 0, 1_000_000))
        };
        let sign_in_per_minute = limit(&raw.sign_in_per_minute, 10);
        let sign_up_per_hour = limit(&raw.sign_up_per_hour, 10);
        let mail_per_hour = limit(&raw.mail_per_hour, 5);
        let address_per_hour = limit(&raw.address_per_hour, 10);
        let preference_per_minute = limit(&raw.preference_per_minute, 60);
        Some(Self {
            sign_in_per_minute: sign_in_per_minute?,
            sign_up_per_hour: sign_up_per_hour?,
            mail_per_hour: mail_per_hour?,
            address_per_hour: address_per_hour?,
            preference_per_minute: preference_per_minute?,
        })
    }
}

fn listen_address(text: &str, base: &Path) -> Result<ListenAddress, String> {
    match text.strip_prefix("unix:") {
        Some("") => Err("unix: needs a path".into()),
        Some(path) => Ok(ListenAddress::Unix(base.join(path))),
        None => socket_address(text)
            .map(ListenAddress::Tcp)
            .map_err(|reason| format!("{reason} or unix:/path")),
    }
}

fn header(name: &str) -> Result<Option<HeaderName>, String> {
    if name.is_empty() {
        return Ok(None);
    }
    HeaderName::try_from(name)
        .map(Some)
        .map_err(|_| format!("{name:?} is not the name of a header"))
}

/// An address or a network in CIDR form.
fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| format!("{text:?} is neither an address nor a network such as 10.0.0.0/8"))
}

fn folder(dir: &Entry<PathBuf>, check: &mut Check) -> Option<PathBuf> {
    let path = check.path(&dir.value);
    if !path.is_dir() {
        check.reject(dir, format!("{} is not a folder", path.display()));
        return None;
    }
    Some(path)
}
