//! Low-fee tickets: an admin may have the pool vote them all the same. The database has the list, and every
//! voter is sent the whole of it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::voters::{Peer, QUICK};
use super::{Error, Pool};
use crate::db::{LowFeeAddition, LowFeeChange, LowFeeRemoval, LowFeeTicket};
use crate::decred::params::Params;
use crate::decred::{Height, TicketHash};
use crate::domain::{FeeVerdict, InstanceId, TicketRecord, TicketStatus, UserId};
use crate::rpc;
use crate::rpc::wire::{self, LowFee, LowFeeLists};

pub use crate::db::{LowFeeEntry, LowFeeLife};

/// The list is read again after this many seconds: another web process or a command may have changed it.
const LIST_AGE: i64 = 15;
/// A voter is sent the list again after this many seconds, whatever it took before.
const AGAIN: i64 = 600;
/// How often tickets that have voted leave the list.
const SETTLE: Duration = Duration::from_secs(10);
/// An added ticket stays in force for at least this many seconds.
const LEAST_LIFE: i64 = 30 * 24 * 3600;

/// What voters must vote although its fee is too low.
#[derive(Debug)]
pub(super) struct LowFeeList {
    pub tickets: Arc<Vec<wire::LowFeeTicket>>,
    read_at: i64,
}

/// The list that a voter took.
#[derive(Debug, Clone)]
pub(super) struct LowFeeTold {
    instance: InstanceId,
    tickets: Arc<Vec<wire::LowFeeTicket>>,
    at: i64,
}

/// A page of low-fee tickets, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LowFeePage {
    pub entries: Vec<LowFeeEntry>,
    /// From 0.
    pub page: u32,
    pub total: u64,
}

/// What became of one ticket that an admin added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LowFeeAnswer {
    Added,
    AlreadyAdded,
    Removed,
    NotAdded,
    /// Its fee needs nobody's leave.
    FeeIsGood,
    /// In no block yet: its fee is judged when it is mined.
    NotJudged,
    /// Voted, missed or expired.
    Over,
    /// No ticket of a user of ours, as far as the database knows.
    Unknown,
}

/// On one page: each takes much to say.
pub const LOW_FEE_PER_PAGE: u32 = 25;

impl Pool {
    /// Low-fee tickets of all users; pages count from 0.
    pub async fn low_fee_tickets(&self, life: LowFeeLife, page: u32) -> Result<LowFeePage, Error> {
        let offset = u64::from(page).saturating_mul(u64::from(LOW_FEE_PER_PAGE));
        let tickets = self
            .store
            .low_fee_tickets(life, offset, LOW_FEE_PER_PAGE)
            .await?;
        Ok(LowFeePage {
            entries: tickets.0,
            page,
            total: tickets.1,
        })
    }

    /// Has the voters vote these tickets from now on, their fee notwithstanding. Each ticket is answered
    /// once.
    pub async fn add_low_fee(
        &self,
        admin: UserId,
        client: Option<IpAddr>,
        tickets: BTreeSet<TicketHash>,
    ) -> Result<Vec<(TicketHash, LowFeeAnswer)>, Error> {
        let mut answers = Vec::with_capacity(tickets.len());
        let mut additions = Vec::new();
        for hash in tickets {
            let Some(ticket) = self.store.ticket(hash).await? else {
                answers.push((hash, LowFeeAnswer::Unknown));
                continue;
            };
            if let Some(refusal) = refusal(&ticket) {
                answers.push((hash, refusal));
            } else {
                let mined = ticket.mined.map(|(_, height)| height);
                additions.push(self.listing(hash, ticket.ticket_address, mined, admin));
            }
        }
        let hashes: Vec<_> = additions.iter().map(|it| it.ticket_hash).collect();
        let change = self.change(Some(admin), client);
        let added = self.store.add_low_fee(additions, change).await?;
        tracing::info!(
            audit.event = "low_fee_added",
            user.id = admin.0,
            ?added,
            "audit"
        );
        let added = added.into_iter().map(|addition| match addition {
            LowFeeAddition::Added => LowFeeAnswer::Added,
            LowFeeAddition::Already => LowFeeAnswer::AlreadyAdded,
            LowFeeAddition::Voted => LowFeeAnswer::Over,
        });
        answers.extend(hashes.into_iter().zip(added));
        self.low_fee_changed().await;
        Ok(answers)
    }

