//! `[[voters]]`: the voters as web sees them.

use std::path::PathBuf;

use url::Url;

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
