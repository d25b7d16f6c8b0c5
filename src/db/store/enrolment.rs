//! Users' keys and scripts.

use super::mails::queue;
use super::{Decision, Store};
use crate::db::queries::{counters, revisions, users};
use crate::db::{EnrolledUser, Enrolment, NewMail, Result};

impl Store {
    /// Writes a user's addresses if there are none yet, and queues the mail about it. False: there were,
    /// or there is no such user.
    pub async fn enrol(&self, enrolment: Enrolment, mail: Option<NewMail>) -> Result<bool> {
        self.decide(move |connection, doubtful| {
            let user_id = enrolment.user_id.0;
            // First the counter's lock, in every change that needs it: no deadlocks.
            let revision = counters::next(connection, counters::REVISION)?;
            if users::enrol(connection, &enrolment)? {
                revisions::set(connection, user_id, revision)?;
                if let Some(mail) = &mail {
                    queue(connection, mail)?;
                }
                return Ok(Decision::Commit(true));
            }
            let stored = users::find(connection, user_id)?.and_then(|user| user.enrolment);
            Ok(Decision::Rollback(
                doubtful && stored.as_ref() == Some(&enrolment),
            ))
        })
        .await
    }

    /// All users with an address, by id.
    pub async fn enrolled_users(&self) -> Result<Vec<EnrolledUser>> {
        self.read(users::enrolled).await
    }
}
