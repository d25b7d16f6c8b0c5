//! Extended public keys and their children (BIP32 with Decred's hashes and version bytes), and the
//! branch private key that one child's private key gives away.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use k256::elliptic_curve::PrimeField;
use k256::{ProjectivePoint, Scalar};
use sha2::Sha512;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::base58check::{self, Base58Error, Checksum, Decoded};
use super::hash::hash160;
use super::key::{KeyError, PrivateKey, PublicKey};
use super::params::Network;

/// Version, depth, parent's fingerprint, child number, chain code, key.
const EXTENDED_KEY_BYTES: usize = 4 + 1 + 4 + 4 + 32 + 33;

/// Children from here on are hardened: only the private key has them.
const FIRST_HARDENED: u32 = 1 << 31;

/// The branch of an account for receiving addresses.
const EXTERNAL_BRANCH: u32 = 0;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtendedKeyError {
    #[error("no extended public key given")]
    Empty,
    #[error("this is an extended PRIVATE key: give the public one, and treat this one as leaked")]
    Private,
    #[error("character {0:?} is not base58")]
    Character(char),
    #[error("not an extended public key: it has another length")]
    Length,
    #[error("the extended public key's checksum is wrong: a character was changed")]
    Checksum,
    #[error("not an extended public key of Decred")]
    UnknownVersion,
    #[error("an extended public key of {found}, not of {expected}")]
    Network { expected: Network, found: Network },
    #[error("the extended public key is not a point on the secp256k1 curve")]
    NotOnCurve,
    #[error("child {0} is hardened: an extended public key does not have it")]
    Hardened(u32),
    #[error("child {0} does not exist: take the next")]
    NoSuchChild(u32),
    #[error("the private key is not child {0} of this extended public key")]
    NotTheChild(u32),
}

/// An extended public key. A secret where it is a voting wallet's: it prints as `<redacted>` and is
/// wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ExtendedPubKey {
    #[zeroize(skip)]
    network: Network,
    depth: u8,
    fingerprint: [u8; 4],
    child_number: u32,
    chain_code: [u8; 32],
    #[zeroize(skip)]
    key: PublicKey,
}

impl ExtendedPubKey {
    /// Reads the text form, which must be of `expected`.
    pub fn parse(expected: Network, text: &str) -> Result<Self, ExtendedKeyError> {
        if text.is_empty() {
            return Err(ExtendedKeyError::Empty);
        }
        let decoded = Decoded::new(text)?;
        if decoded.payload_len() != Some(EXTENDED_KEY_BYTES) {
            return Err(ExtendedKeyError::Length);
        }
        let payload = decoded.payload(Checksum::Twice)?;
        let (version, rest) = split::<4>(payload)?;
        let found = network_of(version)?;
        if found != expected {
            return Err(ExtendedKeyError::Network { expected, found });
        }
        let ([depth], rest) = split::<1>(rest)?;
        let (fingerprint, rest) = split::<4>(rest)?;
        let (child_number, rest) = split::<4>(rest)?;
        let (chain_code, key) = split::<32>(rest)?;
        Ok(Self {
            network: found,
            depth,
            fingerprint,
            child_number: u32::from_be_bytes(child_number),
            chain_code,
            key: PublicKey::from_bytes(key).map_err(|_| ExtendedKeyError::NotOnCurve)?,
        })
    }

    /// The text form: as secret as the key.
    pub fn encode(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(EXTENDED_KEY_BYTES));
        bytes.extend_from_slice(&self.network.params().extended_public);
        bytes.push(self.depth);
        bytes.extend_from_slice(&self.fingerprint);
        bytes.extend_from_slice(&self.child_number.to_be_bytes());
        bytes.extend_from_slice(&self.chain_code);
        bytes.extend_from_slice(self.key.as_bytes());
        Zeroizing::new(base58check::encode(&bytes, Checksum::Twice))
    }

    pub fn network(&self) -> Network {
        self.network
    }

    pub fn public_key(&self) -> PublicKey {
        self.key
    }

    /// A child that is not hardened.
    pub fn child(&self, index: u32) -> Result<Self, ExtendedKeyError> {
        let (tweak, chain_code) = self.tweak(index)?;
        let [a, b, c, d, ..] = hash160(self.key.as_bytes());
        Ok(Self {
            network: self.network,
            depth: self
                .depth
                .checked_add(1)
                .ok_or(ExtendedKeyError::NoSuchChild(index))?,
            fingerprint: [a, b, c, d],
            child_number: index,
            chain_code,
            key: self.tweaked(index, &tweak)?,
        })
    }

    /// The account's branch 0, which addresses are given out from.
    pub fn external_branch(&self) -> Result<Branch, ExtendedKeyError> {
        Branch::new(self.child(EXTERNAL_BRANCH)?)
    }

    /// What a child's key adds to this one, and the child's chain code.
    fn tweak(&self, index: u32) -> Result<(Scalar, [u8; 32]), ExtendedKeyError> {
        if index >= FIRST_HARDENED {
            return Err(ExtendedKeyError::Hardened(index));
        }
        let missing = ExtendedKeyError::NoSuchChild(index);
        let mut mac = Hmac::<Sha512>::new_from_slice(&self.chain_code)
            .map_err(|_| ExtendedKeyError::NoSuchChild(index))?;
        mac.update(self.key.as_bytes());
        mac.update(&index.to_be_bytes());
        let output: Zeroizing<[u8; 64]> = Zeroizing::new(mac.finalize().into_bytes().into());
        let (left, right) = output.split_first_chunk::<32>().ok_or(missing.clone())?;
        let tweak: Option<Scalar> = Scalar::from_repr((*left).into()).into();
        let chain_code = right.try_into().map_err(|_| missing.clone())?;
        Ok((tweak.ok_or(missing)?, chain_code))
    }

    fn tweaked(&self, index: u32, tweak: &Scalar) -> Result<PublicKey, ExtendedKeyError> {
        let parent = self.key.point().ok_or(ExtendedKeyError::NotOnCurve)?;
        let child = ProjectivePoint::mul_by_generator(tweak) + parent;
        PublicKey::of_point(&child.to_affine()).ok_or(ExtendedKeyError::NoSuchChild(index))
    }
}

