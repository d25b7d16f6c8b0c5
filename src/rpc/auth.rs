//! The bearer token, in one place: shown by the client, checked by the server.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use crate::secret::Secret;

/// What the client sends. `None` for a token that no header can carry.
pub fn header(token: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok()?;
    // Keeps it out of HTTP/2's compression tables and of debug output.
    value.set_sensitive(true);
    Some(value)
}

/// Why a request is not let in; the words are those of metrics.
pub(super) fn denial(headers: &HeaderMap, token: &Secret) -> Option<&'static str> {
    if is_authorized(headers, token) {
        None
    } else if headers.contains_key(AUTHORIZATION) {
        Some("wrong_token")
    } else {
        Some("no_token")
    }
}

/// Whether a request shows the token, once. Compared in constant time.
fn is_authorized(headers: &HeaderMap, token: &Secret) -> bool {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (shown.next(), shown.next()) else {
        return false;
    };
    let text = value.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, shown)) if scheme.eq_ignore_ascii_case("bearer") => {
            !token.is_empty() && token.matches(shown.trim())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_once_is_let_in() {
        let token = Secret::new("0123456789abcdef");
        let with = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            }
            is_authorized(&headers, &token)
        };
        assert!(with(&["Bearer 0123456789abcdef"]));
        assert!(with(&["bearer 0123456789abcdef"]));
        assert!(!with(&[]));
        assert!(!with(&["Bearer"]));
        assert!(!with(&["Bearer "]));
        assert!(!with(&["Bearer 0123456789abcdeX"]));
        assert!(!with(&["Bearer 0123456789abcdef0"]));
        assert!(!with(&["Basic 0123456789abcdef"]));
        assert!(!with(&[
            "Bearer 0123456789abcdef",
            "Bearer 0123456789abcdef"
        ]));
        let empty = Secret::default();
        assert!(!is_authorized(&HeaderMap::new(), &empty));
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer "));
        assert!(!is_authorized(&headers, &empty));
    }
}
