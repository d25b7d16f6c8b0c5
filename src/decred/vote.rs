//! Votes (SSGen): building the one that a ticket owes a block, and reading those of others.
//! Facts: dcrd's `blockchain/stake/staketx.go`, DCP0006 for treasury votes.

use super::hash::{BlockHash, Hash, TicketHash, TxHash};
use super::script::{OP_RETURN, OP_SSGEN, PayTo, push_onto, returned_data};
use super::ticket::Ticket;
use super::tx::{OutPoint, Transaction, Tree, TxIn, TxOut};
use super::types::{Atoms, Height, VoteBits, VoteVersion};

/// The input that the signature belongs to.
pub const SIGNED_INPUT: usize = 1;

/// Marks the data of a treasury-votes output.
const TREASURY_MARK: &[u8; 2] = b"TV";

/// Treasury spends that one vote can vote on.
pub const MAX_TREASURY_VOTES: usize = 7;

/// What stands in the stakebase's script; consensus wants these two bytes.
const STAKEBASE_SCRIPT: [u8; 2] = [0, 0];

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VoteError {
    #[error("not a vote: {0}")]
    Shape(&'static str),
    #[error("an amount of the vote is out of range")]
    Amount,
    #[error("more than {MAX_TREASURY_VOTES} treasury votes")]
    TreasuryVotes,
}

/// A vote on one treasury spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreasuryVote {
    pub spend: TxHash,
    /// 1 yes, 2 no.
    pub choice: u8,
}

/// Everything that a vote is made of.
#[derive(Debug, Clone, Copy)]
pub struct VoteRequest<'a> {
    pub ticket: &'a Ticket,
    /// The block voted on.
    pub block: BlockHash,
    pub height: Height,
    pub bits: VoteBits,
    pub version: VoteVersion,
    /// Of one vote, as dcrd says for the height after the voted block.
    pub subsidy: Atoms,
    /// Empty: abstain.
    pub treasury: &'a [TreasuryVote],
}

/// Builds the unsigned vote. The same request gives the same bytes on every node.
pub fn build(request: &VoteRequest<'_>) -> Result<Transaction, VoteError> {
    let ticket = request.ticket;
    let payouts = payouts(ticket, request.subsidy)?;
    let mut outputs = Vec::with_capacity(payouts.len() + 3);
    outputs.push(TxOut::new(Atoms(0), block_script(request)));
    outputs.push(TxOut::new(Atoms(0), bits_script(request)));
    for (commitment, value) in ticket.commitments.iter().zip(payouts) {
        outputs.push(TxOut::new(value, commitment.to.tagged_script(OP_SSGEN)));
    }
    if !request.treasury.is_empty() {
        outputs.push(TxOut::new(Atoms(0), treasury_script(request.treasury)?));
    }
    let mut stakebase = TxIn::unsigned(OutPoint::NULL, request.subsidy);
    stakebase.script = STAKEBASE_SCRIPT.to_vec();
    let spends = OutPoint {
        hash: ticket.hash,
        index: 0,
        tree: Tree::STAKE,
    };
    Ok(Transaction {
        version: if request.treasury.is_empty() { 1 } else { 3 },
        inputs: vec![stakebase, TxIn::unsigned(spends, ticket.price)],
        outputs,
        lock_time: 0,
        expiry: 0,
    })
}

/// What each commitment gets: its share of price and subsidy, rounded down as consensus does.
pub fn payouts(ticket: &Ticket, subsidy: Atoms) -> Result<Vec<Atoms>, VoteError> {
    let amounts: Vec<Atoms> = ticket.commitments.iter().map(|c| c.amount).collect();
    share(&amounts, ticket.price, subsidy)
}

/// The rule itself: `floor(((price + subsidy) · commitment · 2^32 / Σ commitments) / 2^32)`. dcrd takes the
/// detour over 2^32 in numbers of any size; rounding down twice is rounding down once, so it is left out.
pub fn share(commitments: &[Atoms], price: Atoms, subsidy: Atoms) -> Result<Vec<Atoms>, VoteError> {
    let positive = |atoms: Atoms| u128::try_from(atoms.0).map_err(|_| VoteError::Amount);
    let mut committed: u128 = 0;
    for amount in commitments {
        committed = committed
            .checked_add(positive(*amount)?)
            .ok_or(VoteError::Amount)?;
    }
    // No sum of shares is larger: they are amounts, one by one and together.
    let total = positive(price)?
        .checked_add(positive(subsidy)?)
        .filter(|total| i64::try_from(*total).is_ok())
        .ok_or(VoteError::Amount)?;
    commitments
        .iter()
        .map(|amount| {
            let share = total
                .checked_mul(positive(*amount)?)
                .and_then(|product| product.checked_div(committed))
                .ok_or(VoteError::Amount)?;
            i64::try_from(share)
                .map(Atoms)
                .map_err(|_| VoteError::Amount)
        })
        .collect()
}

fn block_script(request: &VoteRequest<'_>) -> Vec<u8> {
    let mut script = Vec::with_capacity(38);
    script.extend_from_slice(&[OP_RETURN, 36]);
    script.extend_from_slice(&request.block.0);
    script.extend_from_slice(&request.height.0.to_le_bytes());
    script
}

