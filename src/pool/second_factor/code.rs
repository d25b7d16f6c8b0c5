//! What people type: a code of their app, or one of the recovery codes that they keep.

use crate::pool::{Error, random};
use crate::secret::Secret;

/// How many a user gets.
pub const RECOVERY_CODES: usize = 10;
/// More than anybody guesses, so that a plain keyed hash of them is safe to store.
const RECOVERY_BYTES: usize = 10;
const GROUP: usize = 4;

/// What was typed, without what only helps reading.
#[derive(Debug)]
pub enum Code {
    App(Secret),
    Recovery(Secret),
}

impl Code {
    /// `None`: it cannot be either.
    pub fn read(typed: &str) -> Option<Self> {
        let plain: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .take(2 * RECOVERY_BYTES + 1)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let all = |wanted: fn(&u8) -> bool| plain.as_bytes().iter().all(wanted);
        if plain.len() == 6 && all(u8::is_ascii_digit) {
            Some(Self::App(Secret::new(plain)))
        } else if plain.len() == 2 * RECOVERY_BYTES && all(u8::is_ascii_hexdigit) {
            Some(Self::Recovery(Secret::new(plain)))
        } else {
            None
        }
    }
}

/// New recovery codes, as they are hashed.
pub fn recovery_codes() -> Result<Vec<Secret>, Error> {
    (0..RECOVERY_CODES)
        .map(|_| random::hex(RECOVERY_BYTES))
        .collect()
}

/// As they are shown: in groups.
pub fn for_reading(code: &Secret) -> Secret {
    let mut text = String::with_capacity(3 * RECOVERY_BYTES);
    for (place, digit) in code.expose().chars().enumerate() {
        if place > 0 && place % GROUP == 0 {
            text.push('-');
        }
        text.push(digit);
    }
    Secret::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_however_they_are_typed() {
        for typed in ["123456", " 123 456 ", "123-456"] {
            let Some(Code::App(code)) = Code::read(typed) else {
                panic!("{typed}");
            };
            assert!(code.matches("123456"));
        }
        for typed in [
            "0123-4567-89ab-cdef-0123",
            "0123456789ABCDEF0123",
            "0123 4567 89ab cdef 0123",
        ] {
            let Some(Code::Recovery(code)) = Code::read(typed) else {
                panic!("{typed}");
            };
            assert!(code.matches("0123456789abcdef0123"));
        }
        let long = "1".repeat(10_000);
        for bad in [
            "",
            "12345",
            "1234567",
            "12345x",
            "١٢٣٤٥٦",
            "0123-4567-89ab-cdef-012g",
            &long,
        ] {
            assert!(Code::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn recovery_codes_are_ten_different_ones_that_read_back() {
        let codes = recovery_codes().unwrap();
        let different: std::collections::HashSet<&str> = codes.iter().map(Secret::expose).collect();
        assert_eq!(different.len(), RECOVERY_CODES);
        let shown = for_reading(&codes[0]);
        assert_eq!(shown.expose().len(), 24);
        let Some(Code::Recovery(back)) = Code::read(shown.expose()) else {
            panic!("not read");
        };
        assert!(back.matches(codes[0].expose()));
    }
}
