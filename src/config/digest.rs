//! Digests of what web and voters must have alike.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::pool::PoolConfig;
use crate::decred::hash::blake256;
use crate::decred::params::Network;
use crate::rpc::wire::ConfigDigests;
use crate::secret::Secret;

/// One digest per key, named as in the file. `token` is the one that this voter and web share: who
/// sees the digest without it cannot test guesses of the voting key.
pub fn digests(network: Network, pool: &PoolConfig, token: &Secret) -> ConfigDigests {
    let plain = |text: &str| hex::encode(blake256(text.as_bytes()));
    let mut former: Vec<&str> = pool
        .former_cold_extpubs
        .iter()
        .map(Secret::expose)
        .collect();
    former.sort_unstable();
    let fees: Vec<String> = pool
        .fees
        .iter()
        .map(|step| format!("{}:{:.2}", step.from, step.percent))
        .collect();
    ConfigDigests(BTreeMap::from([
        ("network".to_owned(), plain(&network.to_string())),
        (
            ConfigDigests::VOTING_KEY.to_owned(),
            keyed(token, pool.voting_extpub.expose()),
        ),
        (
            "pool.cold_wallet_extpub".to_owned(),
            keyed(token, pool.cold_extpub.expose()),
        ),
        (
            "pool.former_cold_wallet_extpubs".to_owned(),
            keyed(token, &former.join(",")),
        ),
        ("pool.fees".to_owned(), plain(&fees.join(","))),
        (
            "pool.max_users".to_owned(),
            plain(&pool.max_users.to_string()),
        ),
    ]))
}

fn keyed(token: &Secret, text: &str) -> String {
    match Hmac::<Sha256>::new_from_slice(token.expose().as_bytes()) {
        Ok(mut mac) => {
            mac.update(b"dcrstakepool config ");
            mac.update(text.as_bytes());
            hex::encode(mac.finalize().into_bytes())
        }
        // HMAC takes keys of any length.
        Err(_) => String::new(),
    }
}
