//! Revocations (SSRtx): what gives a missed or expired ticket's money back. Only read: since DCP0009
//! consensus makes them.

use super::hash::{TicketHash, TxHash};
use super::script::{OP_SSRTX, PayTo};
use super::tx::{Transaction, Tree};
use super::types::Atoms;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a revocation: {0}")]
pub struct RevocationError(&'static str);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedRevocation {
    pub hash: TxHash,
    pub ticket: TicketHash,
    pub payouts: Vec<(PayTo, Atoms)>,
}

pub fn parse(tx: &Transaction) -> Result<ParsedRevocation, RevocationError> {
    let [spends] = tx.inputs.as_slice() else {
        return Err(RevocationError("number of inputs"));
    };
    if spends.previous.index != 0 || spends.previous.tree != Tree::STAKE {
        return Err(RevocationError("it spends no ticket"));
    }
    if tx.outputs.is_empty() || tx.outputs.iter().any(|output| output.version != 0) {
        return Err(RevocationError("its outputs"));
    }
    let payouts = tx
        .outputs
        .iter()
        .map(|output| {
            PayTo::parse_tagged(OP_SSRTX, &output.script)
                .map(|to| (to, output.value))
                .ok_or(RevocationError("an output is no payout"))
        })
        .collect::<Result<_, _>>()?;
    Ok(ParsedRevocation {
        hash: tx.hash(),
        ticket: spends.previous.hash,
        payouts,
    })
}
