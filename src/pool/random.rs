//! Randomness of the system.

use rand::TryRng as _;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::Error;
use crate::secret::Secret;

/// `bytes` random bytes in hex.
pub fn hex(bytes: usize) -> Result<Secret, Error> {
    let mut buffer = Zeroizing::new(vec![0; bytes]);
    fill(&mut buffer)?;
    Ok(Secret::new(hex::encode(&*buffer)))
}

/// `N` random bytes.
pub fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    let mut buffer = Zeroizing::new([0; N]);
    fill(buffer.as_mut_slice())?;
    Ok(buffer)
}

fn fill(buffer: &mut [u8]) -> Result<(), Error> {
    SysRng
        .try_fill_bytes(buffer)
        .map_err(|error| Error::Internal(format!("no randomness: {error}")))
}