    /// Has the voters ignore these tickets again. Each ticket is answered once.
    pub async fn remove_low_fee(
        &self,
        admin: UserId,
        client: Option<IpAddr>,
        tickets: BTreeSet<TicketHash>,
    ) -> Result<Vec<(TicketHash, LowFeeAnswer)>, Error> {
        let hashes: Vec<_> = tickets.into_iter().collect();
        let change = self.change(Some(admin), client);
        let removed = self.store.remove_low_fee(hashes.clone(), change).await?;
        tracing::info!(
            audit.event = "low_fee_removed",
            user.id = admin.0,
            ?removed,
            "audit"
        );
        self.low_fee_changed().await;
        let answers = removed.into_iter().map(|removal| match removal {
            LowFeeRemoval::Removed => LowFeeAnswer::Removed,
            LowFeeRemoval::NotListed => LowFeeAnswer::NotAdded,
            LowFeeRemoval::Voted => LowFeeAnswer::Over,
        });
        Ok(hashes.into_iter().zip(answers).collect())
    }

    /// A row of the list, for a ticket that was mined at that height (or will be soon).
    pub(super) fn listing(
        &self,
        ticket_hash: TicketHash,
        ticket_address: String,
        mined: Option<Height>,
        by: UserId,
    ) -> LowFeeTicket {
        let now = self.clock.unix_seconds();
        let best = self.best_height();
        let expiry = expiry(self.settings.params(), mined.or(best));
        LowFeeTicket {
            ticket_hash,
            ticket_address,
            added_by: by,
            ticket_expiry: expiry,
            created: now,
            expires: now.saturating_add(life(self.settings.params(), expiry, best)),
        }
    }

    pub(super) fn change(&self, by: Option<UserId>, client: Option<IpAddr>) -> LowFeeChange {
        LowFeeChange {
            by,
            ip: client.map(|ip| ip.to_string()).unwrap_or_default(),
            now: self.clock.unix_seconds(),
        }
    }

    /// The list, at most a few seconds old; always with what this process stored.
    pub(super) async fn low_fee_list(&self) -> Result<Arc<LowFeeList>, Error> {
        let mut list = self.low_fee.lock().await;
        let now = self.clock.unix_seconds();
        if let Some(list) = &*list
            && now.saturating_sub(list.read_at) < LIST_AGE
        {
            return Ok(Arc::clone(list));
        }
        let tickets = self.store.low_fee_in_force(now).await?;
        let tickets = tickets.into_iter().map(|ticket| wire::LowFeeTicket {
            ticket_hash: ticket.ticket_hash,
            ticket_address: ticket.ticket_address,
        });
        let fresh = Arc::new(LowFeeList {
            tickets: Arc::new(tickets.collect()),
            read_at: now,
        });
        *list = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// Another list is stored, which voters must learn.
    pub(super) async fn low_fee_changed(&self) {
        *self.low_fee.lock().await = None;
        for peer in &self.peers {
            peer.wake();
        }
    }

    /// Sends a voter the list, if it is due there.
    pub(super) async fn teach_low_fee(&self, peer: &Peer) {
        let Some(status) = peer.view().status.clone() else {
            return;
        };
        if let Some(reason) = distrust(peer) {
            tracing::debug!(voter = peer.name(), reason, "low-fee list not sent");
            return;
        }
        let list = match self.low_fee_list().await {
            Ok(list) => list,
            Err(error) => {
                tracing::warn!(%error, "low-fee list not read");
                return;
            }
        };
        let now = self.clock.unix_seconds();
        let told = peer.view().low_fee_told.clone();
        let knows = told.as_ref().is_some_and(|told| {
            told.instance == status.instance
                && told.tickets == list.tickets
                && now.saturating_sub(told.at) < AGAIN
        });
        if knows {
            return;
        }
        match self.push_low_fee(peer, &list.tickets).await {
            Ok(lists) => {
                let news = told.is_none_or(|told| told.tickets != list.tickets);
                report(peer.name(), &list.tickets, &lists, news);
                peer.view().low_fee_told = Some(LowFeeTold {
                    instance: status.instance,
                    tickets: Arc::clone(&list.tickets),
                    at: now,
                });
            }
            Err(error) => tracing::warn!(voter = peer.name(), %error, "low-fee list not taken"),
        }
    }

    pub(super) async fn push_low_fee(
        &self,
        peer: &Peer,
        tickets: &[wire::LowFeeTicket],
    ) -> Result<LowFeeLists, rpc::Error> {
        let request = LowFee {
            tickets: tickets.to_vec(),
        };
        peer.within(QUICK, peer.voter().set_low_fee(request)).await
    }

    /// Takes what has voted off the list, until the role stops.
    pub(super) async fn keep_low_fee(&self) {
        loop {
            if self.leads() {
                self.settle_low_fee().await;
            }
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = sleep(SETTLE) => {}
            }
        }
    }

