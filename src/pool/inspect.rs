//! One look at everything, for an operator's command beside a running web. Changes nothing: neither the database
//! nor what voters have.

use futures_util::future::join_all;

use super::{Error, Pool, StatusReport};
use crate::domain::UserId;

impl Pool {
    /// Asks every voter now, reads what it should have, and says how all of that is.
    pub async fn inspect(&self) -> StatusReport {
        join_all(self.peers.iter().map(|peer| self.look(peer))).await;
        match self.tables().await {
            Ok(tables) => {
                for peer in &self.peers {
                    Self::compare(peer, &tables);
                }
            }
            Err(error) => tracing::debug!(%error, "what voters should have is not known"),
        }
        if let Err(error) = self.count_mails().await {
            tracing::debug!(%error, "what mails wait is not known");
        }
        self.status().await
    }

    /// Users whose stored fee address is not the one that follows from today's cold key: they keep it, and it counts
    /// as the pool's.
    pub async fn kept_fee_addresses(&self) -> Result<Vec<(UserId, String)>, Error> {
        let tables = self.tables().await?;
        let mut kept = Vec::new();
        for user in &tables.users {
            let row = &user.enrolment;
            if self.derivation.fee_address(user.key_index)? != row.fee_address {
                kept.push((row.user_id, row.fee_address.clone()));
            }
        }
        Ok(kept)
    }
}
