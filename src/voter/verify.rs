//! Does the wallet derive what web derived? What is derived in process is never trusted alone.

use super::health;
use super::links::Links;
use super::service::{refused, unavailable};
use crate::decred::address::Address;
use crate::decred::hdkey::Branch;
use crate::decred::key::PublicKey;
use crate::decred::multisig::RedeemScript;
use crate::decred::{Height, Network};
use crate::node::error::code as node_code;
use crate::node::{self, Dcrwallet};
use crate::rpc::Error;
use crate::rpc::wire::{EnrolmentProof, EnrolmentRequest, code};

/// The voter's own derivation.
#[derive(Debug, Clone)]
pub struct Verifier {
    network: Network,
    branch: Branch,
    max_index: u32,
}

/// One enrolment, derived in process.
struct Derived {
    pool_key: PublicKey,
    pool_address: String,
    script: RedeemScript,
    ticket_address: String,
}

impl Verifier {
    pub fn new(branch: Branch, max_index: u32) -> Self {
        Self {
            network: branch.network(),
            branch,
            max_index,
        }
    }

    /// Compares the wallet's derivation with the own one. A difference is `code::DISAGREES`, trouble with
    /// the daemons `code::UNAVAILABLE`.
    pub async fn verify(
        &self,
        links: &Links,
        request: &EnrolmentRequest,
    ) -> Result<EnrolmentProof, Error> {
        let derived = self.derive(request)?;
        // Behind another connection there may be another wallet.
        let wallet = links.wallet.pinned().map_err(|error| unavailable(&error))?;
        if !links.addresses_ready.holds(wallet.client()) {
            return Err(refused(
                code::UNAVAILABLE,
                &"the wallet's addresses are not synchronised yet",
            ));
        }
        let height = ready(links, &wallet).await?;
        self.wallet_has_key(&wallet, &derived).await?;
        wallet_makes_script(&wallet, request, &derived).await?;
        Ok(EnrolmentProof {
            height,
            redeem_script: derived.script.to_hex(),
            pool_pubkey_address: derived.pool_address,
            ticket_address: derived.ticket_address,
        })
    }

    fn derive(&self, request: &EnrolmentRequest) -> Result<Derived, Error> {
        let bad = |reason: &dyn ToString| refused(code::BAD_REQUEST, reason);
        if request.key_index.0 > self.max_index {
            return Err(bad(&format!(
                "key index {} is above max_users",
                request.key_index
            )));
        }
        let user = Address::decode_for(self.network, &request.user_pubkey_address)
            .map_err(|error| bad(&error))?
            .public_key()
            .ok_or_else(|| bad(&"the user's address is no public key's"))?;
        let pool_key = self
            .branch
            .key(request.key_index.0)
            .map_err(|error| bad(&error))?;
        let script = RedeemScript::new(&pool_key, &user);
        Ok(Derived {
            pool_key,
            pool_address: Address::pubkey(self.network, &pool_key).to_string(),
            ticket_address: script.address(self.network).to_string(),
            script,
        })
    }

    async fn wallet_has_key(&self, wallet: &Dcrwallet, derived: &Derived) -> Result<(), Error> {
        let address = Address::pubkey_hash(self.network, derived.pool_key.hash160()).to_string();
        let info = wallet.validate_address(&address).await;
        let info = info.map_err(|error| answer(&error))?;
        if !info.is_mine {
            return Err(disagrees(&format!(
                "the pool key of this index ({address}) is not the wallet's own"
            )));
        }
        match info.pubkey_address {
            Some(key) if key == derived.pool_address => Ok(()),
            key => Err(disagrees(&format!(
                "the wallet's key is {}, derived is {}",
                key.unwrap_or_else(|| "none".to_owned()),
                derived.pool_address
            ))),
        }
    }
}

/// The height, if both daemons are well enough to vouch for an enrolment.
async fn ready(links: &Links, wallet: &Dcrwallet) -> Result<Height, Error> {
    let dcrd = links.dcrd.pinned().map_err(|error| unavailable(&error))?;
    if !links.dcrd_fit.holds(dcrd.client()) {
        return Err(refused(
            code::UNAVAILABLE,
            &"dcrd is not checked yet, or unfit",
        ));
    }
    let asked = async {
        let (chain, info, best) =
            tokio::try_join!(dcrd.chain_info(), wallet.info(), wallet.best_block())?;
        let tip = dcrd.header_info(chain.best_block).await?;
        Ok::<_, node::Error>((chain, info, best.height, tip.time))
    };
    let (chain, info, wallet_height, tip_time) =
        asked.await.map_err(|error| unavailable(&error))?;
    let now = links.clock.unix_seconds();
    let trouble = health::dcrd_behind(&chain)
        .or_else(|| health::tip_old(links.params, tip_time, now))
        .or_else(|| health::wallet_unready(&info, wallet_height, chain.blocks));
    match trouble {
        Some(trouble) => Err(refused(code::UNAVAILABLE, &trouble)),
        None => Ok(chain.blocks),
    }
}

async fn wallet_makes_script(
    wallet: &Dcrwallet,
    request: &EnrolmentRequest,
    derived: &Derived,
) -> Result<(), Error> {
    let keys = [
        derived.pool_address.clone(),
        request.user_pubkey_address.clone(),
    ];
    let made = wallet.create_multisig(&keys[0], &keys[1]).await;
    let made = made.map_err(|error| answer(&error))?;
    if made.redeem_script != derived.script.to_bytes() || made.address != derived.ticket_address {
        return Err(disagrees(&format!(
            "the wallet makes ticket address {}, derived is {}",
            made.address, derived.ticket_address
        )));
    }
    Ok(())
}

/// A wallet that refuses a key which is right disagrees. Any other error speaks of the wallet itself (it is
/// being loaded, closes, its database is busy) or of the way there: it passes.
fn answer(error: &node::Error) -> Error {
    match error.code() {
        Some(node_code::NOT_FOUND | node_code::INVALID_PARAMETER) => disagrees(error),
        _ => unavailable(error),
    }
}

/// The same of a script.
pub(super) fn import_answer(error: &node::Error) -> Error {
    match error.code() {
        Some(node_code::DESERIALIZATION) => disagrees(error),
        _ => answer(error),
    }
}

fn disagrees(message: &dyn ToString) -> Error {
    refused(code::DISAGREES, message)
}
