//! One look at everything, for an operator's command beside a running web. Changes nothing: neither the database
//! nor what voters have.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::{Error, Pool, StatusReport, jwt};
use crate::domain::UserId;

/// Users read at once.
const BATCH: u32 = 1_000;

/// How many API tokens there are, and which of them open nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenCounts {
    pub all: u64,
    /// Signed with another `web.api_secret`.
    pub forged: u64,
    /// By an issuer that is neither `web.base_url` nor a former one.
    pub foreign: BTreeMap<String, u64>,
}

impl Pool {
    /// Looks at every user's API token.
    pub async fn count_tokens(&self) -> Result<TokenCounts, Error> {
        let (mut counts, mut after) = (TokenCounts::default(), UserId(i64::MIN));
        loop {
            let page = self.store.api_tokens(after, BATCH).await?;
            let Some((last, _)) = page.last() else {
                return Ok(counts);
            };
            after = *last;
            for token in page.iter().filter_map(|(_, token)| token.as_ref()) {
                counts.all = counts.all.saturating_add(1);
                match jwt::read(&self.settings.api_secret, token.expose()) {
                    None => counts.forged = counts.forged.saturating_add(1),
                    Some(claims) if self.settings.is_issuer(&claims.issuer) => {}
                    Some(claims) => {
                        let count = counts.foreign.entry(claims.issuer).or_default();
                        *count = count.saturating_add(1);
                    }
                }
            }
        }
    }

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
        let mut kept = Vec::new();
        for user in &self.store.enrolled_users().await? {
            let row = &user.enrolment;
            if self.derivation.fee_address(user.key_index)? != row.fee_address {
                kept.push((row.user_id, row.fee_address.clone()));
            }
        }
        Ok(kept)
    }
}
