//! secp256k1 keys: 33 bytes known to be on the curve, and private keys that never show.

use std::fmt;

use ecdsa::hazmat::sign_prehashed_rfc6979;
use k256::ecdsa::DerSignature;
use k256::elliptic_curve::ff::PrimeField as _;
use k256::{NonZeroScalar, ProjectivePoint, Secp256k1};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use super::base58check::{self, Base58Error, Checksum, Decoded};
use super::hash::hash160;
use super::params::Network;

/// Longest DER signature with its hash type byte.
pub const MAX_SIGNATURE_BYTES: usize = 73;

/// The first byte after the network of a private key's text: ECDSA on secp256k1.
const WIF_SECP256K1: u8 = 0;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("not a compressed public key: {0} bytes or a wrong first byte")]
    Encoding(usize),
    #[error("the public key is not a point on the secp256k1 curve")]
    NotOnCurve,
    #[error("not hex")]
    Hex,
    #[error("a private key must be between 1 and the order of the curve")]
    Range,
    #[error("character {0:?} is not base58")]
    Character(char),
    #[error("a private key's text has another length")]
    Length,
    #[error("the private key's checksum is wrong: a character was changed or lost")]
    Checksum,
    #[error("the private key is not one of {0}")]
    Network(Network),
    #[error("signature type {0} of the private key is not secp256k1")]
    SignatureType(u8),
}

/// A compressed public key, 33 bytes, known to be a point on the curve.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 33]);

impl PublicKey {
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let compressed: [u8; 33] = bytes
            .try_into()
            .map_err(|_| KeyError::Encoding(bytes.len()))?;
        if !matches!(compressed, [2 | 3, ..]) {
            return Err(KeyError::Encoding(bytes.len()));
        }
        k256::PublicKey::from_sec1_bytes(&compressed).map_err(|_| KeyError::NotOnCurve)?;
        Ok(Self(compressed))
    }

    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let mut bytes = [0; 33];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| KeyError::Hex)?;
        Self::from_bytes(&bytes)
    }

    /// Bytes that were seen to be a point on the curve before they were stored.
    pub(super) fn stored(compressed: [u8; 33]) -> Option<Self> {
        matches!(compressed, [2 | 3, ..]).then_some(Self(compressed))
    }

    /// Bytes that come from the curve's own arithmetic.
    pub(super) fn of_point(point: &k256::AffinePoint) -> Option<Self> {
        use k256::elliptic_curve::group::GroupEncoding;
        let bytes: [u8; 33] = point.to_bytes().into();
        // The point at infinity has no compressed form: it is written as zeros.
        matches!(bytes, [2 | 3, ..]).then_some(Self(bytes))
    }

    pub(super) fn point(&self) -> Option<k256::ProjectivePoint> {
        k256::PublicKey::from_sec1_bytes(&self.0)
            .ok()
            .map(|key| key.to_projective())
    }

    pub fn as_bytes(&self) -> &[u8; 33] {
        &self.0
    }

    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    pub fn hash160(&self) -> [u8; 20] {
        hash160(&self.0)
    }

    /// Whether y is odd.
    pub(super) fn is_odd(&self) -> bool {
        matches!(self.0, [3, ..])
    }

    pub(super) fn x(&self) -> &[u8] {
        self.0.get(1..).unwrap_or_default()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

/// A private key: wiped when dropped, `<redacted>` in every log.
#[derive(Clone)]
pub struct PrivateKey {
    scalar: NonZeroScalar,
    public: PublicKey,
}

impl Drop for PrivateKey {
    fn drop(&mut self) {
        self.scalar.zeroize();
    }
}

impl PrivateKey {
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let scalar: Option<NonZeroScalar> = NonZeroScalar::from_repr((*bytes).into()).into();
        Self::from_nonzero(scalar.ok_or(KeyError::Range)?)
    }

    pub(super) fn from_scalar(scalar: &k256::Scalar) -> Result<Self, KeyError> {
        let scalar: Option<NonZeroScalar> = NonZeroScalar::new(*scalar).into();
        Self::from_nonzero(scalar.ok_or(KeyError::Range)?)
    }

    fn from_nonzero(scalar: NonZeroScalar) -> Result<Self, KeyError> {
        let point = ProjectivePoint::mul_by_generator(&scalar).to_affine();
        let public = PublicKey::of_point(&point).ok_or(KeyError::Range)?;
        Ok(Self { scalar, public })
    }

    /// Reads the text that wallets dump: network, signature type, key, checksum hashed once.
    pub fn from_wif(network: Network, text: &str) -> Result<Self, KeyError> {
        let decoded = Decoded::new(text)?;
        if decoded.payload_len() != Some(35) {
            return Err(KeyError::Length);
        }
        let payload = decoded.payload(Checksum::Once)?;
        let (prefix, rest) = payload.split_first_chunk::<2>().ok_or(KeyError::Length)?;
        let (kind, key) = rest.split_first().ok_or(KeyError::Length)?;
        if *prefix != network.params().addresses.private_key {
            return Err(KeyError::Network(network));
        }
        if *kind != WIF_SECP256K1 {
            return Err(KeyError::SignatureType(*kind));
        }
        Self::from_bytes(key.try_into().map_err(|_| KeyError::Length)?)
    }

    /// The text that wallets import.
    pub fn to_wif(&self, network: Network) -> Zeroizing<String> {
        let mut payload = Zeroizing::new(Vec::with_capacity(35));
        payload.extend_from_slice(&network.params().addresses.private_key);
        payload.push(WIF_SECP256K1);
        payload.extend_from_slice(self.to_bytes().as_slice());
        Zeroizing::new(base58check::encode(&payload, Checksum::Once))
    }

    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.scalar.to_repr().into())
    }

    pub(super) fn scalar(&self) -> NonZeroScalar {
        self.scalar
    }

    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// An ECDSA signature in DER: deterministic by RFC 6979 with SHA-256, low S.
    pub(super) fn sign_der(&self, hash: &[u8; 32]) -> DerSignature {
        // The curve's own setting makes it low S.
        let (signature, _) = sign_prehashed_rfc6979::<Secp256k1, Sha256>(&self.scalar, hash, &[]);
        signature.to_der()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl From<Base58Error> for KeyError {
    fn from(error: Base58Error) -> Self {
        match error {
            Base58Error::Character(character) => KeyError::Character(character),
            Base58Error::TooLong | Base58Error::TooShort => KeyError::Length,
            Base58Error::Checksum => KeyError::Checksum,
        }
    }
}
