//! The Go program's users become ours.

use super::Store;
use crate::db::queries::{counters, former_users};
use crate::db::{Facts, FormerUser, Result, TakenUser};
use crate::domain::{KeyIndex, UserId};

impl Store {
    /// Users with higher ids than `after`, by id, at most `limit`; of whatever version the tables are.
    pub async fn former_users(
        &self,
        facts: &Facts,
        after: UserId,
        limit: u32,
    ) -> Result<Vec<FormerUser>> {
        let tables = facts.tables.clone();
        self.read(move |connection| {
            former_users::page(connection, &tables, after.0, i64::from(limit))
        })
        .await
    }

    /// Makes our own rows for some users, in one transaction. What is there stays: may be repeated.
    pub async fn take_over(&self, users: Vec<TakenUser>) -> Result<()> {
        self.write(move |connection| {
            let revision = counters::next(connection, counters::REVISION)?;
            former_users::take_over(connection, &users, revision)
        })
        .await
    }

    /// All users up to `last` are ours now, and all key indexes up to `key` may be in use.
    pub async fn finish_take_over(&self, last: UserId, key: KeyIndex) -> Result<()> {
        let highest = last.0.max(i64::from(key.0));
        self.write(move |connection| counters::raise(connection, counters::USER_ID, highest))
            .await
    }
}
