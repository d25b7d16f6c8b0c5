//! Looks at the daemons now and then: health, versions, agendas, what status and alarms show.

use std::sync::Arc;
use std::time::Duration;

use super::alarms::id;
use super::event::Report;
use super::links::Links;
use super::mempool::{self, Absences};
use super::signer::{MemorySigner, Signers, WalletSigner};
use super::{fitness, health};
use crate::decred::VoteVersion;
use crate::decred::agenda::{Agenda, Agendas, Choice};
use crate::decred::hdkey::Branch;
use crate::node::dcrd::VoteInfo;
use crate::node::dcrwallet::WalletInfo;
use crate::node::{self, Dcrd};
use crate::rpc::wire::{DcrdStatus, WalletStatus};

const PERIOD: Duration = Duration::from_secs(5);
/// However fast blocks come, between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Never ends by itself. `branch`: the memory signer is wanted and not there yet.
pub async fn run(links: Links, versions: Versions, mut branch: Option<Branch>) {
    let mut absences = Absences::default();
    loop {
        tokio::time::sleep(PAUSE).await;
        let _ = tokio::time::timeout(PERIOD, links.pokes.survey.notified()).await;
        // None waits for another: a daemon that does not answer takes its time.
        let (dcrd, wallet, mempool) = tokio::join!(
            dcrd(&links, &versions.dcrd),
            wallet(&links, &versions.wallet),
            mempool::look(&links, &mut absences),
        );
        for (what, outcome) in [("dcrd", dcrd), ("dcrwallet", wallet), ("mempool", mempool)] {
            if let Err(error) = outcome {
                tracing::debug!(what, %error, "a look at the daemons is interrupted");
            }
        }
        if let Some(wanted) = branch.take() {
            branch = open_signer(&links, wanted).await;
        }
    }
}

/// What the start checks learnt.
#[derive(Debug, Clone)]
pub struct Versions {
    pub dcrd: String,
    pub wallet: String,
}

async fn dcrd(links: &Links, version: &str) -> Result<(), node::Error> {
    let dcrd = links.dcrd.pinned()?;
    if !links.dcrd_fit.holds(dcrd.client()) {
        fitness::check_dcrd(links.clone()).await;
    }
    if !links.dcrd_fit.holds(dcrd.client()) {
        return Ok(());
    }
    let info = dcrd.chain_info().await?;
    let behind = health::dcrd_behind(&info);
    let synced = behind.is_none();
    links.report(Report::Alarm(id::DCRD_BEHIND, behind)).await;
    links
        .report(Report::Dcrd(DcrdStatus {
            connected: true,
            version: version.to_owned(),
            synced,
        }))
        .await;
    let tip = dcrd.header_info(info.best_block).await?;
    let old = health::tip_old(links.params, tip.time, links.clock.unix_seconds());
    links.report(Report::Alarm(id::TIP_OLD, old)).await;
    Ok(())
}

async fn wallet(links: &Links, version: &str) -> Result<(), node::Error> {
    let wallet = links.wallet.pinned()?;
    let info = wallet.info().await?;
    let height = wallet.best_block().await?.height;
    alarm_wallet(links, &info).await;
    let status = WalletStatus {
        connected: true,
        version: version.to_owned(),
        unlocked: info.unlocked,
        daemon_connected: info.daemon_connected || info.spv,
        height: Some(height),
        voting: info.voting,
    };
    links.report(Report::Wallet(status)).await;
    if !links.wallet_fit.holds(wallet.client()) {
        fitness::check_wallet(links.clone()).await;
    }
    // Another pool's wallet may vote another version.
    if !links.wallet_fit.holds(wallet.client()) {
        return Ok(());
    }
    let agendas = agendas(&links.dcrd, info.vote_version).await?;
    links.report(Report::Agendas(agendas)).await;
    Ok(())
}

async fn alarm_wallet(links: &Links, info: &WalletInfo) {
    let alarms = [
        (
            id::WALLET_LOCKED,
            !info.unlocked,
            "dcrwallet is locked: unlock it; votes go on as long as the memory signer has its key",
        ),
        (
            id::WALLET_VOTES,
            info.voting,
            "dcrwallet votes itself: switch its enablevoting off",
        ),
        (
            id::WALLET_WITHOUT_DAEMON,
            !info.daemon_connected && !info.spv,
            "dcrwallet is not connected to its dcrd",
        ),
    ];
    for (id, on, text) in alarms {
        links
            .report(Report::Alarm(id, on.then(|| text.to_owned())))
            .await;
    }
}

/// The agendas of a vote version; a version that dcrd does not know has none.
pub async fn agendas(dcrd: &Dcrd, version: VoteVersion) -> Result<Agendas, node::Error> {
    let info = dcrd.vote_info(version).await?;
    Ok(Agendas {
        version,
        agendas: info.map(read_agendas).unwrap_or_default(),
    })
}

fn read_agendas(info: VoteInfo) -> Vec<Agenda> {
    let choice = |choice: node::dcrd::ChoiceInfo| Choice {
        id: choice.id,
        description: choice.description,
        bits: choice.bits,
        is_abstain: choice.is_abstain,
        is_no: choice.is_no,
    };
    info.agendas
        .into_iter()
        .map(|agenda| Agenda {
            id: agenda.id,
            description: agenda.description,
            mask: agenda.mask,
            status: agenda.status,
            choices: agenda.choices.into_iter().map(choice).collect(),
        })
        .collect()
}

/// Tries again to get the key that the start could not get; gives the branch back if it failed.
async fn open_signer(links: &Links, branch: Branch) -> Option<Branch> {
    match MemorySigner::open(&links.wallet, &branch).await {
        Ok(signer) => {
            tracing::info!("votes are signed in memory from now on");
            let wallet = WalletSigner::new(links.wallet.clone());
            let signers = Signers::new(Some(signer), wallet);
            links.report(Report::Signers(Arc::new(signers))).await;
            None
        }
        Err(error) => {
            tracing::debug!(%error, "no key for the memory signer yet");
            Some(branch)
        }
    }
}
