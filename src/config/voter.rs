//! `[voter]`.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::node::NodeConfig;
use crate::rpc::wire::SignerKind;
use crate::secret::Secret;

/// One voting node, from inside.
#[derive(Debug, Clone)]
pub struct VoterSection {
    pub listen: SocketAddr,
    /// Certificate and key of the internal RPC; made at first start when missing.
    pub cert: PathBuf,
    pub key: PathBuf,
    pub token: Secret,
    pub data_dir: PathBuf,
    /// Names and addresses for the certificate, beside the host's own and `listen`'s.
    pub extra_hosts: Vec<String>,
    pub signer: SignerKind,
    pub metrics_listen: Option<SocketAddr>,
    pub dcrd: NodeConfig,
    pub dcrwallet: NodeConfig,
}
