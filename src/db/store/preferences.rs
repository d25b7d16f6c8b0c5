//! How users want their tickets to vote.

use diesel::QueryResult;

use super::{Decision, Store};
use crate::db::connection::AnyConnection;
use crate::db::queries::{choices, counters, identity, news, revisions, users};
use crate::db::{Error, NewPreference, PreferenceTable, Result};
use crate::decred::VoteVersion;
use crate::domain::{Preference, Revision, UserId};

impl Store {
    /// Preferences of all enrolled users, by id. Reads only what a voter's account may see: of
    /// `Users` the columns UserId, MultiSigAddress, VoteBits, VoteBitsVersion; and
    /// `pool_revisions`, `pool_identity`.
    pub async fn preferences(&self) -> Result<PreferenceTable> {
        self.preference_table(revisions::all).await
    }

    /// Those newer than `revision`. Reads no more than `preferences`.
    pub async fn preferences_since(&self, revision: Revision) -> Result<PreferenceTable> {
        self.preference_table(move |connection| revisions::since(connection, revision.0))
            .await
    }

    async fn preference_table<F>(&self, query: F) -> Result<PreferenceTable>
    where
        F: Fn(&mut AnyConnection) -> QueryResult<Vec<Preference>> + Send + Sync + 'static,
    {
        let (pool_id, preferences) = self
            .read(move |connection| Ok((identity::find(connection)?, query(connection)?)))
            .await?;
        Ok(PreferenceTable {
            pool_id: pool_id.ok_or_else(|| Error::Schema("the pool has no id".into()))?,
            revision: preferences
                .iter()
                .map(|preference| preference.revision)
                .max()
                .unwrap_or_default(),
            preferences,
        })
    }

    /// `None`: no such user.
    pub async fn set_preference(&self, new: NewPreference) -> Result<Option<Preference>> {
        self.decide(move |connection, _| {
            let user_id = new.user_id.0;
            let revision = counters::next(connection, counters::REVISION)?;
            if !users::set_vote(connection, user_id, new.bits, new.version)? {
                return Ok(Decision::Rollback(None));
            }
            revisions::set(connection, user_id, revision)?;
            choices::replace(connection, user_id, new.version, &new.choices)?;
            Ok(Decision::Commit(Some(Preference {
                user_id: new.user_id,
                ticket_address: users::ticket_address(connection, user_id)?,
                version: new.version,
                bits: new.bits,
                revision: Revision(revision),
            })))
        })
        .await
    }

    /// The choices in words that belong to `version` (agenda id, choice id).
    pub async fn agenda_choices(
        &self,
        user_id: UserId,
        version: VoteVersion,
    ) -> Result<Vec<(String, String)>> {
        self.read(move |connection| choices::find(connection, user_id.0, version))
            .await
    }

    /// Default bits and `version` for everyone of an older version, at once; later users start with
    /// it too. Who has tickets is to be told, if there was a version before. Returns how many.
    pub async fn reset_preferences(&self, version: VoteVersion) -> Result<u64> {
        self.write(move |connection| {
            let revision = counters::next(connection, counters::REVISION)?;
            let former = counters::get(connection, counters::VOTE_VERSION)?;
            if former < i64::from(version.0) {
                counters::set(connection, counters::VOTE_VERSION, i64::from(version.0))?;
                // The first version that a pool sees is no news.
                if former > 0 {
                    news::note_version(connection, version)?;
                }
            }
            revisions::reset(connection, version, revision).map(|rows| rows as u64)
        })
        .await
    }
}
