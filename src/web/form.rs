//! Form fields, from bodies and query strings. Lenient about what they hold, strict about how many.

use std::fmt;

/// More fields than any form of ours has.
const MAX_FIELDS: usize = 256;

/// Decoded fields in their order. Never printed: passwords are among them.
#[derive(Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Decodes `a=b&c=d`; bytes that are no UTF-8 become replacement characters, fields beyond the
    /// limit are dropped.
    pub fn parse(bytes: &[u8]) -> Self {
        Self(
            form_urlencoded::parse(bytes)
                .take(MAX_FIELDS)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// The first field of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every field of that name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// As `get`; a missing field is empty.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Whether the field says `true`.
    pub fn is_set(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_parses() {
        let form =
            Form::parse(b"email=a%40b.c&password=p+q%26&email=second&%ff=%zz&updateEmail=true");
        assert_eq!(form.get("email"), Some("a@b.c"));
        assert_eq!(form.text("password"), "p q&");
        assert_eq!(form.get("\u{fffd}"), Some("%zz"));
        assert!(form.is_set("updateEmail") && !form.is_set("email"));
        assert_eq!(form.text("none"), "");
        let all: Vec<_> = form.all("email").collect();
        assert_eq!(all, ["a@b.c", "second"]);
        assert_eq!(format!("{form:?}"), "<redacted>");
        let many = "a=b&".repeat(10_000);
        assert_eq!(Form::parse(many.as_bytes()).0.len(), MAX_FIELDS);
    }
}
