//! The chain as pure code: no I/O, no clock, checked arithmetic, hostile bytes never panic.
//! Facts and their sources: DCPs and dcrd's own packages, proved by `tests/data/vectors`.

pub mod address;
pub mod agenda;
mod base58check;
pub mod block;
mod codec;
pub mod digits;
pub mod fee;
pub mod hash;
pub mod hdkey;
pub mod key;
pub mod lottery;
pub mod multisig;
pub mod params;
pub mod purchase;
pub mod revocation;
pub mod script;
pub mod sighash;
pub mod ticket;
pub mod tx;
pub mod types;
pub mod vote;

pub use address::{Address, AddressKind};
pub use hash::{BlockHash, Hash, TicketHash, TxHash};
pub use key::{PrivateKey, PublicKey};
pub use multisig::RedeemScript;
pub use params::Network;
pub use script::PayTo;
pub use ticket::Ticket;
pub use tx::Transaction;
pub use types::{Atoms, Height, VoteBits, VoteVersion};
