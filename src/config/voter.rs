//! `[voter]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::check::{self, Check, optional_socket_address, socket_address};
use super::node::NodeConfig;
use super::raw::RawVoter;
use super::reader::Given;
use crate::decred::params::Network;
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

impl VoterSection {
    pub(super) fn resolve(raw: RawVoter, network: Network, check: &mut Check) -> Option<Self> {
        let params = network.params();
        let default_listen = SocketAddr::from((Ipv4Addr::LOCALHOST, params.voter_port));
        let listen = check.parse_or(raw.listen, default_listen, |text| socket_address(text));
        let token = check.need_secret(raw.token);
        let token = check.parse(token, check::token);
        let signer = check.parse_or(raw.signer, SignerKind::Memory, |signer| {
            match signer.as_str() {
                "memory" => Ok(SignerKind::Memory),
                "wallet" => Ok(SignerKind::Wallet),
                other => Err(format!("{other:?} is neither memory nor wallet")),
            }
        });
        let metrics_listen = check.parse_or(raw.metrics_listen, None, |text| {
            optional_socket_address(text)
        });
        let dcrd = NodeConfig::resolve(raw.dcrd, "voter.dcrd", params.dcrd_port, check);
        let dcrwallet = NodeConfig::resolve(
            raw.dcrwallet,
            "voter.dcrwallet",
            params.dcrwallet_port,
            check,
        );
        let path = |given: Given<PathBuf>, default: &str| {
            check.path(
                given
                    .as_ref()
                    .map_or(Path::new(default), |entry| &entry.value),
            )
        };
        Some(Self {
            listen: listen?,
            cert: path(raw.cert, "voter.cert"),
            key: path(raw.key, "voter.key"),
            token: token?,
            data_dir: path(raw.data_dir, "data"),
            extra_hosts: raw.extra_hosts.map(|hosts| hosts.value).unwrap_or_default(),
            signer: signer?,
            metrics_listen: metrics_listen?,
            dcrd: dcrd?,
            dcrwallet: dcrwallet?,
        })
    }
}
