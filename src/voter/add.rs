//! Tickets that web knows and this voter may lack.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::event::{Report, Request, Standing, Whereabouts};
use super::links::Links;
use super::{find, load};
use crate::decred::address::Address;
use crate::decred::{BlockHash, TicketHash};
use crate::node;
use crate::rpc::wire::{AddedTicket, TicketOutcome};

/// Tickets looked up at once.
const PIPELINED: usize = 8;

/// Looks for each ticket, here and at dcrd, and indexes those that are ours and unspent. The wallet gets
/// them afterwards: votes do not wait for it.
pub async fn add(links: &Links, hashes: &[TicketHash]) -> Result<Vec<AddedTicket>, node::Error> {
    let found: Vec<_> = stream::iter(hashes.to_vec())
        .map(|hash| look(links.clone(), hash))
        .buffered(PIPELINED)
        .try_collect()
        .await?;
    let mined = found.iter().filter_map(|(ticket, block)| {
        let added = ticket.outcome == TicketOutcome::Added;
        Some((ticket.ticket_hash, (*block).filter(|_| added)?))
    });
    let mined: Vec<_> = mined.collect();
    // A wallet that is not ready gets all that it lacks when it is.
    if !mined.is_empty() && links.wallet_ready.holds(links.wallet.client()) {
        links.spawn("give tickets", give(links.clone(), mined));
    }
    Ok(found.into_iter().map(|(ticket, _)| ticket).collect())
}

/// What became of a ticket, and the block that holds it.
async fn look(
    links: Links,
    hash: TicketHash,
) -> Result<(AddedTicket, Option<BlockHash>), node::Error> {
    let (outcome, there, block) = find_and_index(&links, hash).await?;
    let ticket = AddedTicket {
        ticket_hash: hash,
        outcome,
        ticket_address: there.ticket_address,
        mined_height: there.mined_height,
    };
    Ok((ticket, block))
}

async fn find_and_index(
    links: &Links,
    hash: TicketHash,
) -> Result<(TicketOutcome, Whereabouts, Option<BlockHash>), node::Error> {
    let nowhere = Whereabouts::default();
    let standing = links.ask(|reply| Request::Standing(hash, reply)).await;
    match standing.unwrap_or(Standing::Unknown) {
        Standing::Open(there) => return Ok((TicketOutcome::Known, there, None)),
        Standing::Spent(there) => return Ok((TicketOutcome::Spent, there, None)),
        Standing::Unknown => {}
    }
    let dcrd = links.dcrd.unhurried();
    let Some(found) = find::ticket(&dcrd, hash).await? else {
        return Ok((TicketOutcome::NotFound, nowhere, None));
    };
    let submission = &found.ticket.submission;
    let script = *submission.hash160();
    let ours = links.ask(|reply| Request::Owns(script, reply)).await;
    if !submission.is_script_hash() || ours != Some(true) {
        return Ok((TicketOutcome::NotOurs, nowhere, None));
    }
    let address = Address::script_hash(links.params.network, script);
    let there = Whereabouts {
        ticket_address: Some(address.to_string()),
        mined_height: found.mined.map(|(_, height)| height),
    };
    let block = found.mined.map(|(block, _)| block);
    if block.is_some() && !dcrd.is_ticket_unspent(hash).await? {
        return Ok((TicketOutcome::Spent, there, None));
    }
    links.report(Report::Found(vec![found])).await;
    Ok((TicketOutcome::Added, there, block))
}

async fn give(links: Links, tickets: Vec<(TicketHash, BlockHash)>) {
    let (dcrd, wallet) = (links.dcrd.unhurried(), links.wallet.unhurried());
    for (ticket, block) in tickets {
        if let Err(error) = load::give(&dcrd, &wallet, ticket, block).await {
            tracing::warn!(ticket.hash = %ticket, %error, "a ticket is not given to the wallet yet");
            return links.pokes.load.notify_one();
        }
    }
}
