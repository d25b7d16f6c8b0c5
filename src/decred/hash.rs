//! BLAKE-256 (14 rounds), Hash160, and the 32-byte hash that blocks and transactions go by.

use std::fmt;
use std::str::FromStr;

use blake_hash::{Blake256, Digest as _};
use ripemd::{Digest as _, Ripemd160};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::digits;

/// BLAKE-256 with 14 rounds, as the SHA-3 submission had it: not BLAKE2, not BLAKE3.
pub fn blake256(data: &[u8]) -> [u8; 32] {
    Blake256::digest(data).into()
}

/// RIPEMD-160 of BLAKE-256: what pay-to-hash scripts commit to.
pub fn hash160(data: &[u8]) -> [u8; 20] {
    Ripemd160::digest(blake256(data)).into()
}

/// Hash of a block or transaction, kept in wire order; text is the reversed hex that every Decred
/// tool shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

pub type BlockHash = Hash;
pub type TxHash = Hash;
/// A ticket goes by the hash of the transaction that bought it.
pub type TicketHash = Hash;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a hash of 64 hex digits: {0:?}")]
pub struct HashError(String);

impl Hash {
    pub const ZERO: Hash = Hash([0; 32]);
    /// No other sorts behind it.
    pub const LAST: Hash = Hash([0xff; 32]);

    pub fn of(data: &[u8]) -> Hash {
        Hash(blake256(data))
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes: [u8; 32] =
            digits::decode(text).ok_or_else(|| HashError(text.chars().take(80).collect()))?;
        bytes.reverse();
        Ok(Hash(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .rev()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

/// Reads the text where it lies: a state has hundreds of thousands of hashes.
struct Text;

impl de::Visitor<'_> for Text {
    type Value = Hash;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hash of 64 hex digits")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Hash, E> {
        text.parse().map_err(E::custom)
    }
}
