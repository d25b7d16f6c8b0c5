//! What an enrolment derives in process. Never trusted alone: every wallet must derive the same.

use super::{EnrolError, Error, Settings};
use crate::decred::address::{Address, AddressKind};
use crate::decred::hdkey::{Branch, ExtendedKeyError, ExtendedPubKey};
use crate::decred::params::Network;
use crate::decred::{PublicKey, RedeemScript};
use crate::domain::KeyIndex;
use crate::rpc::wire::EnrolmentProof;

/// Lengths of the addresses that are decoded, in characters; others get an answer of their own.
const MIN_CHARS: usize = 40;
const MAX_CHARS: usize = 65;

/// The external branches of the voting and the cold wallet.
#[derive(Debug)]
pub struct Derivation {
    network: Network,
    voting: Branch,
    cold: Branch,
}

/// The texts of one enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    pub pool_pubkey_address: String,
    pub redeem_script: String,
    pub ticket_address: String,
    pub fee_address: String,
}

impl Derived {
    /// What a wallet's answer has otherwise, in words.
    pub fn difference(&self, proof: &EnrolmentProof) -> Option<String> {
        let pairs = [
            (
                "pool key",
                &proof.pool_pubkey_address,
                &self.pool_pubkey_address,
            ),
            ("redeem script", &proof.redeem_script, &self.redeem_script),
            (
                "ticket address",
                &proof.ticket_address,
                &self.ticket_address,
            ),
        ];
        pairs
            .into_iter()
            .find(|(_, theirs, ours)| theirs != ours)
            .map(|(what, theirs, ours)| format!("{what} is {theirs}, should be {ours}"))
    }
}

impl Derivation {
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let branch = |name: &str, text: &str| {
            ExtendedPubKey::parse(settings.network, text)
                .and_then(|key| key.external_branch())
                .map_err(|error| Error::Internal(format!("{name}: {error}")))
        };
        Ok(Self {
            network: settings.network,
            voting: branch(
                "pool.voting_wallet_extpub",
                settings.voting_wallet_extpub.expose(),
            )?,
            cold: branch(
                "pool.cold_wallet_extpub",
                settings.cold_wallet_extpub.expose(),
            )?,
        })
    }

    /// The key in a submitted address: the rows of the API's table from "too short" to "incorrect
    /// address type", but for the pool's own key.
    pub fn read_key(&self, text: &str) -> Result<PublicKey, EnrolError> {
        let chars = text.chars().count();
        if chars < MIN_CHARS {
            return Err(EnrolError::TooShort);
        }
        if chars > MAX_CHARS {
            return Err(EnrolError::TooLong);
        }
        let address =
            Address::decode_for(self.network, text).map_err(|_| EnrolError::Undecodable)?;
        if address.kind() != AddressKind::PubKey {
            return Err(EnrolError::WrongType);
        }
        address.public_key().ok_or(EnrolError::WrongType)
    }

    /// A key that no user has, and its address: the cold wallet's first.
    pub fn probe(&self) -> Result<(PublicKey, String), Error> {
        let key = self.cold.key(0);
        let key = key.map_err(|error| Error::Internal(format!("deriving keys: {error}")))?;
        Ok((key, Address::pubkey(self.network, &key).to_string()))
    }

    /// Everything that follows from the user's key and index. The pool's own key is refused.
    pub fn derive(&self, index: KeyIndex, user: &PublicKey) -> Result<Derived, EnrolError> {
        let pool = self.voting.key(index.0).map_err(|error| internal(&error))?;
        if pool == *user {
            return Err(EnrolError::WrongType);
        }
        let script = RedeemScript::new(&pool, user);
        Ok(Derived {
            pool_pubkey_address: Address::pubkey(self.network, &pool).to_string(),
            redeem_script: script.to_hex(),
            ticket_address: script.address(self.network).to_string(),
            fee_address: self.fee_address(index)?,
        })
    }

    /// Where the fees of a user go.
    pub fn fee_address(&self, index: KeyIndex) -> Result<String, Error> {
        let cold = self.cold.key(index.0);
        let cold = cold.map_err(|error| Error::Internal(format!("deriving keys: {error}")))?;
        Ok(Address::pubkey_hash(self.network, cold.hash160()).to_string())
    }
}

fn internal(error: &ExtendedKeyError) -> EnrolError {
    Error::Internal(format!("deriving keys: {error}")).into()
}
