//! How users want their tickets to vote.

use super::{Store, later};
use crate::db::{NewPreference, PreferenceTable, Result};
use crate::decred::VoteVersion;
use crate::domain::{Preference, Revision, UserId};

#[expect(clippy::unused_async, reason = "placeholder")]
impl Store {
    /// Preferences of all enrolled users, by id. Reads only what a voter's account may see: of
    /// `Users` the columns UserId, MultiSigAddress, VoteBits, VoteBitsVersion; and
    /// `pool_revisions`, `pool_identity`.
    pub async fn preferences(&self) -> Result<PreferenceTable> {
        later()
    }

    /// Those newer than `revision`.
    pub async fn preferences_since(&self, _revision: Revision) -> Result<PreferenceTable> {
        later()
    }

    /// `None`: no such user.
    pub async fn set_preference(&self, _new: NewPreference) -> Result<Option<Preference>> {
        later()
    }

    /// The choices in words that belong to `version` (agenda id, choice id).
    pub async fn agenda_choices(
        &self,
        _user_id: UserId,
        _version: VoteVersion,
    ) -> Result<Vec<(String, String)>> {
        later()
    }

    /// Default bits and `version` for everyone of an older version, at once. Returns how many.
    pub async fn reset_preferences(&self, _version: VoteVersion) -> Result<u64> {
        later()
    }
}
