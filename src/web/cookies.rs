//! Reading and writing cookies. All of ours are HttpOnly, SameSite=Lax, for the whole site, and last
//! until the browser is closed; when they are for HTTPS only their names carry `__Host-`, so that no
//! other host of the domain can plant them.

use http::header::{COOKIE, HeaderMap, HeaderValue};

/// The cookies that this site sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// The session of a signed-in user.
    Session,
    /// What the form tokens of a guest are bound to.
    Guest,
    /// A browser that gave the right password and owes the code of the second factor.
    HalfSignIn,
}

impl Cookie {
    pub fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Cookie::Session, true) => "__Host-session",
            (Cookie::Session, false) => "session",
            (Cookie::Guest, true) => "__Host-guest",
            (Cookie::Guest, false) => "guest",
            (Cookie::HalfSignIn, true) => "__Host-signin",
            (Cookie::HalfSignIn, false) => "signin",
        }
    }

    /// The value that the browser sent, if it is one that we could have set.
    pub fn read(self, headers: &HeaderMap, secure: bool) -> Option<String> {
        let name = self.name(secure);
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, value)| *key == name && is_plausible(value))
            .map(|(_, value)| value.to_owned())
    }

    /// `None` when `value` cannot stand in a header, which no value of ours does.
    pub fn set(self, value: &str, secure: bool) -> Option<HeaderValue> {
        let mut header = format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Lax",
            self.name(secure)
        );
        if secure {
            header.push_str("; Secure");
        }
        let mut header = HeaderValue::from_str(&header).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    pub fn clear(self, secure: bool) -> Option<HeaderValue> {
        let set = self.set("", secure)?;
        HeaderValue::from_str(&format!("{}; Max-Age=0", set.to_str().ok()?)).ok()
    }
}

fn is_plausible(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= 128
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_static("a=b; session=abc123;guest=x y"),
        );
        headers.append(COOKIE, HeaderValue::from_static("guest=second"));
        assert_eq!(
            Cookie::Session.read(&headers, false).as_deref(),
            Some("abc123")
        );
        assert_eq!(
            Cookie::Guest.read(&headers, false).as_deref(),
            Some("second")
        );
        assert_eq!(Cookie::Session.read(&headers, true), None);
    }

    #[test]
    fn secure_cookies_are_bound_to_the_host() {
        let header = Cookie::Session.set("abc", true).unwrap();
        assert_eq!(
            header.to_str().unwrap(),
            "__Host-session=abc; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        let header = Cookie::Session.set("abc", false).unwrap();
        assert_eq!(
            header.to_str().unwrap(),
            "session=abc; Path=/; HttpOnly; SameSite=Lax"
        );
        assert!(format!("{header:?}").contains("Sensitive"));
        assert!(Cookie::Session.set("a\nb", false).is_none());
    }
}
