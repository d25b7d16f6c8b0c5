//! Looks now and then whether the voting wallet owns anything, for monitors. It must not: users' tickets are not its
//! own, and fees go to the cold wallet. What is there was paid by mistake, and lies on a machine that is online.

use std::time::Duration;

use super::alarms::id;
use super::event::Report;
use super::links::Links;
use crate::decred::Atoms;
use crate::metrics::catalogue;
use crate::node::Error;

/// The wallet goes through all its coins for it.
const PERIOD: Duration = Duration::from_mins(10);
const RETRY: Duration = Duration::from_secs(30);

/// Never ends by itself.
pub async fn run(links: Links) {
    loop {
        let pause = match look(&links).await {
            Ok(balance) => {
                catalogue::WALLET_BALANCE.set([], Some(balance.0));
                let message = format!("dcrwallet owns {balance} coins: it should own nothing");
                let alarm = (balance.0 > 0).then_some(message);
                links
                    .report(Report::Alarm(id::WALLET_HAS_MONEY, alarm))
                    .await;
                PERIOD
            }
            Err(error) => {
                catalogue::WALLET_BALANCE.set([], None);
                tracing::debug!(%error, "the wallet's balance is not known");
                RETRY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Tickets on which it may only vote are no part of it.
async fn look(links: &Links) -> Result<Atoms, Error> {
    let accounts = links.wallet.pinned()?.balances().await?;
    let total = accounts
        .iter()
        .fold(0_i64, |sum, account| sum.saturating_add(account.total.0));
    Ok(Atoms(total))
}
