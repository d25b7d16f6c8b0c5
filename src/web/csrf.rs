//! Form tokens: a form is answered only if it came from a page that this browser got from us.
//!
//! A token is a nonce and its HMAC, bound to a cookie of the browser: the session's when signed in,
//! else a random one that is set with the first form. The nonce makes every token new, so that
//! compressed pages do not give it away.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use hmac::{Hmac, Mac as _};
use http::HeaderMap;
use sha2::Sha256;

use super::cookies::Cookie;
use super::mac::MacKey;

/// The name of the field in every form.
pub const FIELD: &str = "csrf_token";

const NONCE_BYTES: usize = 16;

/// Signs tokens; the same in all web processes of a pool.
#[derive(Debug)]
pub struct Key(MacKey);

impl Key {
    pub fn new(key: [u8; 32]) -> Self {
        Self(MacKey::new(key))
    }

    fn mac(&self, nonce: &[u8], bound_to: &str) -> Hmac<Sha256> {
        self.0.over(&[nonce, bound_to.as_bytes()])
    }

    fn issue(&self, bound_to: &str) -> String {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let tag = self.mac(&nonce, bound_to).finalize().into_bytes();
        format!("{}{}", hex::encode(nonce), hex::encode(tag))
    }

    fn verifies(&self, token: &str, bound_to: &str) -> bool {
        let Ok(bytes) = hex::decode(token) else {
            return false;
        };
        bytes
            .split_at_checked(NONCE_BYTES)
            .is_some_and(|(nonce, tag)| self.mac(nonce, bound_to).verify_slice(tag).is_ok())
    }
}

/// The cookie that a browser's tokens are bound to.
pub struct Binding {
    value: String,
    /// The browser does not have it yet.
    fresh: bool,
    used: AtomicBool,
}

impl Binding {
    pub fn of_session(cookie: String) -> Self {
        Self::new(cookie, false)
    }

    pub fn of_guest(headers: &HeaderMap, secure: bool) -> Self {
        match Cookie::Guest.read(headers, secure) {
            Some(value) => Self::new(value, false),
            None => Self::new(hex::encode(rand::random::<[u8; 16]>()), true),
        }
    }

    fn new(value: String, fresh: bool) -> Self {
        Self {
            value,
            fresh,
            used: AtomicBool::new(false),
        }
    }

    /// A token for one more form of this browser.
    pub fn token(&self, key: &Key) -> String {
        self.used.store(true, Ordering::Relaxed);
        key.issue(&self.value)
    }

    pub fn accepts(&self, key: &Key, token: &str) -> bool {
        !self.fresh && key.verifies(token, &self.value)
    }

    /// The cookie to set, if a form was made for a browser that has none.
    pub fn cookie_to_set(&self) -> Option<&str> {
        (self.fresh && self.used.load(Ordering::Relaxed)).then_some(self.value.as_str())
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_own_browser_only() {
        let key = Key::new([7; 32]);
        let mine = Binding::of_session("mine".into());
        let token = mine.token(&key);
        assert!(mine.accepts(&key, &token));
        assert_ne!(token, mine.token(&key), "every token is new");
        assert!(!Binding::of_session("other".into()).accepts(&key, &token));
        assert!(!mine.accepts(&Key::new([8; 32]), &token));
        for bad in ["", "00", "zz", &token[1..], &token[..token.len() - 2]] {
            assert!(!mine.accepts(&key, bad), "{bad}");
        }
    }

    #[test]
    fn a_guest_gets_a_cookie_with_the_first_form_only() {
        let key = Key::new([7; 32]);
        let guest = Binding::of_guest(&HeaderMap::new(), false);
        assert_eq!(guest.cookie_to_set(), None);
        let token = guest.token(&key);
        assert!(
            !guest.accepts(&key, &token),
            "the browser had no cookie when it sent the form"
        );
        let value = guest.cookie_to_set().unwrap().to_owned();
        let mut headers = HeaderMap::new();
        let cookie = format!("guest={value}");
        headers.insert(http::header::COOKIE, cookie.parse().unwrap());
        let back = Binding::of_guest(&headers, false);
        assert!(back.accepts(&key, &token));
        let _ = back.token(&key);
        assert_eq!(back.cookie_to_set(), None);
    }
}
