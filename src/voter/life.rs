//! A ticket's life: which status follows from what is known; pure.

use serde::{Deserialize, Serialize};

use crate::decred::params::Params;
use crate::decred::{BlockHash, Height, TxHash};
use crate::domain::{TicketStatus, VoteRecord};

/// What ended a ticket's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Settled {
    Voted(VoteRecord),
    /// Missed or expired, which its height tells when dcrd does not say: a revocation is mined in the block
    /// that lacks the vote, or at expiry. Before DCP0009 it was mined whenever someone sent it.
    Revoked {
        by: TxHash,
        block: BlockHash,
        height: Height,
        #[serde(default)]
        expired: Option<bool>,
    },
}

impl Settled {
    pub fn vote(&self) -> Option<&VoteRecord> {
        match self {
            Settled::Voted(vote) => Some(vote),
            Settled::Revoked { .. } => None,
        }
    }

    pub fn revocation(&self) -> Option<TxHash> {
        match self {
            Settled::Voted(_) => None,
            Settled::Revoked { by, .. } => Some(*by),
        }
    }

    /// The height of the block that did it.
    pub fn height(&self) -> Height {
        match self {
            Settled::Voted(vote) => vote.height,
            Settled::Revoked { height, .. } => *height,
        }
    }

    /// The block that did it: a reorganisation that disconnects it takes it back.
    pub fn block(&self) -> BlockHash {
        match self {
            Settled::Voted(vote) => vote.block,
            Settled::Revoked { block, .. } => *block,
        }
    }
}

/// The facts that a status follows from.
#[derive(Debug, Clone, Copy)]
pub struct Life<'a> {
    pub mined: Option<Height>,
    pub settled: Option<&'a Settled>,
}

/// The status at `tip`. A ticket lives from `mined + maturity` (it can be called to vote on that very
/// block) to `mined + maturity + expiry`.
pub fn status(life: &Life<'_>, tip: Height, params: &Params) -> TicketStatus {
    let lives = |mined: Height| mined.0.saturating_add(params.ticket_maturity);
    let expires = |mined: Height| lives(mined).saturating_add(params.ticket_expiry);
    match (life.settled, life.mined) {
        (Some(Settled::Voted(_)), _) => TicketStatus::Voted,
        (
            Some(Settled::Revoked {
                height, expired, ..
            }),
            mined,
        ) => {
            let late = mined.is_some_and(|mined| height.0 >= expires(mined));
            if expired.unwrap_or(late) {
                TicketStatus::Expired
            } else {
                TicketStatus::Missed
            }
        }
        (None, None) => TicketStatus::Mempool,
        (None, Some(mined)) if tip.0 < lives(mined) => TicketStatus::Immature,
        (None, Some(mined)) if tip.0 >= expires(mined) => TicketStatus::Expired,
        (None, Some(_)) => TicketStatus::Live,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::params::Network;

    fn at(tip: u32, mined: Option<u32>, settled: Option<&Settled>) -> TicketStatus {
        let life = Life {
            mined: mined.map(Height),
            settled,
        };
        status(&life, Height(tip), Network::Simnet.params())
    }

    fn revoked(height: u32) -> Settled {
        Settled::Revoked {
            by: TxHash::ZERO,
            block: BlockHash::ZERO,
            height: Height(height),
            expired: None,
        }
    }

    #[test]
    fn a_ticket_lives_from_maturity_to_expiry() {
        assert_eq!(at(50, None, None), TicketStatus::Mempool);
        assert_eq!(at(100, Some(100), None), TicketStatus::Immature);
        assert_eq!(at(115, Some(100), None), TicketStatus::Immature);
        assert_eq!(at(116, Some(100), None), TicketStatus::Live);
        assert_eq!(at(499, Some(100), None), TicketStatus::Live);
        assert_eq!(at(500, Some(100), None), TicketStatus::Expired);
    }

    #[test]
    fn dcrds_word_counts_more_than_the_height_of_a_revocation() {
        let told = |height, word| Settled::Revoked {
            by: TxHash::ZERO,
            block: BlockHash::ZERO,
            height: Height(height),
            expired: Some(word),
        };
        let late = told(9000, false);
        assert_eq!(at(9999, Some(100), Some(&late)), TicketStatus::Missed);
        let expired = told(9000, true);
        assert_eq!(at(9999, Some(100), Some(&expired)), TicketStatus::Expired);
    }

    #[test]
    fn a_revocation_tells_missed_from_expired_by_its_height() {
        assert_eq!(
            at(600, Some(100), Some(&revoked(499))),
            TicketStatus::Missed
        );
        assert_eq!(
            at(600, Some(100), Some(&revoked(500))),
            TicketStatus::Expired
        );
    }
}
