//! What the tools of ticket holders are told on the command line: daemons, and files with secrets.

use std::path::Path;

use anyhow::Context as _;

use super::Failure;
use crate::cli::{VoteArgs, WalletArgs};
use crate::config::node::host_port;
use crate::decred::Network;
use crate::node;
use crate::secret::Secret;

/// The holder's wallet.
pub fn wallet(args: &WalletArgs, network: Network) -> Result<node::Config, Failure> {
    let host = host_port(&args.wallet, network.params().dcrwallet_port)
        .map_err(|reason| Failure::usage(anyhow::anyhow!("--wallet: {reason}")))?;
    Ok(node::Config {
        name: "dcrwallet",
        host,
        user: args.wallet_user.clone(),
        password: read_secret(&args.wallet_password_file, "the wallet's password")?,
        cert_pem: read(&args.wallet_cert, "the wallet's certificate")?,
    })
}

/// The dcrd that names winners.
pub fn dcrd(args: &VoteArgs, network: Network) -> Result<node::Config, Failure> {
    let host = host_port(&args.dcrd, network.params().dcrd_port)
        .map_err(|reason| Failure::usage(anyhow::anyhow!("--dcrd: {reason}")))?;
    Ok(node::Config {
        name: "dcrd",
        host,
        user: args.dcrd_user.clone(),
        password: read_secret(&args.dcrd_password_file, "dcrd's password")?,
        cert_pem: read(&args.dcrd_cert, "dcrd's certificate")?,
    })
}

/// The trimmed content of a file; an empty one is refused. `what` is for the error.
pub fn read_secret(path: &Path, what: &str) -> Result<Secret, Failure> {
    let secret = Secret::new(read(path, what)?.trim());
    if secret.is_empty() {
        let empty = anyhow::anyhow!("{} is empty: it must hold {what}", path.display());
        return Err(Failure::config(empty));
    }
    Ok(secret)
}

pub fn read(path: &Path, what: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {what} from {}", path.display()))
        .map_err(Failure::config)
}
