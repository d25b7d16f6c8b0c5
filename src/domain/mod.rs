//! The pool's own nouns, shared by the database, the internal RPC, the pool and the voter.

pub mod alert;
pub mod digest;
pub mod ids;
pub mod news;
pub mod preference;
pub mod rate;
pub mod ticket;

pub use alert::{Alert, AlertState, AlertWay};
pub use digest::{Digest, preferences_digest, scripts_digest};
pub use ids::{InstanceId, KeyIndex, PoolId, Revision, UserId};
pub use news::{NewsKind, Wishes};
pub use preference::Preference;
pub use rate::{Rate, Wait};
pub use ticket::{FeeVerdict, TicketCounts, TicketRecord, TicketStatus, VoteRecord};
