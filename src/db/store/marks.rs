//! The numbers up to which this database has counted, and what to do when it is found to be older than
//! the voters: a backup that was restored.

use diesel::QueryResult;

use super::Store;
use crate::db::connection::AnyConnection;
use crate::db::queries::{counters, keys, narrow};
use crate::db::{Marks, Result};
use crate::decred::VoteVersion;
use crate::domain::{KeyIndex, Revision};

impl Store {
    pub async fn marks(&self) -> Result<Marks> {
        self.read(|connection| {
            let version = counters::get(connection, counters::VOTE_VERSION)?;
            let lacked = counters::find(connection, counters::SCRIPTS_LACKED)?;
            Ok(Marks {
                last_user: counters::get(connection, counters::USER_ID)?,
                last_revision: Revision(counters::get(connection, counters::REVISION)?),
                vote_version: VoteVersion(narrow("pool_counters.vote_version", version)?),
                scripts_lacked: narrow("pool_counters.scripts_lacked", lacked.unwrap_or(0))?,
            })
        })
        .await
    }

    /// The lowest key index of a user without an address: takes the longer the more have one.
    pub async fn lowest_waiting_key(&self) -> Result<Option<KeyIndex>> {
        self.read(keys::lowest_waiting).await
    }

    /// Counts on above what a voter knows: no user id, no key index up to `key` and no revision up to
    /// `revision` is given away from now on. Users who have such an index and no address yet get
    /// another, since it may be the key of a user whom this database has forgotten. Returns how many.
    pub async fn count_on_above(&self, key: Option<KeyIndex>, revision: Revision) -> Result<u64> {
        self.write(move |connection| {
            // In the order of a verification: no deadlocks.
            let mut changed = 0;
            if let Some(key) = key.map(|key| i64::from(key.0)) {
                counters::raise(connection, counters::USER_ID, key)?;
                for user in keys::waiting_up_to(connection, key)? {
                    let index = free_index(connection)?;
                    keys::replace(connection, user, index)?;
                    changed += 1;
                }
            }
            counters::raise(connection, counters::REVISION, revision.0)?;
            Ok(changed)
        })
        .await
    }

    /// An operator knows that voters hold `count` scripts more than this database.
    pub async fn accept_lack_of_scripts(&self, count: u64) -> Result<()> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.write(move |connection| counters::put(connection, counters::SCRIPTS_LACKED, count))
            .await
    }

    /// A backup that was begun at `at` (unix seconds) is whole.
    pub async fn note_backup(&self, at: i64) -> Result<()> {
        self.write(move |connection| counters::put(connection, counters::BACKED_UP, at))
            .await
    }

    /// When the last backup was begun that came to its end.
    pub async fn backed_up_at(&self) -> Result<Option<i64>> {
        self.read(|connection| counters::find(connection, counters::BACKED_UP))
            .await
    }
}

/// An index that nobody has; no later user gets its number.
fn free_index(connection: &mut AnyConnection) -> QueryResult<i64> {
    loop {
        let index = counters::next(connection, counters::USER_ID)?;
        if !keys::is_taken(connection, index)? {
            return Ok(index);
        }
    }
}
