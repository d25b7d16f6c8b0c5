//! The chain as pure code: no I/O, no clock, checked arithmetic, hostile bytes never panic.
//! Facts and their sources: DCPs and dcrd's own packages, proved by `tests/data/vectors`.

pub mod hash;
pub mod params;
pub mod types;

pub use hash::{BlockHash, Hash, TicketHash, TxHash};
pub use params::Network;
pub use types::{Atoms, Height, VoteBits, VoteVersion};
