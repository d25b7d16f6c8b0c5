//! What the pool is told by configuration, resolved.

use super::limits::Limits;
use crate::decred::Height;
use crate::decred::params::{Network, Params};
use crate::rpc::wire::ConfigDigests;
use crate::secret::Secret;

/// The parts of `[pool]` and `[web]` that decide what the pool does.
#[derive(Debug, Clone)]
pub struct Settings {
    pub network: Network,
    /// Shown as designation.
    pub name: String,
    pub description: String,
    pub email: String,
    pub link: String,
    /// Percent in force from each height on, ascending, the first from height 0.
    pub fees: Vec<(Height, f64)>,
    /// At first; `Pool::sign` is what hangs there now.
    pub sign: DoorSign,
    pub voting_wallet_extpub: Secret,
    pub cold_wallet_extpub: Secret,
    pub min_voters: usize,
    /// The highest key index.
    pub max_users: u32,
    pub base_url: String,
    pub former_base_urls: Vec<String>,
    pub api_secret: Secret,
    pub limits: Limits,
}

/// What the operator says to visitors. May change while the pool runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DoorSign {
    /// Above every page; empty: none.
    pub notice: String,
    /// No sign-ups, no address submissions.
    pub closed: bool,
    pub closed_message: String,
}

impl DoorSign {
    /// Why nobody can sign up; `None` while the pool is open.
    pub fn closed_reason(&self) -> Option<String> {
        let reason = if self.closed_message.is_empty() {
            "the pool is closed"
        } else {
            &self.closed_message
        };
        self.closed.then(|| reason.to_owned())
    }
}

impl Settings {
    pub fn params(&self) -> &'static Params {
        self.network.params()
    }

    /// A link into the site; `path` begins with a slash.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.trim_end_matches('/'))
    }

    /// A link that holds a mailed token.
    pub fn token_link(&self, path: &str, token: &Secret) -> String {
        format!("{}?t={}", self.link(path), token.expose())
    }

    /// Whether API tokens of this issuer are ours.
    pub fn is_issuer(&self, issuer: &str) -> bool {
        self.base_url == issuer || self.former_base_urls.iter().any(|url| url == issuer)
    }

    /// The fee in percent at a height.
    pub fn fee_percent(&self, at: Height) -> f64 {
        self.fees
            .iter()
            .rev()
            .find(|(from, _)| *from <= at)
            .or_else(|| self.fees.first())
            .map_or(0.0, |(_, percent)| *percent)
    }
}

/// The names of the keys whose digests differ between web and a voter.
pub fn differing_keys(ours: &ConfigDigests, theirs: &ConfigDigests) -> Vec<String> {
    let mut names: Vec<String> = ours
        .0
        .iter()
        .filter(|(name, digest)| theirs.0.get(*name) != Some(digest))
        .map(|(name, _)| name.clone())
        .collect();
    names.extend(
        theirs
            .0
            .keys()
            .filter(|name| !ours.0.contains_key(*name))
            .cloned(),
    );
    names
}
