//! API tokens for many users at once: the part of `migrate` for those who have none, and for operators who void
//! all of them.

use anyhow::anyhow;

use super::Failure;
use crate::clock::Clock;
use crate::config::MigrateConfig;
use crate::db::{Store, TokenChange};
use crate::domain::UserId;
use crate::pool::TokenIssuer;

/// Users in one transaction.
const BATCH: u32 = 500;

/// Who gets a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Verified users that have none.
    Missing,
    /// Verified users.
    All,
}

/// `None` when the configuration does not say what tokens are made of.
pub fn issuer(config: &MigrateConfig) -> Option<TokenIssuer> {
    Some(TokenIssuer {
        api_secret: config.api_secret.clone()?,
        base_url: config.base_url.as_ref()?.issuer().to_owned(),
        now: Clock::system().unix_seconds(),
    })
}

/// The same, where the operator asked for it.
pub fn needed_issuer(config: &MigrateConfig) -> Result<TokenIssuer, Failure> {
    issuer(config).ok_or_else(|| {
        Failure::config(anyhow!(
            "web.api_secret and web.base_url are needed for --reissue-tokens; nothing was changed"
        ))
    })
}

/// Makes them, and says how many. May be interrupted at any moment.
pub async fn run(store: &Store, issuer: &TokenIssuer, whose: Whose) -> Result<(), Failure> {
    let (mut made, mut after) = (0_usize, UserId(i64::MIN));
    loop {
        let page = store.api_tokens(after, BATCH).await?;
        let Some((last, _)) = page.last() else {
            break;
        };
        after = *last;
        let changes = page
            .into_iter()
            .filter(|(_, former)| whose == Whose::All || former.is_none())
            .map(|(user, former)| {
                let new = issuer.issue(user, former.as_ref())?;
                Ok(TokenChange { user, former, new })
            })
            .collect::<Result<Vec<_>, crate::pool::Error>>()
            .map_err(Failure::failed)?;
        made = made.saturating_add(changes.len());
        if !changes.is_empty() {
            store.replace_api_tokens(changes).await?;
        }
    }
    if made > 0 || whose == Whose::All {
        println!("{made} users have a new API token");
    }
    Ok(())
}
