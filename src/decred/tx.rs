//! Transactions and their wire forms. dcrd's `wire/msgtx.go` is the source of the layout.

use super::codec::{CodecError, Reader, write_var_bytes, write_var_int};
use super::hash::{Hash, TxHash};
use super::types::Atoms;

/// The largest transaction that a block can hold, in bytes.
pub const MAX_TX_BYTES: usize = 1_310_720;

/// Least bytes of an input's prefix, of an output, and of an input's witness.
const MIN_INPUT_BYTES: usize = 32 + 4 + 1 + 4;
const MIN_OUTPUT_BYTES: usize = 8 + 2 + 1;
const MIN_WITNESS_BYTES: usize = 8 + 4 + 4 + 1;

/// What an input says of the block of the output that it spends while that is not known.
pub const NULL_BLOCK_INDEX: u32 = u32::MAX;

/// Sequence of an input without lock time.
pub const FINAL_SEQUENCE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TxError {
    #[error("not hex")]
    Hex,
    #[error("not a transaction: {0}")]
    Codec(#[from] CodecError),
    #[error("a transaction of more than {MAX_TX_BYTES} bytes")]
    TooLarge,
    #[error("serialisation type {0} is not a full transaction")]
    Form(u16),
    #[error("{inputs} inputs but {witnesses} witnesses")]
    WitnessCount { inputs: usize, witnesses: usize },
}

/// The transaction tree of a block: its number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tree(pub i8);

impl Tree {
    pub const REGULAR: Tree = Tree(0);
    pub const STAKE: Tree = Tree(1);
}

/// An output of an earlier transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutPoint {
    pub hash: TxHash,
    pub index: u32,
    pub tree: Tree,
}

