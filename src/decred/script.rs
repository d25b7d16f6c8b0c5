//! The few opcodes and script shapes a stake pool meets.

use super::address::Address;
use super::params::Network;

pub(super) const OP_PUSHDATA1: u8 = 0x4c;
pub(super) const OP_PUSHDATA2: u8 = 0x4d;
pub(super) const OP_1: u8 = 0x51;
pub(super) const OP_2: u8 = 0x52;
pub(super) const OP_RETURN: u8 = 0x6a;
const OP_DUP: u8 = 0x76;
const OP_EQUAL: u8 = 0x87;
const OP_EQUALVERIFY: u8 = 0x88;
const OP_HASH160: u8 = 0xa9;
pub(super) const OP_CHECKSIG: u8 = 0xac;
pub(super) const OP_CHECKMULTISIG: u8 = 0xae;
/// Marks output 0 of a ticket: the voting rights.
pub(super) const OP_SSTX: u8 = 0xba;
/// Marks the payouts of a vote.
pub(super) const OP_SSGEN: u8 = 0xbb;
/// Marks the payouts of a revocation.
pub(super) const OP_SSRTX: u8 = 0xbc;
/// Marks the change outputs of a ticket.
pub(super) const OP_SSTXCHANGE: u8 = 0xbd;
pub(super) const OP_CHECKSIGALT: u8 = 0xbe;

/// The two destinations that stake outputs know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayTo {
    PubKeyHash([u8; 20]),
    ScriptHash([u8; 20]),
}

impl PayTo {
    pub fn hash160(&self) -> &[u8; 20] {
        match self {
            PayTo::PubKeyHash(hash) | PayTo::ScriptHash(hash) => hash,
        }
    }

    pub fn is_script_hash(&self) -> bool {
        matches!(self, PayTo::ScriptHash(_))
    }

    pub fn address(&self, network: Network) -> Address {
        match *self {
            PayTo::PubKeyHash(hash) => Address::pubkey_hash(network, hash),
            PayTo::ScriptHash(hash) => Address::script_hash(network, hash),
        }
    }

    /// The script that pays here.
    pub fn script(&self) -> Vec<u8> {
        self.write(Vec::with_capacity(25))
    }

    /// The same behind a stake opcode.
    pub(super) fn tagged_script(&self, tag: u8) -> Vec<u8> {
        let mut script = Vec::with_capacity(26);
        script.push(tag);
        self.write(script)
    }

    fn write(&self, mut script: Vec<u8>) -> Vec<u8> {
        match self {
            PayTo::PubKeyHash(hash) => {
                script.extend_from_slice(&[OP_DUP, OP_HASH160, 20]);
                script.extend_from_slice(hash);
                script.extend_from_slice(&[OP_EQUALVERIFY, OP_CHECKSIG]);
            }
            PayTo::ScriptHash(hash) => {
                script.extend_from_slice(&[OP_HASH160, 20]);
                script.extend_from_slice(hash);
                script.push(OP_EQUAL);
            }
        }
        script
    }

    /// Reads the two standard shapes; `None` for any other script.
    pub fn parse(script: &[u8]) -> Option<Self> {
        let between = |head: &[u8], tail: &[u8]| {
            script
                .strip_prefix(head)?
                .strip_suffix(tail)?
                .try_into()
                .ok()
        };
        between(&[OP_DUP, OP_HASH160, 20], &[OP_EQUALVERIFY, OP_CHECKSIG])
            .map(PayTo::PubKeyHash)
            .or_else(|| between(&[OP_HASH160, 20], &[OP_EQUAL]).map(PayTo::ScriptHash))
    }

    /// Reads a script behind a stake opcode.
    pub(super) fn parse_tagged(tag: u8, script: &[u8]) -> Option<Self> {
        Self::parse(script.strip_prefix(&[tag])?)
    }
}

/// A script that pushes `data`, in the shortest form for data of more than one byte.
pub(super) fn push(data: &[u8]) -> Vec<u8> {
    let mut script = Vec::with_capacity(data.len() + 3);
    push_onto(&mut script, data);
    script
}

pub(super) fn push_onto(script: &mut Vec<u8>, data: &[u8]) {
    match u8::try_from(data.len()) {
        Ok(length) if length < OP_PUSHDATA1 => script.push(length),
        Ok(length) => script.extend_from_slice(&[OP_PUSHDATA1, length]),
        // Scripts are below 16 KiB everywhere; a longer push would be cut short and refused by dcrd.
        Err(_) => {
            let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
            script.push(OP_PUSHDATA2);
            script.extend_from_slice(&length.to_le_bytes());
        }
    }
    script.extend_from_slice(data);
}

/// The data of a script `RETURN <push>` that ends with its push.
pub(super) fn returned_data(script: &[u8]) -> Option<&[u8]> {
    let rest = script.strip_prefix(&[OP_RETURN])?;
    let (length, data) = match rest {
        [OP_PUSHDATA1, length, data @ ..] => (*length, data),
        [length, data @ ..] if *length < OP_PUSHDATA1 => (*length, data),
        _ => return None,
    };
    (data.len() == usize::from(length)).then_some(data)
}