    pub(super) async fn settle_low_fee(&self) {
        let Some(tip) = self.best_height() else {
            return;
        };
        let now = self.clock.unix_seconds();
        match self.store.settle_low_fee(tip, now).await {
            Ok(true) => self.low_fee_changed().await,
            Ok(false) => {}
            Err(error) => tracing::debug!(%error, "low-fee list not brought up to date"),
        }
    }
}

/// A voter that refuses the preferences of this database for what they lack is not told that tickets are
/// ignored again either: it may be last night's backup.
pub(super) fn distrust(peer: &Peer) -> Option<&'static str> {
    let view = peer.view();
    let status = view.status.as_ref()?;
    let refused = view.preferences_refused.is_some() || status.preferences.refused.is_some();
    refused.then_some("it refuses this database's preferences: see `resume --accept-preferences`")
}

fn report(voter: &str, ours: &[wire::LowFeeTicket], lists: &LowFeeLists, news: bool) {
    for ticket in ours.iter().filter(|ticket| lists.ignored.contains(ticket)) {
        tracing::warn!(
            voter,
            ticket.hash = %ticket.ticket_hash,
            ticket.address = ticket.ticket_address,
            "an added ticket is ignored: it has another address"
        );
    }
    if news {
        tracing::info!(
            voter,
            added = lists.accepted.len(),
            ignored = lists.ignored.len(),
            "low-fee list taken"
        );
    }
}

/// Why a ticket need not or cannot be added.
fn refusal(ticket: &TicketRecord) -> Option<LowFeeAnswer> {
    match (ticket.verdict, ticket.status) {
        (FeeVerdict::Good, _) => Some(LowFeeAnswer::FeeIsGood),
        (_, TicketStatus::Voted | TicketStatus::Missed | TicketStatus::Expired) => {
            Some(LowFeeAnswer::Over)
        }
        (FeeVerdict::Pending, _) => Some(LowFeeAnswer::NotJudged),
        (FeeVerdict::Low | FeeVerdict::Added, _) => None,
    }
}

/// The height at which a ticket expires that was mined there.
fn expiry(params: &Params, mined: Option<Height>) -> Height {
    let mined = mined.map_or(0, |height| height.0);
    Height(
        mined
            .saturating_add(params.ticket_maturity)
            .saturating_add(params.ticket_expiry),
    )
}

/// Seconds for which a ticket that expires at that height stays in force: blocks may be slow.
fn life(params: &Params, expiry: Height, best: Option<Height>) -> i64 {
    let most = params.ticket_maturity.saturating_add(params.ticket_expiry);
    let left = match best {
        Some(best) => expiry.0.saturating_sub(best.0).min(most),
        None => most,
    };
    let seconds = i64::from(left).saturating_mul(i64::from(params.target_block_secs));
    seconds.saturating_mul(2).max(LEAST_LIFE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::params::Network;

    #[test]
    fn an_added_ticket_stays_in_force_longer_than_it_can_live() {
        let day = 24 * 3600;
        let params = Network::Mainnet.params();
        let expires = expiry(params, Some(Height(900_000)));
        assert_eq!(expires, Height(941_216));
        let new = life(params, expires, Some(Height(900_000)));
        assert_eq!(new / day, 286, "twice 143 days");
        let old = life(params, expires, Some(Height(941_000)));
        assert_eq!(old, 30 * day);
        let late = life(params, expires, Some(Height(999_999)));
        assert_eq!(late, 30 * day);
        assert_eq!(life(params, expires, None), new, "no voter says how high");
    }
}
