//! Randomness of the system, as text.

use rand::TryRng as _;
use rand::rngs::SysRng;

use super::Error;
use crate::secret::Secret;

/// `bytes` random bytes in hex.
pub fn hex(bytes: usize) -> Result<Secret, Error> {
    let mut buffer = vec![0; bytes];
    SysRng
        .try_fill_bytes(&mut buffer)
        .map_err(|error| Error::Internal(format!("no randomness: {error}")))?;
    Ok(Secret::new(hex::encode(buffer)))
}
