//! `[voter.dcrd]` and `[voter.dcrwallet]`.

use std::path::PathBuf;

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
