//! Alarms that people are told of: each change is made by one of several web processes.

use super::{Decision, Store, mails};
use crate::db::queries::alerts;
use crate::db::{NewMail, Result};
use crate::domain::Alert;

impl Store {
    /// All that stand or are still to be told as over, the oldest first.
    pub async fn alerts(&self) -> Result<Vec<Alert>> {
        self.read(alerts::all).await
    }

    /// Notes an alert; false if it is noted already.
    pub async fn begin_alert(&self, alert: Alert) -> Result<bool> {
        self.decide(move |connection, doubtful| {
            if let Some(there) = alerts::find(connection, &alert)? {
                return Ok(Decision::Rollback(doubtful && there == alert));
            }
            alerts::insert(connection, &alert)?;
            Ok(Decision::Commit(true))
        })
        .await
    }

    /// Takes an alert from what was read to what it is to be (`None`: it is forgotten), and puts `mails` into
    /// the queue. False: another process was faster, and nothing is changed.
    pub async fn turn_alert(
        &self,
        from: Alert,
        to: Option<Alert>,
        mails: Vec<NewMail>,
    ) -> Result<bool> {
        self.decide(move |connection, doubtful| {
            // Ours already, if an earlier try was committed after all.
            if doubtful && alerts::find(connection, &from)? == to {
                return Ok(Decision::Rollback(true));
            }
            let turned = match &to {
                Some(to) => alerts::update(connection, &from, to)?,
                None => alerts::delete(connection, &from)?,
            };
            if !turned {
                return Ok(Decision::Rollback(false));
            }
            for mail in &mails {
                mails::queue(connection, mail)?;
            }
            Ok(Decision::Commit(true))
        })
        .await
    }
}
