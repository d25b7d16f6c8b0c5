//! Secrets that are stored or handed out sealed: nobody without the key reads or changes them, and each opens only
//! for what it was sealed for.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::pool::keys::{self, Purpose};
use crate::pool::{Error, random};
use crate::secret::Secret;

/// A key for AES-256-GCM.
#[derive(Debug)]
pub struct SealKey(LessSafeKey);

impl SealKey {
    /// Of one purpose; see `keys::derive`.
    pub fn new(secret: &Secret, purpose: Purpose) -> Result<Self, Error> {
        let key = Zeroizing::new(keys::derive(secret, purpose));
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| failed())?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// In hex. It opens only with the same `bound_to`.
    pub fn seal(&self, plain: &[u8], bound_to: &[u8]) -> Result<Secret, Error> {
        // Random: the keys of a pool seal far fewer than the 2^32 texts for which that is safe.
        let nonce = random::bytes::<NONCE_LEN>()?;
        let mut text = plain.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(bound_to),
                &mut text,
            )
            .map_err(|_| failed())?;
        Ok(Secret::new(
            hex::encode(nonce.as_slice()) + &hex::encode(text),
        ))
    }

    /// `None`: not sealed by this key, not for this, or changed.
    pub fn open(&self, sealed: &str, bound_to: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(hex::decode(sealed).ok()?);
        let (nonce, text) = bytes.split_first_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self
            .0
            .open_in_place(nonce, Aad::from(bound_to), text)
            .ok()?;
        Some(Zeroizing::new(plain.to_vec()))
    }
}

fn failed() -> Error {
    Error::Internal("the cipher failed".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str, purpose: Purpose) -> SealKey {
        SealKey::new(&Secret::new(secret), purpose).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_only_and_unchanged() {
        let ours = key("a secret", Purpose::SecondFactor);
        let sealed = ours.seal(b"seed", b"user 7").unwrap();
        let sealed = sealed.expose();
        assert_eq!(ours.open(sealed, b"user 7").unwrap().as_slice(), b"seed");
        assert!(!sealed.contains(&hex::encode(b"seed")));
        assert_ne!(ours.seal(b"seed", b"user 7").unwrap().expose(), sealed);
        assert!(ours.open(sealed, b"user 8").is_none());
        for other in [
            key("another secret", Purpose::SecondFactor),
            key("a secret", Purpose::SecondFactorOffer),
        ] {
            assert!(other.open(sealed, b"user 7").is_none());
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.to_owned();
            let digit = if changed.as_bytes()[at] == b'0' {
                "1"
            } else {
                "0"
            };
            changed.replace_range(at..=at, digit);
            assert!(ours.open(&changed, b"user 7").is_none(), "{at}");
        }
        for bad in ["", "00", "zz", &sealed[2..], &sealed[..sealed.len() - 2]] {
            assert!(ours.open(bad, b"user 7").is_none(), "{bad}");
        }
    }
}
