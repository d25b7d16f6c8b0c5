//! Users' keys and scripts.

use super::mails::queue;
use super::{Decision, Store};
use crate::db::queries::{counters, revisions, saved_scripts, users};
use crate::db::{EnrolledUser, Enrolment, NewMail, Result};
use crate::domain::UserId;

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

    /// The user says that the script is saved.
    pub async fn note_saved_script(&self, id: UserId, now: i64) -> Result<()> {
        self.write(move |connection| {
            if saved_scripts::is_there(connection, id.0)? {
                return Ok(());
            }
            saved_scripts::insert(connection, id.0, now)
        })
        .await
    }

    /// Whether the user ever said so.
    pub async fn has_saved_script(&self, id: UserId) -> Result<bool> {
        self.read(move |connection| saved_scripts::is_there(connection, id.0))
            .await
    }

    /// All users with an address, by id.
    pub async fn enrolled_users(&self) -> Result<Vec<EnrolledUser>> {
        self.read(users::enrolled).await
    }
}
