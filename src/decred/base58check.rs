//! Base58 with a four-byte BLAKE-256 checksum, the text form of addresses and keys.

use zeroize::Zeroizing;

use super::hash::blake256;

const CHECKSUM_BYTES: usize = 4;

/// The longest text that is looked at: an extended key has 111 characters. Decoding takes time that
/// grows with the square of the length.
const MAX_CHARS: usize = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base58Error {
    Character(char),
    TooLong,
    TooShort,
    Checksum,
}

/// How many times the payload is hashed for its checksum.
#[derive(Debug, Clone, Copy)]
pub(super) enum Checksum {
    /// Private keys.
    Once,
    /// Addresses and extended keys.
    Twice,
}

impl Checksum {
    fn of(self, payload: &[u8]) -> [u8; CHECKSUM_BYTES] {
        let once = blake256(payload);
        let hash = match self {
            Checksum::Once => once,
            Checksum::Twice => blake256(&once),
        };
        let [a, b, c, d, ..] = hash;
        [a, b, c, d]
    }
}

/// Text without its base58 coat, the checksum still on it and not looked at yet. Wiped when dropped:
/// it may be a private key.
pub(super) struct Decoded(Zeroizing<Vec<u8>>);

impl Decoded {
    pub(super) fn new(text: &str) -> Result<Self, Base58Error> {
        if text.len() > MAX_CHARS {
            return Err(Base58Error::TooLong);
        }
        let mut bytes = Zeroizing::new(vec![0; text.len()]);
        let length = bs58::decode(text)
            .onto(bytes.as_mut_slice())
            .map_err(|error| refused(text, &error))?;
        bytes.truncate(length);
        Ok(Self(bytes))
    }

    /// Bytes without the checksum's; `None` when there is nothing else.
    pub(super) fn payload_len(&self) -> Option<usize> {
        self.0.len().checked_sub(CHECKSUM_BYTES)
    }

    /// The payload, its checksum verified.
    pub(super) fn payload(&self, checksum: Checksum) -> Result<&[u8], Base58Error> {
        let (payload, found) = self
            .0
            .split_last_chunk::<CHECKSUM_BYTES>()
            .ok_or(Base58Error::TooShort)?;
        if checksum.of(payload) == *found {
            Ok(payload)
        } else {
            Err(Base58Error::Checksum)
        }
    }
}

fn refused(text: &str, error: &bs58::decode::Error) -> Base58Error {
    // bs58 names a byte and its index; a character outside ASCII is shown whole.
    let index = match error {
        bs58::decode::Error::InvalidCharacter { index, .. }
        | bs58::decode::Error::NonAsciiCharacter { index } => *index,
        _ => return Base58Error::TooLong,
    };
    text.get(index..)
        .and_then(|rest| rest.chars().next())
        .map_or(Base58Error::TooLong, Base58Error::Character)
}

/// The text of a payload.
pub(super) fn encode(payload: &[u8], checksum: Checksum) -> String {
    let mut bytes = Zeroizing::new(Vec::with_capacity(payload.len() + CHECKSUM_BYTES));
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(&checksum.of(payload));
    bs58::encode(bytes.as_slice()).into_string()
}
