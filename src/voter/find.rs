//! Fetches single tickets from dcrd.

use std::sync::Arc;
use std::time::Duration;

use super::event::{Found, Report, Request};
use super::links::Links;
use crate::decred::TicketHash;
use crate::decred::ticket::Ticket;
use crate::decred::tx::Transaction;
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

/// Asks how tickets ended that were revoked after their expiry, which before DCP0009 happened to missed ones
/// too: the dcrd of that time tells. Today's does not, and need not.
pub async fn how_late_ones_ended(links: &Links, dcrd: &Dcrd) -> Result<(), node::Error> {
    let late = links.ask(Request::RevokedLate).await.unwrap_or_default();
    if late.is_empty() {
        return Ok(());
    }
    match dcrd.exists_expired(&late).await {
        Ok(words) => {
            let words = late.into_iter().zip(words).collect();
            links.report(Report::Expired(words)).await;
            Ok(())
        }
        Err(error) if error.is_unavailable() => Err(error),
        Err(_) => Ok(()),
    }
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
