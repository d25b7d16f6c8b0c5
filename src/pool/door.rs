//! What hangs at the pool's door: the notice, and whether newcomers are let in. The configuration file says it,
//! until an admin says otherwise on the page; that is kept in the database and holds in every web process.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use super::{DoorSign, Error, Operator, Pool};
use crate::db::StoredSign;
use crate::domain::UserId;

/// How often it is read what admins said in another web process.
const AGAIN: Duration = Duration::from_secs(5);

/// Longest notice or message, in characters.
pub const MAX_SIGN_TEXT: usize = 1000;

/// What the file says, and what an admin said.
#[derive(Debug, Default)]
pub(super) struct Door {
    file: Arc<DoorSign>,
    admin: Option<AdminSign>,
}

/// What an admin said in place of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminSign {
    pub sign: Arc<DoorSign>,
    pub by: UserId,
    /// Unix seconds.
    pub at: i64,
}

impl Door {
    pub fn of(file: DoorSign) -> Self {
        Self {
            file: Arc::new(file),
            admin: None,
        }
    }

    fn sign(&self) -> &Arc<DoorSign> {
        self.admin.as_ref().map_or(&self.file, |admin| &admin.sign)
    }
}

impl From<StoredSign> for AdminSign {
    fn from(stored: StoredSign) -> Self {
        Self {
            sign: Arc::new(DoorSign {
                notice: stored.notice,
                closed: stored.closed,
                closed_message: stored.closed_message,
            }),
            by: stored.set_by,
            at: stored.set_at,
        }
    }
}

impl Pool {
    /// What visitors are told now.
    pub fn sign(&self) -> Arc<DoorSign> {
        let door = self.door.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(door.sign())
    }

    /// What an admin said in place of the file, if so.
    pub fn admin_sign(&self) -> Option<AdminSign> {
        let door = self.door.read().unwrap_or_else(PoisonError::into_inner);
        door.admin.clone()
    }

    /// The file says something else from now on.
    pub fn hang_out(&self, sign: DoorSign) {
        self.change_door(|door| door.file = Arc::new(sign));
        if self.admin_sign().is_some() {
            tracing::info!("notice and closed stay as an admin set them (/admin/pool)");
        }
    }

    /// Says this to visitors in place of the file, until `reset_sign`.
    pub async fn set_sign(
        &self,
        operator: Operator,
        by: UserId,
        sign: DoorSign,
    ) -> Result<(), Error> {
        let stored = StoredSign {
            notice: sign.notice,
            closed: sign.closed,
            closed_message: sign.closed_message,
            set_at: self.clock.unix_seconds(),
            set_by: by,
        };
        let detail = format!(
            "closed: {}; message: {}; notice: {}",
            stored.closed, stored.closed_message, stored.notice
        );
        {
            let _turn = self.door_turn.lock().await;
            self.store.set_sign(stored.clone()).await?;
            self.change_door(|door| door.admin = Some(stored.into()));
        }
        tracing::info!(%operator, detail, "notice and closed are set");
        self.audit("sign_set", Some(by), operator.client(), &detail)
            .await;
        Ok(())
    }

    /// The file holds again.
    pub async fn reset_sign(&self, operator: Operator, by: UserId) -> Result<(), Error> {
        {
            let _turn = self.door_turn.lock().await;
            self.store.clear_sign().await?;
            self.change_door(|door| door.admin = None);
        }
        tracing::info!(%operator, "notice and closed are the file's again");
        self.audit("sign_reset", Some(by), operator.client(), "")
            .await;
        Ok(())
    }

    /// Reads what admins said.
    pub async fn read_sign(&self) -> Result<(), Error> {
        // Not between another one's writing it and making it known.
        let _turn = self.door_turn.lock().await;
        let stored = self.store.sign().await?.map(AdminSign::from);
        if stored != self.admin_sign() {
            self.change_door(|door| door.admin = stored);
        }
        Ok(())
    }

    pub(super) async fn keep_sign(&self) {
        loop {
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = sleep(AGAIN) => {}
            }
            // While the database is away what was said last holds.
            if self.database_away_since().is_none()
                && let Err(error) = self.read_sign().await
            {
                self.database_failed("notice and closed not read", &error);
            }
        }
    }

    fn change_door(&self, change: impl FnOnce(&mut Door)) {
        change(&mut self.door.write().unwrap_or_else(PoisonError::into_inner));
        self.numbers_due.notify_one();
    }
}
