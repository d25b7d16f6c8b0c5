//! What voters must know of the users.

use super::Store;
use crate::db::queries::voter_users;
use crate::db::{Result, VoterUser};
use crate::domain::{Revision, UserId};

impl Store {
    /// At most so many enrolled users with a higher id than `after`, by id.
    pub async fn voter_users(&self, after: UserId, most: u32) -> Result<Vec<VoterUser>> {
        self.read(move |connection| voter_users::page(connection, after.0, most.into()))
            .await
    }

    /// Enrolled users with something newer than `revision`: they enrolled, or chose.
    pub async fn voter_users_since(&self, revision: Revision) -> Result<Vec<VoterUser>> {
        self.read(move |connection| voter_users::since(connection, revision.0))
            .await
    }
}