fn split<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), ExtendedKeyError> {
    bytes
        .split_first_chunk::<N>()
        .map(|(head, rest)| (*head, rest))
        .ok_or(ExtendedKeyError::Length)
}

fn network_of(version: [u8; 4]) -> Result<Network, ExtendedKeyError> {
    for network in Network::ALL {
        let params = network.params();
        if version == params.extended_private {
            return Err(ExtendedKeyError::Private);
        }
        if version == params.extended_public {
            return Ok(network);
        }
    }
    Err(ExtendedKeyError::UnknownVersion)
}

impl fmt::Debug for ExtendedPubKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl From<Base58Error> for ExtendedKeyError {
    fn from(error: Base58Error) -> Self {
        match error {
            Base58Error::Character(character) => ExtendedKeyError::Character(character),
            Base58Error::TooLong | Base58Error::TooShort => ExtendedKeyError::Length,
            Base58Error::Checksum => ExtendedKeyError::Checksum,
        }
    }
}

/// The external branch of an account: one key per index.
#[derive(Clone)]
pub struct Branch {
    extended: ExtendedPubKey,
    /// The branch's key, decompressed once: it is added to for every child.
    point: ProjectivePoint,
}

impl Branch {
    fn new(extended: ExtendedPubKey) -> Result<Self, ExtendedKeyError> {
        let point = extended.key.point().ok_or(ExtendedKeyError::NotOnCurve)?;
        Ok(Self { extended, point })
    }

    pub fn network(&self) -> Network {
        self.extended.network
    }

    /// The extended public key of the branch itself.
    pub fn extended(&self) -> &ExtendedPubKey {
        &self.extended
    }

    /// The key of one index.
    pub fn key(&self, index: u32) -> Result<PublicKey, ExtendedKeyError> {
        let (tweak, _) = self.extended.tweak(index)?;
        let child = ProjectivePoint::mul_by_generator(&tweak) + self.point;
        PublicKey::of_point(&child.to_affine()).ok_or(ExtendedKeyError::NoSuchChild(index))
    }

    /// The private key of the whole branch, from the private key of the child `index`: child less tweak.
    pub fn private(
        &self,
        index: u32,
        child: &PrivateKey,
    ) -> Result<BranchPrivateKey, ExtendedKeyError> {
        if self.key(index)? != child.public_key() {
            return Err(ExtendedKeyError::NotTheChild(index));
        }
        let (tweak, _) = self.extended.tweak(index)?;
        let key = PrivateKey::from_scalar(&(*child.scalar() - tweak))
            .map_err(|_| ExtendedKeyError::NotTheChild(index))?;
        if key.public_key() != self.extended.key {
            return Err(ExtendedKeyError::NotTheChild(index));
        }
        Ok(BranchPrivateKey {
            branch: self.extended.clone(),
            key,
        })
    }
}

impl fmt::Debug for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// The private key of a branch: it has the private key of every index. Wiped when dropped.
#[derive(Clone)]
pub struct BranchPrivateKey {
    branch: ExtendedPubKey,
    key: PrivateKey,
}

impl BranchPrivateKey {
    pub fn key(&self, index: u32) -> Result<PrivateKey, ExtendedKeyError> {
        let (tweak, _) = self.branch.tweak(index)?;
        PrivateKey::from_scalar(&(*self.key.scalar() + tweak))
            .map_err(|_: KeyError| ExtendedKeyError::NoSuchChild(index))
    }

    /// The branch's own private key.
    pub fn branch_key(&self) -> &PrivateKey {
        &self.key
    }
}

impl fmt::Debug for BranchPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}
