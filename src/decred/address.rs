//! Addresses of all kinds. Decoding says the kind and the network, or exactly what is wrong.

use std::fmt;

use super::base58check::{self, Base58Error, Checksum, Decoded};
use super::hash::hash160;
use super::key::{KeyError, PublicKey};
use super::params::{AddressPrefixes, Network};
use super::script::{self, PayTo};

/// Prefix and checked payload of an address on a public key, and on a hash.
const PUBKEY_BYTES: usize = 2 + 33;
const HASH_BYTES: usize = 2 + 20;

/// The bit of a public-key address's first byte that says y is odd; the others are the signature type.
const ODD_Y: u8 = 0x80;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("no address given")]
    Empty,
    #[error("character {0:?} is not base58")]
    Character(char),
    #[error("an address of another length: characters are missing or too many")]
    Length,
    #[error("the address's checksum is wrong: a character was changed")]
    Checksum,
    #[error("the address's first characters belong to no known network and kind")]
    UnknownPrefix,
    #[error("the public key in the address is not a point on the secp256k1 curve")]
    NotOnCurve,
    #[error("signature type {0} of the address is unknown")]
    SignatureType(u8),
    #[error("an address of {found}, not of {expected}")]
    Network { expected: Network, found: Network },
}

/// What an address pays to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressKind {
    /// A secp256k1 key itself: what users submit.
    PubKey,
    PubKeyHash,
    ScriptHash,
    /// Schnorr signatures on secp256k1, an unused type.
    PubKeySchnorr,
    PubKeyHashSchnorr,
    /// Ed25519, an unused type; whether the point is on its curve is not checked.
    PubKeyEdwards,
    PubKeyHashEdwards,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Payload {
    Key(PublicKey),
    Edwards([u8; 32]),
    Hash([u8; 20]),
}

/// A valid address of one network.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    network: Network,
    kind: AddressKind,
    payload: Payload,
}

impl Address {
    /// Decodes an address of any network.
    pub fn decode(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let decoded = Decoded::new(text)?;
        // Lost or added characters are named as such: a checksum that fails for that reason says less.
        if !matches!(decoded.payload_len(), Some(PUBKEY_BYTES | HASH_BYTES)) {
            return Err(AddressError::Length);
        }
        let payload = decoded.payload(Checksum::Twice)?;
        let (prefix, data) = payload
            .split_first_chunk::<2>()
            .ok_or(AddressError::Length)?;
        let (network, kind) = kind_of(*prefix).ok_or(AddressError::UnknownPrefix)?;
        if kind == AddressKind::PubKey {
            return Self::from_key_data(network, data);
        }
        let hash = data.try_into().map_err(|_| AddressError::Length)?;
        Ok(Self {
            network,
            kind,
            payload: Payload::Hash(hash),
        })
    }

    /// Decodes an address that must be one of `expected`.
    pub fn decode_for(expected: Network, text: &str) -> Result<Self, AddressError> {
        let address = Self::decode(text)?;
        if address.network == expected {
            Ok(address)
        } else {
            Err(AddressError::Network {
                expected,
                found: address.network,
            })
        }
    }

    fn from_key_data(network: Network, data: &[u8]) -> Result<Self, AddressError> {
        let (first, x) = data.split_first().ok_or(AddressError::Length)?;
        let x: [u8; 32] = x.try_into().map_err(|_| AddressError::Length)?;
        let kind = match first & !ODD_Y {
            0 => AddressKind::PubKey,
            1 => AddressKind::PubKeyEdwards,
            2 => AddressKind::PubKeySchnorr,
            other => return Err(AddressError::SignatureType(other)),
        };
        let payload = if kind == AddressKind::PubKeyEdwards {
            Payload::Edwards(x)
        } else {
            let mut key = [0; 33];
            if let Some((sign, rest)) = key.split_first_mut() {
                *sign = if first & ODD_Y == 0 { 2 } else { 3 };
                rest.copy_from_slice(&x);
            }
            Payload::Key(PublicKey::from_bytes(&key)?)
        };
        Ok(Self {
            network,
            kind,
            payload,
        })
    }

    /// The address of a secp256k1 key itself.
    pub fn pubkey(network: Network, key: &PublicKey) -> Self {
        Self {
            network,
            kind: AddressKind::PubKey,
            payload: Payload::Key(*key),
        }
    }

    pub fn pubkey_hash(network: Network, hash: [u8; 20]) -> Self {
        Self {
            network,
            kind: AddressKind::PubKeyHash,
            payload: Payload::Hash(hash),
        }
    }

    pub fn script_hash(network: Network, hash: [u8; 20]) -> Self {
        Self {
            network,
            kind: AddressKind::ScriptHash,
            payload: Payload::Hash(hash),
        }
    }

    pub fn network(&self) -> Network {
        self.network
    }

    pub fn kind(&self) -> AddressKind {
        self.kind
    }

