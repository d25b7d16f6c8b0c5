//! How the daemons' JSON becomes our types: amounts in DCR, hex, absent fields.

use serde::{Deserialize, Deserializer, de};

use crate::decred::Atoms;

/// A JSON number in DCR.
pub(super) fn dcr<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Atoms, D::Error> {
    Atoms::from_dcr(f64::deserialize(deserializer)?)
        .ok_or_else(|| de::Error::custom("an amount beyond all coins"))
}

/// A result that is `null` where there is nothing, such as an empty list of a Go program.
pub(super) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Bytes as hex text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hex(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        hex::decode(text.as_bytes())
            .map(Hex)
            .map_err(|_| de::Error::custom("not hex"))
    }
}

/// Bytes as hex text, as a field.
pub(super) fn hex_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    Hex::deserialize(deserializer).map(|Hex(bytes)| bytes)
}