fn bits_script(request: &VoteRequest<'_>) -> Vec<u8> {
    let mut script = Vec::with_capacity(8);
    script.extend_from_slice(&[OP_RETURN, 6]);
    script.extend_from_slice(&request.bits.0.to_le_bytes());
    script.extend_from_slice(&request.version.0.to_le_bytes());
    script
}

fn treasury_script(votes: &[TreasuryVote]) -> Result<Vec<u8>, VoteError> {
    if votes.len() > MAX_TREASURY_VOTES {
        return Err(VoteError::TreasuryVotes);
    }
    let mut data = TREASURY_MARK.to_vec();
    for vote in votes {
        data.extend_from_slice(&vote.spend.0);
        data.push(vote.choice);
    }
    let mut script = vec![OP_RETURN];
    push_onto(&mut script, &data);
    Ok(script)
}

/// A vote found in a block or in the mempool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedVote {
    pub hash: TxHash,
    pub ticket: TicketHash,
    /// The block voted on.
    pub block: BlockHash,
    pub height: Height,
    pub bits: VoteBits,
    /// 0 when the vote does not say.
    pub version: VoteVersion,
    /// The vote's own subsidy.
    pub subsidy: Atoms,
    pub price: Atoms,
    pub payouts: Vec<(PayTo, Atoms)>,
    pub treasury: Vec<TreasuryVote>,
}

impl ParsedVote {
    pub fn parse(tx: &Transaction) -> Result<Self, VoteError> {
        let [stakebase, spends] = tx.inputs.as_slice() else {
            return Err(VoteError::Shape("number of inputs"));
        };
        if stakebase.previous != OutPoint::NULL {
            return Err(VoteError::Shape("input 0 is no stakebase"));
        }
        if spends.previous.index != 0 || spends.previous.tree != Tree::STAKE {
            return Err(VoteError::Shape("input 1 spends no ticket"));
        }
        if tx.outputs.iter().any(|output| output.version != 0) {
            return Err(VoteError::Shape("script version"));
        }
        let [block, bits, rest @ ..] = tx.outputs.as_slice() else {
            return Err(VoteError::Shape("number of outputs"));
        };
        let (block, height) = read_block(&block.script)?;
        let (bits, version) = read_bits(&bits.script)?;
        let (rest, treasury) = read_treasury(tx.version, rest)?;
        if rest.is_empty() {
            return Err(VoteError::Shape("no payout"));
        }
        let payouts = rest
            .iter()
            .map(|output| {
                PayTo::parse_tagged(OP_SSGEN, &output.script)
                    .map(|to| (to, output.value))
                    .ok_or(VoteError::Shape("an output is no payout"))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            hash: tx.hash(),
            ticket: spends.previous.hash,
            block,
            height,
            bits,
            version,
            subsidy: stakebase.value_in,
            price: spends.value_in,
            payouts,
            treasury,
        })
    }

    /// Sum of the payouts.
    pub fn paid(&self) -> Option<Atoms> {
        self.payouts
            .iter()
            .try_fold(Atoms(0), |sum, (_, value)| sum.checked_add(*value))
    }

    /// What the vote earned: its payouts less the ticket's price.
    pub fn reward(&self) -> Option<Atoms> {
        self.paid()?.checked_sub(self.price)
    }
}

fn read_block(script: &[u8]) -> Result<(BlockHash, Height), VoteError> {
    const NOT: VoteError = VoteError::Shape("output 0 names no block");
    let data = returned_data(script).ok_or(NOT)?;
    let (hash, rest) = data.split_first_chunk::<32>().ok_or(NOT)?;
    let height: [u8; 4] = rest.try_into().map_err(|_| NOT)?;
    Ok((Hash(*hash), Height(u32::from_le_bytes(height))))
}

fn read_bits(script: &[u8]) -> Result<(VoteBits, VoteVersion), VoteError> {
    const NOT: VoteError = VoteError::Shape("output 1 has no vote bits");
    let data = returned_data(script).ok_or(NOT)?;
    let (bits, rest) = data.split_first_chunk::<2>().ok_or(NOT)?;
    let version = rest
        .first_chunk::<4>()
        .map_or(0, |version| u32::from_le_bytes(*version));
    Ok((VoteBits(u16::from_le_bytes(*bits)), VoteVersion(version)))
}

/// Splits the treasury votes, the last output of a version 3 vote, from the payouts.
fn read_treasury(
    version: u16,
    outputs: &[TxOut],
) -> Result<(&[TxOut], Vec<TreasuryVote>), VoteError> {
    const NOT: VoteError = VoteError::Shape("the last output has no treasury votes");
    if version < 3 {
        return Ok((outputs, Vec::new()));
    }
    let (last, payouts) = outputs.split_last().ok_or(NOT)?;
    let Some(data) = returned_data(&last.script) else {
        return Ok((outputs, Vec::new()));
    };
    let votes = data.strip_prefix(TREASURY_MARK).ok_or(NOT)?;
    let chunks = votes.chunks_exact(33);
    if !chunks.remainder().is_empty() {
        return Err(NOT);
    }
    let read = chunks
        .filter_map(|chunk| {
            let (hash, choice) = chunk.split_first_chunk::<32>()?;
            Some(TreasuryVote {
                spend: Hash(*hash),
                choice: *choice.first()?,
            })
        })
        .collect();
    Ok((payouts, read))
}
