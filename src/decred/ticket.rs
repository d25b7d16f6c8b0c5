//! Tickets (SSTx): telling them from other transactions, reading and building them.
//! dcrd's `blockchain/stake/staketx.go` is the source of the shape.

use smallvec::SmallVec;

use super::hash::TicketHash;
use super::params::Network;
use super::script::{OP_RETURN, OP_SSTX, OP_SSTXCHANGE, PayTo};
use super::tx::{OutPoint, Transaction, TxIn, TxOut};
use super::types::Atoms;

/// Inputs, and so commitments, of a ticket at most.
pub const MAX_INPUTS: usize = 64;

/// A commitment's data; longer pushes up to `MAX_COMMITMENT_BYTES` are allowed and ignored.
const COMMITMENT_BYTES: u8 = 30;
const MAX_COMMITMENT_BYTES: u8 = 75;

/// The bit of a commitment's amount that says it pays to a script hash.
const SCRIPT_HASH_BIT: u64 = 1 << 63;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    #[error("not a ticket: {0}")]
    Shape(&'static str),
    #[error("an amount of the ticket is negative or out of range")]
    Amount,
}

/// What one input of a ticket gets back with the vote or revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commitment {
    pub to: PayTo,
    pub amount: Atoms,
    /// What a vote (low byte) or revocation (high byte) may leave to the miner.
    pub fee_limits: u16,
}

/// Of a pool's ticket there are two: the fee's and the owner's.
pub type Commitments = SmallVec<[Commitment; 2]>;

/// A ticket, as far as a pool needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub hash: TicketHash,
    /// Value of output 0.
    pub price: Atoms,
    /// Who may vote it.
    pub submission: PayTo,
    /// In the order of the inputs.
    pub commitments: Commitments,
    /// Sum of the change outputs.
    pub change: Atoms,
}

impl Ticket {
    /// Reads a ticket. Anything else is an error, which says why.
    pub fn parse(tx: &Transaction) -> Result<Self, TicketError> {
        if tx.inputs.is_empty() || tx.inputs.len() > MAX_INPUTS {
            return Err(TicketError::Shape("number of inputs"));
        }
        if tx.outputs.len() != 2 * tx.inputs.len() + 1 {
            return Err(TicketError::Shape("number of outputs"));
        }
        if tx.outputs.iter().any(|output| output.version != 0) {
            return Err(TicketError::Shape("script version"));
        }
        let (first, rest) = tx
            .outputs
            .split_first()
            .ok_or(TicketError::Shape("number of outputs"))?;
        let submission = PayTo::parse_tagged(OP_SSTX, &first.script)
            .ok_or(TicketError::Shape("output 0 is no voting right"))?;
        if first.value.0 < 0 {
            return Err(TicketError::Amount);
        }
        let mut commitments = Commitments::with_capacity(tx.inputs.len());
        let mut change = Atoms(0);
        for pair in rest.chunks_exact(2) {
            let [commitment, change_output] = pair else {
                return Err(TicketError::Shape("number of outputs"));
            };
            commitments.push(read_commitment(commitment)?);
            change = change
                .checked_add(read_change(change_output)?)
                .ok_or(TicketError::Amount)?;
        }
        Ok(Self {
            hash: tx.hash(),
            price: first.value,
            submission,
            commitments,
            change,
        })
    }

    /// Where the pool's fee is committed, by convention the first.
    pub fn fee_commitment(&self) -> Option<&Commitment> {
        self.commitments.first()
    }

    pub fn committed(&self) -> Option<Atoms> {
        self.commitments
            .iter()
            .try_fold(Atoms(0), |sum, commitment| {
                sum.checked_add(commitment.amount)
            })
    }

    /// The script of output 0.
    pub fn submission_script(&self) -> Vec<u8> {
        self.submission.tagged_script(OP_SSTX)
    }

    /// The address whose owner may vote it.
    pub fn address(&self, network: Network) -> super::Address {
        self.submission.address(network)
    }
}

