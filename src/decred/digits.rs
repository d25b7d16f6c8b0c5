//! Hex digits of so many bytes, read without asking of each what it is: a state has millions of them, and no
//! processor guesses whether the next one is a number or a letter.

use std::fmt;

use serde::{Deserializer, de};

/// The other way round, for `#[serde(with)]`.
pub use hex::serde::serialize;

/// The bytes that are said by exactly two digits each, large or small.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    let mut seen = 0;
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (value(*high), value(*low));
        seen |= high | low;
        *byte = (high << 4) | (low & LARGEST);
    }
    (seen <= LARGEST).then_some(bytes)
}

/// The largest value of a digit.
const LARGEST: u8 = 0xf;

/// More than a digit's for what is none.
fn value(digit: u8) -> u8 {
    let number = digit.wrapping_sub(b'0');
    let letter = (digit | 0x20).wrapping_sub(b'a');
    if number < 10 {
        number
    } else if letter < 6 {
        letter.wrapping_add(10)
    } else {
        u8::MAX
    }
}

/// For `#[serde(with)]`.
pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    deserializer.deserialize_str(Text)
}

struct Text<const N: usize>;

impl<const N: usize> de::Visitor<'_> for Text<N> {
    type Value = [u8; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} bytes in hex")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<[u8; N], E> {
        decode(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_read_as_it_is_written() {
        for byte in 0..=u8::MAX {
            assert_eq!(decode(&format!("{byte:02x}")), Some([byte]));
            assert_eq!(decode(&format!("{byte:02X}")), Some([byte]));
        }
        assert_eq!(decode("00ff10"), Some([0, 0xff, 0x10]));
    }

    #[test]
    fn what_is_no_digit_is_told_wherever_it_stands() {
        for other in (0..=u8::MAX).filter(|byte| !byte.is_ascii_hexdigit()) {
            for place in 0..4 {
                let mut text = *b"1fA0";
                text[place] = other;
                // Of what is no text at all, the type spares us the question.
                if let Ok(text) = std::str::from_utf8(&text) {
                    assert_eq!(decode::<2>(text), None, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn too_few_and_too_many_digits_are_none() {
        for text in ["", "1", "12", "123", "12345", "123456", "é"] {
            assert_eq!(decode::<2>(text), None, "{text}");
        }
        assert_eq!(decode::<0>(""), Some([]));
    }
}
