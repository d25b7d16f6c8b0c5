//! Looks at the daemons now and then: health, versions, agendas, what status and alarms show.

use std::sync::Arc;
use std::time::Duration;

use super::alarms::id;
use super::event::{Report, Request};
use super::find;
use super::links::Links;
use super::signer::{MemorySigner, Signers, WalletSigner};
use crate::decred::VoteVersion;
use crate::decred::agenda::{Agenda, Agendas, Choice};
use crate::decred::hdkey::Branch;
use crate::node::check::Unfit;
use crate::node::dcrd::{ChainInfo, VoteInfo};
use crate::node::{self, Dcrd, Fault};
use crate::rpc::wire::{DcrdStatus, WalletStatus};

const PERIOD: Duration = Duration::from_secs(5);
/// However fast blocks come, between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// dcrd may be so many blocks behind what its peers announce.
const MAY_LAG: i64 = 2;

/// Never ends by itself. `branch`: the memory signer is wanted and not there yet.
pub async fn run(links: Links, versions: Versions, mut branch: Option<Branch>) {
    loop {
        tokio::time::sleep(PAUSE).await;
        let _ = tokio::time::timeout(PERIOD, links.pokes.survey.notified()).await;
        if let Err(error) = dcrd(&links, &versions.dcrd).await {
            tracing::debug!(%error, "dcrd does not tell how it is");
        }
        if let Err(error) = wallet(&links, &versions.wallet).await {
            tracing::debug!(%error, "dcrwallet does not tell how it is");
        }
        if let Err(error) = mempool(&links).await {
            tracing::debug!(%error, "dcrd does not tell its mempool");
        }
        if let Some(wanted) = branch.take() {
            branch = open_signer(&links, wanted).await;
        }
    }
}

/// The daemon behind a new connection may be another one: looks as at start, and alarms.
pub async fn recheck_dcrd(links: Links) {
    let unfit = links.dcrd.check(links.params.network).await.err();
    alarm_unfit(&links, id::DCRD_UNFIT, unfit).await;
}

/// As `recheck_dcrd`.
pub async fn recheck_wallet(links: Links) {
    let network = links.params.network;
    let unfit = links.wallet.check(network, &links.voting_extpub).await;
    alarm_unfit(&links, id::WALLET_UNFIT, unfit.err()).await;
}

async fn alarm_unfit(links: &Links, id: &'static str, unfit: Option<Unfit>) {
    // What is only away is told by alarms of its own.
    let wrong = unfit.filter(|unfit| unfit.fault() == Fault::Wrong);
    let message = wrong.map(|unfit| unfit.to_string());
    links.report(Report::Alarm(id, message)).await;
}

/// What the start checks learnt.
#[derive(Debug, Clone)]
pub struct Versions {
    pub dcrd: String,
    pub wallet: String,
}

async fn dcrd(links: &Links, version: &str) -> Result<(), node::Error> {
    let info = links.dcrd.chain_info().await?;
    let synced = is_synced(&info);
    let behind = (!synced).then(|| {
        let height = info.blocks;
        format!("dcrd is at block {height} and does not have the whole chain")
    });
    links.report(Report::Alarm(id::DCRD_BEHIND, behind)).await;
    links
        .report(Report::Dcrd(DcrdStatus {
            connected: true,
            version: version.to_owned(),
            synced,
        }))
        .await;
    Ok(())
}

/// Tickets are shown, and known, before they are mined.
async fn mempool(links: &Links) -> Result<(), node::Error> {
    let waiting = links.dcrd.mempool_tickets().await?;
    let unknown = links.ask(|reply| Request::Unknown(waiting, reply)).await;
    if let Some(unknown) = unknown.filter(|unknown| !unknown.is_empty()) {
        find::tickets(links.clone(), unknown).await;
    }
    Ok(())
}

/// Whether dcrd has the chain that its peers have.
pub fn is_synced(info: &ChainInfo) -> bool {
    let lag = info.sync_height.saturating_sub(i64::from(info.blocks.0));
    !info.initial_block_download && lag <= MAY_LAG
}

async fn wallet(links: &Links, version: &str) -> Result<(), node::Error> {
    let info = links.wallet.info().await?;
    let height = links.wallet.best_block().await?.height;
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
    let status = WalletStatus {
        connected: true,
        version: version.to_owned(),
        unlocked: info.unlocked,
        daemon_connected: info.daemon_connected || info.spv,
        height: Some(height),
        voting: info.voting,
    };
    links
        .report(Report::Wallet(status, info.vote_version))
        .await;
    let agendas = agendas(&links.dcrd, info.vote_version).await?;
    links.report(Report::Agendas(agendas)).await;
    Ok(())
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