impl OutPoint {
    /// What a coinbase or stakebase spends.
    pub const NULL: OutPoint = OutPoint {
        hash: Hash::ZERO,
        index: u32::MAX,
        tree: Tree::REGULAR,
    };
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxIn {
    pub previous: OutPoint,
    pub sequence: u32,
    /// Witness: value of the spent output.
    pub value_in: Atoms,
    /// Witness: where the spent output is; 0 and `NULL_BLOCK_INDEX` until a miner fills it in.
    pub block_height: u32,
    pub block_index: u32,
    /// Witness: signature script.
    pub script: Vec<u8>,
}

impl TxIn {
    /// An input that is not signed yet and whose block is not said.
    pub fn unsigned(previous: OutPoint, value_in: Atoms) -> Self {
        Self {
            previous,
            sequence: FINAL_SEQUENCE,
            value_in,
            block_height: 0,
            block_index: NULL_BLOCK_INDEX,
            script: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxOut {
    pub value: Atoms,
    /// Script version.
    pub version: u16,
    pub script: Vec<u8>,
}

impl TxOut {
    pub fn new(value: Atoms, script: Vec<u8>) -> Self {
        Self {
            value,
            version: 0,
            script,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    pub version: u16,
    pub inputs: Vec<TxIn>,
    pub outputs: Vec<TxOut>,
    pub lock_time: u32,
    pub expiry: u32,
}

/// The high half of the version word.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    Full = 0,
    Prefix = 1,
    Witness = 2,
    WitnessSigning = 3,
}

pub(super) fn version_word(version: u16, form: Form) -> [u8; 4] {
    (u32::from(version) | ((form as u32) << 16)).to_le_bytes()
}

impl Transaction {
    /// Reads exactly one transaction with its witnesses.
    pub fn decode(bytes: &[u8]) -> Result<Self, TxError> {
        if bytes.len() > MAX_TX_BYTES {
            return Err(TxError::TooLarge);
        }
        let mut reader = Reader::new(bytes);
        let transaction = Self::read(&mut reader)?;
        reader.end()?;
        Ok(transaction)
    }

    pub fn from_hex(text: &str) -> Result<Self, TxError> {
        if text.len() > 2 * MAX_TX_BYTES {
            return Err(TxError::TooLarge);
        }
        Self::decode(&hex::decode(text).map_err(|_| TxError::Hex)?)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, TxError> {
        let version = reader.u16()?;
        let form = reader.u16()?;
        if form != Form::Full as u16 {
            return Err(TxError::Form(form));
        }
        let count = reader.count(MIN_INPUT_BYTES)?;
        let mut inputs = Vec::with_capacity(count);
        for _ in 0..count {
            inputs.push(read_input(reader)?);
        }
        let count = reader.count(MIN_OUTPUT_BYTES)?;
        let mut outputs = Vec::with_capacity(count);
        for _ in 0..count {
            outputs.push(read_output(reader)?);
        }
        let lock_time = reader.u32()?;
        let expiry = reader.u32()?;
        let witnesses = reader.count(MIN_WITNESS_BYTES)?;
        if witnesses != inputs.len() {
            return Err(TxError::WitnessCount {
                inputs: inputs.len(),
                witnesses,
            });
        }
        for input in &mut inputs {
            read_witness(reader, input)?;
        }
        Ok(Self {
            version,
            inputs,
            outputs,
            lock_time,
            expiry,
        })
    }

    /// The full form: prefix and witnesses.
    pub fn serialize(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.size());
        out.extend_from_slice(&version_word(self.version, Form::Full));
        self.write_prefix(&mut out);
        self.write_witnesses(&mut out);
        out
    }

    pub fn to_hex(&self) -> String {
        hex::encode(self.serialize())
    }

    /// Bytes of the full form, at most.
    pub fn size(&self) -> usize {
        let inputs: usize = self
            .inputs
            .iter()
            .map(|input| MIN_INPUT_BYTES + MIN_WITNESS_BYTES + 8 + input.script.len())
            .sum();
        32 + inputs + self.outputs_size()
    }

    fn outputs_size(&self) -> usize {
        self.outputs
            .iter()
            .map(|output| MIN_OUTPUT_BYTES + 8 + output.script.len())
            .sum()
    }

    /// Without witnesses: what the id is the hash of.
    pub fn prefix_bytes(&self) -> Vec<u8> {
        let mut out =
            Vec::with_capacity(32 + self.inputs.len() * MIN_INPUT_BYTES + self.outputs_size());
        out.extend_from_slice(&version_word(self.version, Form::Prefix));
        self.write_prefix(&mut out);
        out
    }

    /// The witnesses alone.
    pub fn witness_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.size());
        out.extend_from_slice(&version_word(self.version, Form::Witness));
        self.write_witnesses(&mut out);
        out
    }

    /// The transaction's id: miners change witnesses, never this.
    pub fn hash(&self) -> TxHash {
        Hash::of(&self.prefix_bytes())
    }

    fn write_prefix(&self, out: &mut Vec<u8>) {
        write_var_int(out, self.inputs.len());
        for input in &self.inputs {
            out.extend_from_slice(&input.previous.hash.0);
            out.extend_from_slice(&input.previous.index.to_le_bytes());
            out.extend_from_slice(&input.previous.tree.0.to_le_bytes());
            out.extend_from_slice(&input.sequence.to_le_bytes());
        }
        write_var_int(out, self.outputs.len());
        for output in &self.outputs {
            out.extend_from_slice(&output.value.0.to_le_bytes());
            out.extend_from_slice(&output.version.to_le_bytes());
            write_var_bytes(out, &output.script);
        }
        out.extend_from_slice(&self.lock_time.to_le_bytes());
        out.extend_from_slice(&self.expiry.to_le_bytes());
    }

    fn write_witnesses(&self, out: &mut Vec<u8>) {
        write_var_int(out, self.inputs.len());
        for input in &self.inputs {
            out.extend_from_slice(&input.value_in.0.to_le_bytes());
            out.extend_from_slice(&input.block_height.to_le_bytes());
            out.extend_from_slice(&input.block_index.to_le_bytes());
            write_var_bytes(out, &input.script);
        }
    }
}

fn read_input(reader: &mut Reader<'_>) -> Result<TxIn, CodecError> {
    let previous = OutPoint {
        hash: Hash(reader.array()?),
        index: reader.u32()?,
        tree: Tree(i8::from_le_bytes(reader.array()?)),
    };
    let mut input = TxIn::unsigned(previous, Atoms(0));
    input.sequence = reader.u32()?;
    Ok(input)
}

fn read_output(reader: &mut Reader<'_>) -> Result<TxOut, CodecError> {
    Ok(TxOut {
        value: Atoms(reader.i64()?),
        version: reader.u16()?,
        script: reader.var_bytes()?.to_vec(),
    })
}

fn read_witness(reader: &mut Reader<'_>, input: &mut TxIn) -> Result<(), CodecError> {
    input.value_in = Atoms(reader.i64()?);
    input.block_height = reader.u32()?;
    input.block_index = reader.u32()?;
    input.script = reader.var_bytes()?.to_vec();
    Ok(())
}
