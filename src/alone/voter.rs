//! The loop: winners in, votes out.

use std::time::Duration;

use crate::decred::address::Address;
use crate::decred::multisig::RedeemScript;
use crate::decred::script::PayTo;
use crate::decred::ticket::Ticket;
use crate::decred::tx::{Transaction, TxError};
use crate::decred::vote::{self, VoteError, VoteRequest};
use crate::decred::{BlockHash, Height, Network, TicketHash, TxHash, VoteBits, VoteVersion};
use crate::node::check::Unfit;
use crate::node::notification::WinningTickets;
use crate::node::sign::VoteSignError;
use crate::node::{self, Dcrd, Dcrwallet, Notification, Notifications, SendOutcome, Written};

/// For signing, and for one send.
const DEADLINE: Duration = Duration::from_secs(10);
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error(transparent)]
    Node(#[from] node::Error),
    #[error(
        "the script has no key of this wallet ({address} is not its own): it is another wallet than the one \
         whose address you gave to the pool"
    )]
    NotOurKey { address: Address },
    #[error("the ticket gives no vote: {0}")]
    Vote(#[from] VoteError),
    #[error(transparent)]
    Sign(#[from] VoteSignError),
    #[error("the wallet's answer: {0}")]
    Garbled(#[from] TxError),
    #[error("dcrd refuses: {0}")]
    Refused(String),
}

/// What became of a called ticket.
#[derive(Debug)]
pub struct Cast {
    pub ticket: TicketHash,
    pub block: BlockHash,
    pub height: Height,
    /// `None`: the vote of another was there first.
    pub vote: Result<Option<TxHash>, Error>,
}

/// A holder's wallet that has the script, and the dcrd that names winners.
#[derive(Debug)]
pub struct Alone {
    dcrd: Dcrd,
    wallet: Dcrwallet,
    script: RedeemScript,
    bits: VoteBits,
    version: VoteVersion,
}

impl Alone {
    /// Checks that both daemons are of this network and that the script's other key is the wallet's, and
    /// gives the wallet the script if it lacks it.
    pub async fn new(
        dcrd: Dcrd,
        wallet: Dcrwallet,
        network: Network,
        script: RedeemScript,
        bits: VoteBits,
    ) -> Result<Self, Error> {
        dcrd.check_network(network).await?;
        let version = wallet.check_own(network).await?.vote_version;
        let adopted = wallet.adopt_script(network, &script).await?;
        adopted.map_err(|address| Error::NotOurKey { address })?;
        Ok(Self {
            dcrd,
            wallet,
            script,
            bits,
            version,
        })
    }

    /// Votes until dcrd's client ends, and tells of each own ticket that was called.
    pub async fn run(&self, mut notifications: Notifications, tell: impl Fn(&Cast)) {
        while let Some(notification) = notifications.recv().await {
            match notification {
                Notification::WinningTickets(winners) => self.vote_for(&winners, &tell).await,
                Notification::Connected { .. } | Notification::Lost => {
                    if let Err(error) = self.dcrd.rebroadcast_winners().await {
                        tracing::warn!(%error, "dcrd does not name the winners again");
                    }
                }
                Notification::Disconnected { reason, .. } => {
                    tracing::warn!(reason, "dcrd is away");
                }
                _ => {}
            }
        }
    }

    async fn vote_for(&self, winners: &WinningTickets, tell: &impl Fn(&Cast)) {
        for ticket in &winners.tickets {
            if let Some((height, vote)) = self.patiently(*ticket, winners.block).await {
                tell(&Cast {
                    ticket: *ticket,
                    block: winners.block,
                    height,
                    vote,
                });
            }
        }
    }

    /// Tries again while a daemon is away; `None` when the ticket is not ours.
    async fn patiently(
        &self,
        hash: TicketHash,
        block: BlockHash,
    ) -> Option<(Height, Result<Option<TxHash>, Error>)> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.look_up(hash, block).await {
                Ok(None) => return None,
                Ok(Some((ticket, height))) => match self.vote(&ticket, block, height).await {
                    Err(error) if tries < TRIES && may_pass(&error) => {
                        tracing::warn!(ticket.hash = %hash, %error, "vote is tried again");
                    }
                    vote => return Some((height, vote)),
                },
                Err(error) if tries < TRIES => {
                    tracing::warn!(ticket.hash = %hash, %error, "a winner cannot be looked up");
                }
                Err(error) => return Some((Height(0), Err(error))),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The ticket, if it is one of this script, and the height of the block: announcements that were asked
    /// for may have a wrong one.
    async fn look_up(
        &self,
        hash: TicketHash,
        block: BlockHash,
    ) -> Result<Option<(Ticket, Height)>, Error> {
        let Some(known) = self.wallet.transaction(hash).await? else {
            return Ok(None);
        };
        let transaction = Transaction::decode(&known.bytes)?;
        let own = PayTo::ScriptHash(self.script.hash160());
        let ticket = Ticket::parse(&transaction).ok();
        let Some(ticket) = ticket.filter(|ticket| ticket.submission == own) else {
            return Ok(None);
        };
        let header = self.dcrd.header_info(block).await?;
        Ok(Some((ticket, header.height)))
    }

    async fn vote(
        &self,
        ticket: &Ticket,
        block: BlockHash,
        height: Height,
    ) -> Result<Option<TxHash>, Error> {
        let next = Height(height.0.saturating_add(1));
        let unsigned = vote::build(&VoteRequest {
            ticket,
            block,
            height,
            bits: self.bits,
            version: self.version,
            subsidy: self.dcrd.vote_subsidy(next).await?,
            treasury: &[],
        })?;
        let hex = self.wallet.signed_vote(&unsigned, ticket, DEADLINE).await?;
        match self
            .dcrd
            .send_vote(&hex, DEADLINE, &Written::default())
            .await
        {
            SendOutcome::Accepted(hash) => Ok(Some(hash)),
            SendOutcome::AlreadyKnown | SendOutcome::AlreadyVoted => Ok(None),
            SendOutcome::WrongSubsidy { reason, .. }
            | SendOutcome::Useless { reason }
            | SendOutcome::Refused { reason, .. } => Err(Error::Refused(reason)),
            SendOutcome::Unknown(error) => Err(error.into()),
        }
    }
}

/// Whether the same may succeed a moment later.
fn may_pass(error: &Error) -> bool {
    use VoteSignError::{Another, Call, Incomplete};

    matches!(
        error,
        Error::Node(_) | Error::Sign(Call(_) | Incomplete | Another)
    )
}
