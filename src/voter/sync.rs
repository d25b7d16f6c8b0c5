//! The wallet's duties, in the background: all addresses, all scripts, one rescan when it needs one. Votes
//! wait for none of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};

use super::event::{Duties, Report, Request};
use super::links::Links;
use super::scripts::{Script, ScriptHash};
use crate::decred::Height;
use crate::node::{self, Dcrwallet};
use crate::rpc::wire::RescanProgress;

const ACCOUNT: &str = "default";
const EXTERNAL_BRANCH: u32 = 0;
/// Between two looks at a wallet that is not ready.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two lines about something that takes its time.
const TELL_EVERY: Duration = Duration::from_mins(1);
/// Imported scripts between two lines about it.
const TELL_EACH: usize = 500;
/// Questions about scripts, and imports, under way at once.
const PIPELINED: usize = 8;
/// A script registered so few blocks below the tip is too young for tickets below it: it was confirmed by
/// voters that may lag by so many blocks.
const YOUNG: u32 = 2;

/// Never ends by itself. `max_index` is the highest key index that the pool may use.
pub async fn run(links: Links, max_index: u32) {
    let mut there = There::default();
    loop {
        match fulfil(&links, max_index, &mut there).await {
            Ok(()) => links.pokes.sync.notified().await,
            Err(error) => {
                tracing::warn!(%error, "the wallet's synchronisation is interrupted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// All duties at the wallet behind the connection that there is now: behind the next one there may be
/// another. A wallet that is away or not the pool's is left alone; who connects to it, and who finds it fit,
/// pokes.
async fn fulfil(links: &Links, max_index: u32, there: &mut There) -> Result<(), node::Error> {
    let Ok(wallet) = links.wallet.pinned() else {
        return Ok(());
    };
    if !links.wallet_fit.holds(wallet.client()) {
        return Ok(());
    }
    there.begin(wallet.client().connection());
    let mut duty = Duty {
        links,
        wallet: wallet.unhurried(),
        max_index,
        there,
    };
    duty.fulfil().await
}

/// From where the wallet must be rescanned for `scripts` that it did not have, if it must.
pub fn rescan_needed<'a>(
    scripts: impl IntoIterator<Item = &'a Arc<Script>>,
    tip: Height,
) -> Option<Height> {
    scripts
        .into_iter()
        .map(|script| script.height_registered)
        .filter(|height| height.0.saturating_add(YOUNG) < tip.0)
        .min()
}

/// Scripts that the wallet behind one connection is known to have: those that come later are asked for alone.
#[derive(Debug, Default)]
struct There {
    connection: Option<u64>,
    scripts: HashSet<ScriptHash>,
}

impl There {
    /// Behind another connection there may be another wallet.
    fn begin(&mut self, connection: Option<u64>) {
        if self.connection != connection {
            self.connection = connection;
            self.scripts.clear();
        }
    }
}

struct Duty<'a> {
    links: &'a Links,
    wallet: Dcrwallet,
    max_index: u32,
    there: &'a mut There,
}

impl Duty<'_> {
    async fn fulfil(&mut self) -> Result<(), node::Error> {
        let tip = self.wait_until_synced().await?;
        let wallet = self.wallet.clone();
        let connection = wallet.client();
        if !self.links.addresses_ready.holds(connection) {
            tracing::info!(
                max_index = self.max_index,
                "the wallet derives its addresses"
            );
            self.wallet
                .sync_address_index(ACCOUNT, EXTERNAL_BRANCH, self.max_index)
                .await?;
            self.links.addresses_ready.set(connection);
            self.links.pokes.survey.notify_one();
        }
        let Some(duties) = self.links.ask(Request::Duties).await else {
            return Ok(());
        };
        let imported = self.import_missing(&duties, tip).await?;
        let rescanned = self.rescan().await?;
        let first = !self.links.wallet_ready.holds(connection);
        self.links.wallet_ready.set(connection);
        if first || imported || rescanned {
            self.links.pokes.load.notify_one();
        }
        Ok(())
    }

    /// An early `accountsyncaddressindex` would block the wallet's own discovery.
    async fn wait_until_synced(&self) -> Result<Height, node::Error> {
        let mut told: Option<Instant> = None;
        loop {
            let status = self.wallet.sync_status().await?;
            let (ours, best) = (
                self.wallet.best_block().await?.height,
                self.links.dcrd.best_block().await?.height,
            );
            if status.synced && ours.0.saturating_add(1) >= best.0 {
                return Ok(ours);
            }
            if told.is_none_or(|told| told.elapsed() > TELL_EVERY) {
                told = Some(Instant::now());
                tracing::info!(wallet.height = %ours, block.height = %best, "waiting for the wallet to be synchronised");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Imports what the wallet lacks. The mark is set before the import: afterwards nobody could tell that
    /// the wallet has the script but not its past.
    async fn import_missing(&mut self, duties: &Duties, tip: Height) -> Result<bool, node::Error> {
        let missing = self.missing(&duties.scripts).await?;
        if missing.is_empty() {
            return Ok(false);
        }
        tracing::info!(scripts = missing.len(), "the wallet lacks scripts");
        if let Some(from) = rescan_needed(&missing, tip) {
            let from = duties.rescan_from.map_or(from, |marked| marked.min(from));
            self.links
                .ask(|reply| Request::MarkRescan(Some(from), reply))
                .await;
        }
        let mut imports = stream::iter(missing.clone())
            .map(|script| import(self.wallet.clone(), script))
            .buffer_unordered(PIPELINED);
        let (mut done, all) = (0_usize, missing.len());
        while let Some(imported) = imports.next().await {
            imported?;
            done = done.saturating_add(1);
            if done.is_multiple_of(TELL_EACH) || done == all {
                tracing::info!(done, all, "scripts are imported into the wallet");
            }
        }
        Ok(true)
    }

    async fn missing(&mut self, scripts: &[Arc<Script>]) -> Result<Vec<Arc<Script>>, node::Error> {
        let known = &self.there.scripts;
        let unknown = scripts.iter();
        let unknown = unknown.filter(|script| !known.contains(&script.redeem.hash160()));
        let unknown: Vec<_> = unknown.cloned().collect();
        let wallet = self.wallet.clone();
        let mut questions = stream::iter(unknown)
            .map(move |script| look_for(wallet.clone(), script))
            .buffer_unordered(PIPELINED);
        let mut missing = Vec::new();
        while let Some(answer) = questions.next().await {
            match answer? {
                (script, true) => {
                    self.there.scripts.insert(script.redeem.hash160());
                }
                (script, false) => missing.push(script),
            }
        }
        Ok(missing)
    }

    async fn rescan(&self) -> Result<bool, node::Error> {
        let duties = self.links.ask(Request::Duties).await;
        let Some(from) = duties.and_then(|duties| duties.rescan_from) else {
            return Ok(false);
        };
        let running = |running| Report::Rescan(Some(RescanProgress { from, running }));
        tracing::info!(block.height = %from, "the wallet is rescanned");
        self.links.report(running(true)).await;
        let rescanned = self.rescan_from(from).await;
        self.links.report(running(false)).await;
        rescanned?;
        tracing::info!(block.height = %from, "the wallet's rescan is done");
        // A mark that was set lower meanwhile stays.
        let marked = self.links.ask(Request::Duties).await;
        if marked.and_then(|duties| duties.rescan_from) == Some(from) {
            self.links
                .ask(|reply| Request::MarkRescan(None, reply))
                .await;
        }
        Ok(true)
    }

    /// The wallet answers when it is done, which may take hours; the log says that it goes on.
    async fn rescan_from(&self, from: Height) -> Result<(), node::Error> {
        let started = Instant::now();
        let mut rescan = Box::pin(self.wallet.rescan(from));
        loop {
            if let Ok(rescanned) = tokio::time::timeout(TELL_EVERY, &mut rescan).await {
                return rescanned;
            }
            let minutes = started.elapsed().as_secs() / 60;
            tracing::info!(block.height = %from, minutes, "the wallet is still being rescanned");
        }
    }
}

/// A script that the wallet refuses is logged.
async fn import(wallet: Dcrwallet, script: Arc<Script>) -> Result<(), node::Error> {
    match wallet.import_script(&script.redeem.to_hex()).await {
        Err(error) if error.is_unavailable() => Err(error),
        Err(error) => {
            tracing::error!(user = %script.user_id, %error, "the wallet refuses a script");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// The script, and whether the wallet has it.
async fn look_for(
    wallet: Dcrwallet,
    script: Arc<Script>,
) -> Result<(Arc<Script>, bool), node::Error> {
    let info = wallet.validate_address(script.address()).await?;
    Ok((script, info.is_mine))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voter::testing::script;

    fn registered(height: u32) -> Arc<Script> {
        let mut script = script(4);
        script.height_registered = Height(height);
        Arc::new(script)
    }

    #[test]
    fn only_scripts_with_a_past_need_a_rescan() {
        let rescan = |heights: &[u32], tip| {
            let scripts: Vec<_> = heights.iter().map(|height| registered(*height)).collect();
            rescan_needed(&scripts, Height(tip))
        };
        assert_eq!(rescan(&[], 500), None);
        assert_eq!(rescan(&[498, 500, 501], 500), None);
        assert_eq!(rescan(&[498, 497, 120], 500), Some(Height(120)));
    }
}
