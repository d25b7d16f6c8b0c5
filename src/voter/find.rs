//! Fetches single tickets from dcrd.

use std::sync::Arc;
use std::time::Duration;

use super::blocks::vote_record;
use super::event::{Found, Report};
use super::life::Settled;
use super::links::Links;
use crate::decred::revocation::{self, ParsedRevocation};
use crate::decred::ticket::Ticket;
use crate::decred::tx::Transaction;
use crate::decred::vote::ParsedVote;
use crate::decred::{TicketHash, TxHash};
use crate::node::notification::WinningTickets;
use crate::node::{self, Dcrd};

/// Tries for a ticket that a vote waits for.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Asks dcrd for a ticket; `None` when it knows no such transaction or it is no ticket.
pub async fn ticket(dcrd: &Dcrd, hash: TicketHash) -> Result<Option<Found>, node::Error> {
    let Some(raw) = dcrd.transaction(hash).await? else {
        return Ok(None);
    };
    let ticket = Transaction::decode(&raw.bytes)
        .ok()
        .and_then(|transaction| Ticket::parse(&transaction).ok())
        .filter(|ticket| ticket.hash == hash);
    Ok(ticket.map(|ticket| Found {
        ticket: Arc::new(ticket),
        mined: raw.mined(),
        settled: None,
    }))
}

/// Asks dcrd for the mined vote of a ticket.
pub async fn vote(
    dcrd: &Dcrd,
    ticket: TicketHash,
    hash: TxHash,
) -> Result<Option<Settled>, node::Error> {
    let Some(raw) = dcrd.transaction(hash).await? else {
        return Ok(None);
    };
    let vote = Transaction::decode(&raw.bytes)
        .ok()
        .and_then(|transaction| ParsedVote::parse(&transaction).ok())
        .filter(|vote| vote.ticket == ticket);
    Ok(vote
        .zip(raw.mined())
        .map(|(vote, (block, height))| Settled::Voted(vote_record(&vote, block, height))))
}

/// Asks dcrd for the mined revocation of a ticket. `expired`: what someone says of the ticket's end.
pub async fn revocation(
    dcrd: &Dcrd,
    ticket: TicketHash,
    hash: TxHash,
    expired: Option<bool>,
) -> Result<Option<Settled>, node::Error> {
    let Some(raw) = dcrd.transaction(hash).await? else {
        return Ok(None);
    };
    let revocation = Transaction::decode(&raw.bytes)
        .ok()
        .and_then(|transaction| revocation::parse(&transaction).ok())
        .filter(|revocation| revocation.ticket == ticket);
    let revoked = |(revocation, (block, height)): (ParsedRevocation, _)| Settled::Revoked {
        by: revocation.hash,
        block,
        height,
        expired,
    };
    Ok(revocation.zip(raw.mined()).map(revoked))
}

/// Puts the right height into an announcement that may have a wrong one. A block that dcrd does not know
/// is not voted on.
pub async fn height(links: Links, mut winners: WinningTickets) {
    for _ in 0..TRIES {
        match links.dcrd.header_info(winners.block).await {
            Ok(header) if header.hash == winners.block => {
                winners.height = header.height;
                return links.report(Report::Winners(winners)).await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(block.hash = %winners.block, %error, "a block cannot be looked up");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    tracing::error!(block.hash = %winners.block, "no vote: dcrd does not tell of the block whose winners it named");
}

/// Finds a winner that nobody here knows: a vote waits for it.
pub async fn winner(links: Links, hash: TicketHash) {
    for _ in 0..TRIES {
        match ticket(&links.dcrd, hash).await {
            Ok(Some(found)) => return links.report(Report::Found(vec![found])).await,
            Ok(None) => return links.report(Report::NoTicket(hash)).await,
            Err(error) => {
                tracing::warn!(ticket.hash = %hash, %error, "a winner cannot be looked up");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Finds tickets without hurry.
pub async fn tickets(links: Links, hashes: Vec<TicketHash>) {
    let dcrd = links.dcrd.unhurried();
    for hash in hashes {
        match ticket(&dcrd, hash).await {
            Ok(Some(found)) => links.report(Report::Found(vec![found])).await,
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(ticket.hash = %hash, %error, "a ticket cannot be looked up");
            }
        }
    }
}
