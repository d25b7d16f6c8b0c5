//! Why nothing, or not everything, was bought.

use std::time::Duration;

use super::plan::PlanError;
use super::terms::TermsError;
use crate::decred::ticket::TicketError;
use crate::decred::{Address, TxHash};
use crate::node;
use crate::node::check::Unfit;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The site, or what is in front of it, gave no answer.
    #[error("the pool at {url} cannot be reached: {reason}")]
    SiteUnavailable { url: String, reason: String },
    #[error("the pool's address {0:?} is no http or https URL")]
    SiteUrl(String),
    #[error("{url} does not answer like a pool: {reason}")]
    NotAPool { url: String, reason: String },
    #[error("the pool does not accept the API token; copy it again from the pool's settings page")]
    Token,
    #[error("the pool has no address of yours yet: submit one on its address page, then buy")]
    NoAddress,
    #[error("the pool refuses: {message} (code {code})")]
    SiteRefuses { code: i64, message: String },
    #[error("what the pool says cannot be used")]
    Terms(#[from] TermsError),
    #[error(
        "the pool's redeem script contains no key of this wallet ({address} is not its own): it is \
         another wallet than the one whose address you gave to the pool, or the pool is lying"
    )]
    NotOurKey { address: Address },
    #[error("the wallet cannot be used")]
    Unfit(#[from] Unfit),
    #[error("trouble with the wallet")]
    Wallet(#[from] node::Error),
    #[error("the wallet has not caught up with the network yet: wait and run this again")]
    NotSynced,
    #[error("the wallet gave {0:?} as an address of its own, which is none of this network")]
    BadAddress(String),
    #[error("the wallet cannot sign {what}: it is locked or lacks a key")]
    NotSigned { what: &'static str },
    #[error("the wallet returned another transaction than the one it was to sign: not published")]
    SignedAnother,
    #[error("the wallet does not have enough")]
    Plan(#[from] PlanError),
    #[error("the ticket cannot be built")]
    Ticket(#[from] TicketError),
    #[error("nothing was bought: you declined")]
    Declined,
    #[error("there is no terminal to ask on: pass --yes to buy without being asked")]
    NobodyToAsk,
    #[error("asking failed: {0}")]
    Asking(std::io::Error),
    #[error(
        "the split {split} was not mined within {} min; no ticket was bought. The coins are in your \
         wallet: run the same command again later, it goes on with them", .waited.as_secs() / 60
    )]
    SplitNotMined { split: TxHash, waited: Duration },
    #[error("the ticket price changes faster than coins can be prepared ({0} splits): try later")]
    TooManySplits(u32),
    #[error(
        "{} of {wanted} tickets were bought ({}), then it failed; run it again with --count {}",
        .bought.len(), list(.bought), .wanted - .bought.len()
    )]
    Partly {
        bought: Vec<TxHash>,
        wanted: usize,
        #[source]
        cause: Box<Error>,
    },
}

/// Which exit code an error deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 1
    Failed,
    /// 2
    Usage,
    /// 69
    Unavailable,
    /// 76
    Wrong,
    /// 78
    Config,
}

impl Error {
    pub fn fault(&self) -> Fault {
        match self {
            Error::SiteUnavailable { .. } | Error::NotSynced | Error::NotSigned { .. } => {
                Fault::Unavailable
            }
            // 14 is the pool's word for "not now".
            Error::SiteRefuses { code: 14, .. } => Fault::Unavailable,
            Error::NotAPool { .. }
            | Error::Token
            | Error::Terms(_)
            | Error::NotOurKey { .. }
            | Error::BadAddress(_)
            | Error::SignedAnother => Fault::Wrong,
            Error::Unfit(unfit) => of_node(unfit.fault()),
            // A refusal of the wallet, once it is the right one, is no wrong service.
            Error::Wallet(node::Error::Rpc { .. }) => Fault::Failed,
            Error::Wallet(error) => of_node(error.fault()),
            Error::NobodyToAsk | Error::SiteUrl(_) => Fault::Usage,
            _ => Fault::Failed,
        }
    }
}

fn of_node(fault: node::Fault) -> Fault {
    match fault {
        node::Fault::Unavailable => Fault::Unavailable,
        node::Fault::Wrong => Fault::Wrong,
        node::Fault::Config => Fault::Config,
    }
}

fn list(hashes: &[TxHash]) -> String {
    hashes
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
