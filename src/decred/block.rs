//! Block headers and whole blocks. dcrd's `wire/blockheader.go` is the source of the layout.

use super::codec::{CodecError, Reader};
use super::hash::{BlockHash, Hash};
use super::tx::{Transaction, TxError};
use super::types::Height;

pub const HEADER_BYTES: usize = 180;

/// A block of the network is at most this large, in bytes.
pub const MAX_BLOCK_BYTES: usize = 1_310_720;

/// Least bytes of a transaction: version, three counts, lock time, expiry.
const MIN_TX_BYTES: usize = 15;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    #[error("not hex")]
    Hex,
    #[error("not a block: {0}")]
    Codec(#[from] CodecError),
    #[error("a block of more than {MAX_BLOCK_BYTES} bytes")]
    TooLarge,
    #[error("a transaction of the block: {0}")]
    Transaction(#[from] TxError),
}

/// The fields of a header that a pool needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockHeader {
    pub hash: BlockHash,
    pub previous: BlockHash,
    /// Votes in the block.
    pub voters: u16,
    /// Tickets bought in the block.
    pub fresh_stake: u8,
    pub revocations: u8,
    /// Live tickets after the block.
    pub pool_size: u32,
    /// Ticket price, in atoms.
    pub stake_difficulty: i64,
    pub height: Height,
    /// Unix seconds, as the miner says.
    pub time: u32,
    pub stake_version: u32,
}

impl BlockHeader {
    pub fn parse(bytes: &[u8]) -> Result<Self, BlockError> {
        let mut reader = Reader::new(bytes);
        let header = Self::read(&mut reader)?;
        reader.end()?;
        Ok(header)
    }

    pub fn from_hex(text: &str) -> Result<Self, BlockError> {
        let mut bytes = [0; HEADER_BYTES];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| BlockError::Hex)?;
        Self::parse(&bytes)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let bytes = reader.take(HEADER_BYTES)?;
        let mut fields = Reader::new(bytes);
        fields.take(4)?; // version
        let previous = Hash(fields.array()?);
        fields.take(32 + 32 + 2 + 6)?; // merkle and stake roots, vote bits, final state
        let voters = fields.u16()?;
        let fresh_stake = fields.u8()?;
        let revocations = fields.u8()?;
        let pool_size = fields.u32()?;
        fields.take(4)?; // difficulty bits
        let stake_difficulty = fields.i64()?;
        let height = Height(fields.u32()?);
        fields.take(4)?; // size
        let time = fields.u32()?;
        fields.take(4 + 32)?; // nonce, extra data
        let stake_version = fields.u32()?;
        Ok(Self {
            hash: Hash::of(bytes),
            previous,
            voters,
            fresh_stake,
            revocations,
            pool_size,
            stake_difficulty,
            height,
            time,
            stake_version,
        })
    }
}

/// A whole block, its two trees apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub header: BlockHeader,
    pub regular: Vec<Transaction>,
    /// Tickets, votes, revocations and treasury transactions.
    pub stake: Vec<Transaction>,
}

impl Block {
    pub fn decode(bytes: &[u8]) -> Result<Self, BlockError> {
        if bytes.len() > MAX_BLOCK_BYTES {
            return Err(BlockError::TooLarge);
        }
        let mut reader = Reader::new(bytes);
        let header = BlockHeader::read(&mut reader)?;
        let regular = read_transactions(&mut reader)?;
        let stake = read_transactions(&mut reader)?;
        reader.end()?;
        Ok(Self {
            header,
            regular,
            stake,
        })
    }

    pub fn from_hex(text: &str) -> Result<Self, BlockError> {
        if text.len() > 2 * MAX_BLOCK_BYTES {
            return Err(BlockError::TooLarge);
        }
        Self::decode(&hex::decode(text).map_err(|_| BlockError::Hex)?)
    }
}

fn read_transactions(reader: &mut Reader<'_>) -> Result<Vec<Transaction>, BlockError> {
    let count = reader.count(MIN_TX_BYTES)?;
    let mut transactions = Vec::with_capacity(count);
    for _ in 0..count {
        transactions.push(Transaction::read(reader)?);
    }
    Ok(transactions)
}