    /// The key of a `PubKey` address; `None` for every other kind.
    pub fn public_key(&self) -> Option<PublicKey> {
        match (self.kind, self.payload) {
            (AddressKind::PubKey, Payload::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// The hash paid to; for an address of a key, the hash of that key.
    pub fn hash160(&self) -> [u8; 20] {
        match self.payload {
            Payload::Key(key) => key.hash160(),
            Payload::Edwards(key) => hash160(&key),
            Payload::Hash(hash) => hash,
        }
    }

    /// What a stake output or commitment can pay to; `None` for the unused signature types.
    pub fn pay_to(&self) -> Option<PayTo> {
        match self.kind {
            AddressKind::PubKey | AddressKind::PubKeyHash => {
                Some(PayTo::PubKeyHash(self.hash160()))
            }
            AddressKind::ScriptHash => Some(PayTo::ScriptHash(self.hash160())),
            _ => None,
        }
    }

    /// The same address as one of a hash: a key's becomes its key hash's.
    #[must_use]
    pub fn to_hash_address(&self) -> Self {
        let kind = match self.kind {
            AddressKind::PubKey => AddressKind::PubKeyHash,
            AddressKind::PubKeySchnorr => AddressKind::PubKeyHashSchnorr,
            AddressKind::PubKeyEdwards => AddressKind::PubKeyHashEdwards,
            other => other,
        };
        Self {
            network: self.network,
            kind,
            payload: Payload::Hash(self.hash160()),
        }
    }

    /// The script that pays to this address.
    pub fn script(&self) -> Vec<u8> {
        let alternative = match self.kind {
            AddressKind::PubKeyEdwards | AddressKind::PubKeyHashEdwards => Some(script::OP_1),
            AddressKind::PubKeySchnorr | AddressKind::PubKeyHashSchnorr => Some(script::OP_2),
            _ => None,
        };
        let check = |mut script: Vec<u8>| {
            match alternative {
                None => script.push(script::OP_CHECKSIG),
                Some(kind) => script.extend_from_slice(&[kind, script::OP_CHECKSIGALT]),
            }
            script
        };
        match (self.kind, self.payload) {
            (AddressKind::ScriptHash, _) => PayTo::ScriptHash(self.hash160()).script(),
            (_, Payload::Key(key)) => check(script::push(key.as_bytes())),
            (_, Payload::Edwards(key)) => check(script::push(&key)),
            (_, Payload::Hash(hash)) => {
                let mut script = PayTo::PubKeyHash(hash).script();
                script.pop();
                check(script)
            }
        }
    }
}

fn kind_of(prefix: [u8; 2]) -> Option<(Network, AddressKind)> {
    const KINDS: [AddressKind; 5] = [
        AddressKind::PubKey,
        AddressKind::PubKeyHash,
        AddressKind::ScriptHash,
        AddressKind::PubKeyHashSchnorr,
        AddressKind::PubKeyHashEdwards,
    ];
    Network::ALL.into_iter().find_map(|network| {
        let prefixes = &network.params().addresses;
        KINDS
            .into_iter()
            .find(|kind| prefix_of(prefixes, *kind) == prefix)
            .map(|kind| (network, kind))
    })
}

fn prefix_of(prefixes: &AddressPrefixes, kind: AddressKind) -> [u8; 2] {
    match kind {
        AddressKind::PubKey | AddressKind::PubKeySchnorr | AddressKind::PubKeyEdwards => {
            prefixes.pubkey
        }
        AddressKind::PubKeyHash => prefixes.pubkey_hash,
        AddressKind::ScriptHash => prefixes.script_hash,
        AddressKind::PubKeyHashSchnorr => prefixes.pubkey_hash_schnorr,
        AddressKind::PubKeyHashEdwards => prefixes.pubkey_hash_edwards,
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(PUBKEY_BYTES);
        bytes.extend_from_slice(&prefix_of(&self.network.params().addresses, self.kind));
        match &self.payload {
            Payload::Key(key) => {
                let kind = if self.kind == AddressKind::PubKeySchnorr {
                    2
                } else {
                    0
                };
                bytes.push(kind | if key.is_odd() { ODD_Y } else { 0 });
                bytes.extend_from_slice(key.x());
            }
            Payload::Edwards(key) => {
                bytes.push(1);
                bytes.extend_from_slice(key);
            }
            Payload::Hash(hash) => bytes.extend_from_slice(hash),
        }
        f.write_str(&base58check::encode(&bytes, Checksum::Twice))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Base58Error> for AddressError {
    fn from(error: Base58Error) -> Self {
        match error {
            Base58Error::Character(character) => AddressError::Character(character),
            Base58Error::TooLong | Base58Error::TooShort => AddressError::Length,
            Base58Error::Checksum => AddressError::Checksum,
        }
    }
}

impl From<KeyError> for AddressError {
    fn from(_: KeyError) -> Self {
        AddressError::NotOnCurve
    }
}
