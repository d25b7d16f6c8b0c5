//! The 1-of-2 redeem script that lets the pool or the user vote a ticket.

use std::fmt;

use super::address::Address;
use super::digits;
use super::hash::hash160;
use super::key::PublicKey;
use super::params::Network;
use super::script::{OP_1, OP_2, OP_CHECKMULTISIG};

const KEY_BYTES: u8 = 33;
const SCRIPT_BYTES: usize = 71;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedeemScriptError {
    #[error("not hex")]
    Hex,
    #[error("not a 1-of-2 script of two compressed keys")]
    Shape,
    #[error("a key of the script is not a point on the secp256k1 curve")]
    NotOnCurve,
}

/// `1 <pool key> <user key> 2 CHECKMULTISIG`: the pool's key first, never sorted.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RedeemScript {
    pool: PublicKey,
    user: PublicKey,
}

impl RedeemScript {
    pub fn new(pool: &PublicKey, user: &PublicKey) -> Self {
        Self {
            pool: *pool,
            user: *user,
        }
    }

    pub fn parse(script: &[u8]) -> Result<Self, RedeemScriptError> {
        let key = |bytes: &[u8; 33]| {
            PublicKey::from_bytes(bytes).map_err(|_| RedeemScriptError::NotOnCurve)
        };
        let (pool, user) = keys(script)?;
        Ok(Self::new(&key(pool)?, &key(user)?))
    }

    pub fn from_hex(text: &str) -> Result<Self, RedeemScriptError> {
        let bytes = hex::decode(text).map_err(|_| RedeemScriptError::Hex)?;
        Self::parse(&bytes)
    }

    /// One that was parsed before it was stored: that its keys are points on the curve, which takes most
    /// of the time, is not looked at again.
    pub fn from_stored_hex(text: &str) -> Result<Self, RedeemScriptError> {
        let bytes: [u8; SCRIPT_BYTES] = digits::decode(text).ok_or(RedeemScriptError::Hex)?;
        let key = |bytes: &[u8; 33]| PublicKey::stored(*bytes).ok_or(RedeemScriptError::NotOnCurve);
        let (pool, user) = keys(&bytes)?;
        Ok(Self::new(&key(pool)?, &key(user)?))
    }

    pub fn pool_key(&self) -> &PublicKey {
        &self.pool
    }

    pub fn user_key(&self) -> &PublicKey {
        &self.user
    }

    pub fn to_bytes(&self) -> [u8; SCRIPT_BYTES] {
        let mut bytes = [0; SCRIPT_BYTES];
        let parts = [OP_1, KEY_BYTES]
            .into_iter()
            .chain(*self.pool.as_bytes())
            .chain([KEY_BYTES])
            .chain(*self.user.as_bytes())
            .chain([OP_2, OP_CHECKMULTISIG]);
        for (byte, part) in bytes.iter_mut().zip(parts) {
            *byte = part;
        }
        bytes
    }

    pub fn to_hex(&self) -> String {
        hex::encode(self.to_bytes())
    }

    pub fn hash160(&self) -> [u8; 20] {
        hash160(&self.to_bytes())
    }

    /// The ticket address: pay to the script's hash.
    pub fn address(&self, network: Network) -> Address {
        Address::script_hash(network, self.hash160())
    }
}

/// The pool's key and the user's.
fn keys(script: &[u8]) -> Result<(&[u8; 33], &[u8; 33]), RedeemScriptError> {
    let keys = script
        .strip_prefix(&[OP_1, KEY_BYTES])
        .and_then(|rest| rest.strip_suffix(&[OP_2, OP_CHECKMULTISIG]))
        .ok_or(RedeemScriptError::Shape)?;
    let (pool, rest) = keys
        .split_first_chunk::<33>()
        .ok_or(RedeemScriptError::Shape)?;
    let user = rest
        .strip_prefix(&[KEY_BYTES])
        .and_then(|user| user.try_into().ok())
        .ok_or(RedeemScriptError::Shape)?;
    Ok((pool, user))
}

impl fmt::Debug for RedeemScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}
