//! How a user's tickets vote.

use serde::{Deserialize, Serialize};

use super::ids::{Revision, UserId};
use crate::decred::{VoteBits, VoteVersion};

/// One user's choice. `bits` are meant for the agendas of `version` and no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preference {
    pub user_id: UserId,
    pub ticket_address: String,
    pub version: VoteVersion,
    pub bits: VoteBits,
    pub revision: Revision,
}