fn read_commitment(output: &TxOut) -> Result<Commitment, TicketError> {
    const NOT: TicketError = TicketError::Shape("an odd output is no commitment");
    let [OP_RETURN, length, data @ ..] = output.script.as_slice() else {
        return Err(NOT);
    };
    if !(COMMITMENT_BYTES..=MAX_COMMITMENT_BYTES).contains(length) {
        return Err(NOT);
    }
    let (hash, rest) = data.split_first_chunk::<20>().ok_or(NOT)?;
    let (amount, rest) = rest.split_first_chunk::<8>().ok_or(NOT)?;
    let (limits, _) = rest.split_first_chunk::<2>().ok_or(NOT)?;
    let amount = u64::from_le_bytes(*amount);
    let atoms = i64::try_from(amount & !SCRIPT_HASH_BIT).map_err(|_| TicketError::Amount)?;
    Ok(Commitment {
        to: if amount & SCRIPT_HASH_BIT == 0 {
            PayTo::PubKeyHash(*hash)
        } else {
            PayTo::ScriptHash(*hash)
        },
        amount: Atoms(atoms),
        fee_limits: u16::from_le_bytes(*limits),
    })
}

fn read_change(output: &TxOut) -> Result<Atoms, TicketError> {
    PayTo::parse_tagged(OP_SSTXCHANGE, &output.script)
        .ok_or(TicketError::Shape("an even output is no change"))?;
    if output.value.0 < 0 {
        return Err(TicketError::Amount);
    }
    Ok(output.value)
}

/// Whether a transaction has the shape of a ticket.
pub fn is_ticket(tx: &Transaction) -> bool {
    Ticket::parse(tx).is_ok()
}

/// One input of a ticket to be built, with what it gets back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketInput {
    pub spends: OutPoint,
    pub value: Atoms,
    pub commitment: Commitment,
    pub change_to: PayTo,
    pub change: Atoms,
}

/// Builds an unsigned ticket of `price` whose voting right goes to `submission`. Its inputs must cover
/// price and change.
pub fn build(
    submission: PayTo,
    price: Atoms,
    inputs: &[TicketInput],
) -> Result<Transaction, TicketError> {
    if inputs.is_empty() || inputs.len() > MAX_INPUTS {
        return Err(TicketError::Shape("number of inputs"));
    }
    let mut outputs = Vec::with_capacity(2 * inputs.len() + 1);
    outputs.push(TxOut::new(price, submission.tagged_script(OP_SSTX)));
    let mut left = Atoms(0).checked_sub(price).ok_or(TicketError::Amount)?;
    for input in inputs {
        if input.value.0 < 0 || input.change.0 < 0 {
            return Err(TicketError::Amount);
        }
        outputs.push(TxOut::new(Atoms(0), commitment_script(&input.commitment)?));
        outputs.push(TxOut::new(
            input.change,
            input.change_to.tagged_script(OP_SSTXCHANGE),
        ));
        left = left
            .checked_add(input.value)
            .and_then(|left| left.checked_sub(input.change))
            .ok_or(TicketError::Amount)?;
    }
    if price.0 <= 0 || left.0 < 0 {
        return Err(TicketError::Amount);
    }
    Ok(Transaction {
        version: 1,
        inputs: inputs
            .iter()
            .map(|input| TxIn::unsigned(input.spends, input.value))
            .collect(),
        outputs,
        lock_time: 0,
        expiry: 0,
    })
}

fn commitment_script(commitment: &Commitment) -> Result<Vec<u8>, TicketError> {
    let mut amount = u64::try_from(commitment.amount.0).map_err(|_| TicketError::Amount)?;
    if commitment.to.is_script_hash() {
        amount |= SCRIPT_HASH_BIT;
    }
    let mut script = Vec::with_capacity(32);
    script.extend_from_slice(&[OP_RETURN, COMMITMENT_BYTES]);
    script.extend_from_slice(commitment.to.hash160());
    script.extend_from_slice(&amount.to_le_bytes());
    script.extend_from_slice(&commitment.fee_limits.to_le_bytes());
    Ok(script)
}

/// Whether a transaction has the shape of a vote.
pub fn is_vote(tx: &Transaction) -> bool {
    super::vote::ParsedVote::parse(tx).is_ok()
}

/// Whether a transaction has the shape of a revocation.
pub fn is_revocation(tx: &Transaction) -> bool {
    super::revocation::parse(tx).is_ok()
}
