//! Votes signed by a wallet.

use std::time::Duration;

use super::dcrwallet::{Dcrwallet, PreviousOutput};
use super::error::Error;
use crate::decred::ticket::Ticket;
use crate::decred::tx::{Transaction, TxError};

/// Why a wallet's signature is not there, or not used.
#[derive(Debug, thiserror::Error)]
pub enum VoteSignError {
    #[error(transparent)]
    Call(#[from] Error),
    #[error("the wallet did not sign: it is locked or lacks the script")]
    Incomplete,
    #[error("the wallet signed another transaction")]
    Another,
    #[error("the wallet's answer: {0}")]
    Garbled(#[from] TxError),
}

impl Dcrwallet {
    /// Has the wallet sign the vote of a ticket; gives the bytes to send, as hex.
    pub async fn signed_vote(
        &self,
        vote: &Transaction,
        ticket: &Ticket,
        deadline: Duration,
    ) -> Result<String, VoteSignError> {
        let previous = PreviousOutput {
            hash: ticket.hash,
            index: 0,
            tree: 1,
            script: hex::encode(ticket.submission_script()),
        };
        let signed = self
            .sign_vote(&vote.to_hex(), &[previous], deadline)
            .await?;
        if !signed.complete {
            return Err(VoteSignError::Incomplete);
        }
        if Transaction::decode(&signed.bytes)?.hash() != vote.hash() {
            return Err(VoteSignError::Another);
        }
        Ok(hex::encode(signed.bytes))
    }
}
