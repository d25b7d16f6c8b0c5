//! Users' keys and scripts.

use super::{Store, later};
use crate::db::{EnrolledUser, Enrolment, Result};

#[expect(clippy::unused_async, reason = "placeholder")]
impl Store {
    /// Writes a user's addresses if there are none yet. False: there were, or there is no such user.
    pub async fn enrol(&self, _enrolment: Enrolment) -> Result<bool> {
        later()
    }

    /// All users with an address, by id.
    pub async fn enrolled_users(&self) -> Result<Vec<EnrolledUser>> {
        later()
    }
}
