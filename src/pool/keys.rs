//! One key per purpose, so that no token of one kind is ever good for another.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::secret::Secret;

/// What a derived key is for. API tokens alone use `web.api_secret` itself: old ones must verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Form tokens and the pre-session cookie they are bound to.
    Csrf,
    /// How session ids are stored.
    Session,
    /// Pictures with letters to copy.
    Captcha,
    /// How tokens of mailed links are stored.
    MailLink,
    /// Seals the keys of users' apps.
    SecondFactor,
    /// Seals such a key on its way to a browser and back, before it is in force.
    SecondFactorOffer,
    /// How recovery codes are stored.
    RecoveryCode,
    /// How the tokens of browsers that owe a code are stored.
    HalfSignIn,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Purpose::Csrf => b"dcrstakepool csrf",
            Purpose::Captcha => b"dcrstakepool captcha",
            Purpose::Session => b"dcrstakepool session",
            Purpose::MailLink => b"dcrstakepool mail link",
            Purpose::SecondFactor => b"dcrstakepool second factor",
            Purpose::SecondFactorOffer => b"dcrstakepool second factor offer",
            Purpose::RecoveryCode => b"dcrstakepool recovery code",
            Purpose::HalfSignIn => b"dcrstakepool half sign-in",
        }
    }
}

/// HKDF-SHA256 of the secret, labelled by the purpose.
pub fn derive(secret: &Secret, purpose: Purpose) -> [u8; 32] {
    let mut key = [0; 32];
    let expanded =
        Hkdf::<Sha256>::new(None, secret.expose().as_bytes()).expand(purpose.label(), &mut key);
    debug_assert!(expanded.is_ok(), "32 bytes are below HKDF's limit");
    key
}

/// What the database keeps of a random token: its HMAC under the purpose's key, in hex.
pub fn stored_form(secret: &Secret, purpose: Purpose, token: &str) -> String {
    let key = derive(secret, purpose);
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        // HMAC takes keys of any length.
        return String::new();
    };
    mac.update(token.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_has_its_own_key() {
        let secret = Secret::new("0123456789abcdef0123456789abcdef");
        let keys = [
            Purpose::Csrf,
            Purpose::Session,
            Purpose::Captcha,
            Purpose::MailLink,
            Purpose::SecondFactor,
            Purpose::SecondFactorOffer,
            Purpose::RecoveryCode,
            Purpose::HalfSignIn,
        ]
        .map(|purpose| derive(&secret, purpose));
        let different: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len());
        assert_ne!(keys[0], [0; 32]);
        assert_ne!(
            keys[0],
            derive(&Secret::new("another secret"), Purpose::Csrf)
        );
    }
}
