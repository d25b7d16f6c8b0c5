//! TLS with pinned, self-signed certificates.

use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, ServerConfig};

use crate::secret::Secret;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error("not a PEM certificate: {0}")]
    Certificate(String),
    #[error("not a PEM private key: {0}")]
    Key(String),
    #[error("certificate and key do not fit: {0}")]
    Unusable(String),
    #[error("a certificate cannot be made: {0}")]
    Generate(String),
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
}

/// A client that trusts exactly the one certificate in `pinned_pem`; `alpn` such as `h2`, `http/1.1`.
pub fn client_config(pinned_pem: &str, alpn: &[&str]) -> Result<Arc<ClientConfig>, TlsError> {
    let _ = alpn;
    Err(TlsError::Certificate(pinned_pem.len().to_string()))
}

/// A server that shows `cert_pem`.
pub fn server_config(
    cert_pem: &str,
    key_pem: &Secret,
    alpn: &[&str],
) -> Result<Arc<ServerConfig>, TlsError> {
    let _ = (alpn, key_pem);
    Err(TlsError::Certificate(cert_pem.len().to_string()))
}

/// A certificate with its key, both PEM.
#[derive(Debug, Clone)]
pub struct KeyPair {
    pub cert_pem: String,
    pub key_pem: Secret,
}

/// A self-signed certificate for `hosts` (names or addresses).
pub fn self_signed(hosts: &[String]) -> Result<KeyPair, TlsError> {
    Err(TlsError::Generate(hosts.len().to_string()))
}

/// Reads certificate and key; makes and stores both (the key readable by its owner only) when
/// neither file is there. The flag says whether they are new.
pub fn load_or_make(
    cert: &Path,
    key: &Path,
    hosts: &[String],
) -> Result<(KeyPair, bool), TlsError> {
    let _ = (cert, key);
    self_signed(hosts).map(|pair| (pair, true))
}
