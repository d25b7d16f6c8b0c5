//! The Go program's users become ours.

use std::collections::BTreeSet;

use super::Store;
use crate::db::former;
use crate::db::queries::{counters, former_users, users};
use crate::db::{Facts, FormerUser, Result, TakenUser, TokenChange};
use crate::domain::{KeyIndex, UserId};
use crate::secret::Secret;

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

    /// Users with a vote or a height that cannot be: each of these counts as not set. Reads the whole table.
    pub async fn damaged_users(&self) -> Result<BTreeSet<i64>> {
        self.read(|connection| former::damaged(connection, |_| true))
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

    /// The API tokens of verified users with higher ids than `after`, by id, at most `limit`.
    pub async fn api_tokens(
        &self,
        after: UserId,
        limit: u32,
    ) -> Result<Vec<(UserId, Option<Secret>)>> {
        self.read(move |connection| {
            let rows = users::api_tokens(connection, after.0, i64::from(limit))?;
            let read = |(id, token): (i64, Option<String>)| {
                let token = token.filter(|token| !token.is_empty());
                (UserId(id), token.map(Secret::new))
            };
            Ok(rows.into_iter().map(read).collect())
        })
        .await
    }

    /// Replaces API tokens, in one transaction. What somebody else replaced meanwhile stays.
    pub async fn replace_api_tokens(&self, changes: Vec<TokenChange>) -> Result<()> {
        self.write(move |connection| {
            for TokenChange { user, former, new } in &changes {
                let former = former.as_ref().map_or("", Secret::expose);
                users::replace_api_token(connection, user.0, former, new.expose())?;
            }
            Ok(())
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
