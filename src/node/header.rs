//! The 180-byte block header of `blockconnected`. Source: dcrd `wire/blockheader.go`.

use crate::decred::{Atoms, BlockHash, Hash, Height};

/// Serialised length in bytes.
pub const HEADER_BYTES: usize = 180;

/// The parts of a block header that the pool looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockHeader {
    /// BLAKE-256 of the whole header.
    pub hash: BlockHash,
    pub previous: BlockHash,
    pub height: Height,
    /// Votes in this block, on its parent.
    pub voters: u16,
    /// Tickets bought in this block.
    pub fresh_stake: u8,
    pub revocations: u8,
    /// Live tickets.
    pub pool_size: u32,
    pub ticket_price: Atoms,
    /// Unix seconds.
    pub time: u32,
    pub stake_version: u32,
}

impl BlockHeader {
    /// `None` unless there are exactly 180 bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != HEADER_BYTES {
            return None;
        }
        Some(Self {
            hash: Hash::of(bytes),
            previous: Hash(take(bytes, 4)?),
            height: Height(u32::from_le_bytes(take(bytes, 128)?)),
            voters: u16::from_le_bytes(take(bytes, 108)?),
            fresh_stake: *bytes.get(110)?,
            revocations: *bytes.get(111)?,
            pool_size: u32::from_le_bytes(take(bytes, 112)?),
            ticket_price: Atoms(i64::from_le_bytes(take(bytes, 120)?)),
            time: u32::from_le_bytes(take(bytes, 136)?),
            stake_version: u32::from_le_bytes(take(bytes, 176)?),
        })
    }
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}
