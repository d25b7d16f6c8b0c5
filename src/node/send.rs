//! What dcrd's answer to `sendrawtransaction` means for a vote.

use super::error::{Error, code};
use crate::decred::{Atoms, TxHash};

/// The table of outcomes. Only dcrd's code −1 needs its text read: it has no finer code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    Accepted(TxHash),
    /// The same bytes are known: another node sent them.
    AlreadyKnown,
    /// Another vote of this ticket, with other bits, votes on this block.
    AlreadyVoted,
    /// Our idea of the subsidy is wrong: ask again, rebuild, send.
    WrongSubsidy {
        expected: Option<Atoms>,
        reason: String,
    },
    /// Nothing can be done: ticket spent or not live, block too old, enough votes.
    Useless {
        reason: String,
    },
    /// Any other refusal; the reason is dcrd's.
    Refused {
        code: i64,
        reason: String,
    },
    /// No answer: whether dcrd has it is unknown. Send again.
    Unknown(Error),
}

impl SendOutcome {
    /// Reads an answer to `sendrawtransaction`.
    pub fn of(answer: Result<TxHash, Error>) -> Self {
        match answer {
            Ok(hash) => SendOutcome::Accepted(hash),
            Err(Error::Rpc { code, message, .. }) => Self::refused(code, message),
            Err(error) => SendOutcome::Unknown(error),
        }
    }

    fn refused(code: i64, reason: String) -> Self {
        if code == code::DUPLICATE_TRANSACTION {
            return SendOutcome::AlreadyKnown;
        }
        SendOutcome::Refused { code, reason }
    }
}
