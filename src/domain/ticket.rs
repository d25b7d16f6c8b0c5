//! What the pool knows of a ticket.

use serde::{Deserialize, Serialize};

use super::ids::UserId;
use crate::decred::params::Params;
use crate::decred::{Atoms, BlockHash, Height, TicketHash, TxHash, VoteBits, VoteVersion};

/// Where a ticket is in its life. `Missed` and `Expired` are final; a revocation is a detail of them
/// (`TicketRecord::revocation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TicketStatus {
    Mempool,
    Immature,
    Live,
    Voted,
    Missed,
    Expired,
}

/// The judgement on a ticket's pool fee, made once, when it is first seen mined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeeVerdict {
    /// Not mined yet.
    Pending,
    Good,
    /// Ignored until an admin adds it.
    Low,
    /// Low, added by an admin: voted.
    Added,
}

impl FeeVerdict {
    /// Whether the pool votes such a ticket.
    pub fn votes(self) -> bool {
        matches!(self, FeeVerdict::Good | FeeVerdict::Added)
    }
}

/// The vote that a block holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoteRecord {
    pub hash: TxHash,
    /// The block that includes the vote (not the one voted on, which is its parent).
    pub block: BlockHash,
    pub height: Height,
    pub bits: VoteBits,
    pub version: VoteVersion,
    /// Sum of the payouts less the ticket's price.
    pub reward: Atoms,
}

/// A ticket of one of the pool's users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketRecord {
    pub hash: TicketHash,
    pub user_id: UserId,
    pub ticket_address: String,
    pub price: Atoms,
    /// What the ticket commits to the pool's fee address.
    pub fee_paid: Atoms,
    /// Where it was mined; `None` while it is in the mempool.
    pub mined: Option<(BlockHash, Height)>,
    pub status: TicketStatus,
    pub verdict: FeeVerdict,
    pub vote: Option<VoteRecord>,
    pub revocation: Option<TxHash>,
}

impl TicketRecord {
    /// The first and the last block that may call it; `None` while it is in none itself.
    pub fn callable(&self, params: &Params) -> Option<(u64, u64)> {
        let (_, mined) = self.mined?;
        let first = u64::from(mined.0).saturating_add(u64::from(params.ticket_maturity));
        Some((first, first.saturating_add(u64::from(params.ticket_expiry))))
    }
}

/// Tickets of the pool's users by status, low-fee ones apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketCounts {
    pub mempool: u64,
    pub immature: u64,
    pub live: u64,
    pub voted: u64,
    pub missed: u64,
    pub expired: u64,
    pub revoked: u64,
    pub low_fee: u64,
}
