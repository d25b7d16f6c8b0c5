//! From configuration to a running voter: state from disk, daemons checked, tasks started.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::alarms::id;
use super::certificates::Certificates;
use super::disk::Disk;
use super::engine::{Engine, Inbox, Setup};
use super::event::Report;
use super::fees::Judge;
use super::links::{Links, Pokes};
use super::service::Service;
use super::signer::{MemorySigner, Signers, WalletSigner};
use super::state::State;
use super::survey::Versions;
use super::verify::Verifier;
use super::{balance, certificates, follow, health, load, past, saver, snapshot, survey, sync};
use crate::clock::Clock;
use crate::config::VoterConfig;
use crate::decred::fee::{FeeAddresses, FeeSchedule, FeeScheduleError};
use crate::decred::hdkey::{Branch, ExtendedKeyError, ExtendedPubKey};
use crate::decred::params::Network;
use crate::domain::InstanceId;
use crate::node::check::Unfit;
use crate::node::client::ForConnection;
use crate::node::dcrwallet::WalletInfo;
use crate::node::{self, Dcrd, Dcrwallet, Notifications};
use crate::rpc::wire::{DcrdStatus, SignerKind, WalletStatus};
use crate::secret::Secret;
use crate::shutdown::Tasks;

/// Reports that may wait for the loop; tasks wait when it is full, the loop never does.
const REPORTS_QUEUED: usize = 1024;
const REQUESTS_QUEUED: usize = 64;

/// Why a voter does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("{key}: {reason}")]
    Key {
        key: &'static str,
        reason: ExtendedKeyError,
    },
    #[error("pool.fees: {0}")]
    Fees(#[from] FeeScheduleError),
    #[error("voter.data_dir {path}: {reason}")]
    DataDir { path: String, reason: String },
}

impl From<node::Error> for StartError {
    fn from(error: node::Error) -> Self {
        Self::Unfit(error.into())
    }
}

/// What the roles need to know of the program and the process.
#[derive(Debug, Clone)]
pub struct Surroundings {
    pub clock: Clock,
    /// What is known of them may change while the role runs.
    pub certificates: Arc<Certificates>,
    /// Version and commit of the program.
    pub version: String,
    /// Told first to stop: what takes on new work.
    pub front: Tasks,
    /// Told last: connections, votes under way, the loop.
    pub back: Tasks,
    /// Those of the last that are on the way of a vote, on their own thread.
    pub hurried: Tasks,
}

/// The daemons, found fit, and what they said.
struct Daemons {
    dcrd: Dcrd,
    dcrd_fit: ForConnection,
    dcrd_notifications: Notifications,
    dcrd_version: String,
    wallet: Dcrwallet,
    wallet_fit: ForConnection,
    wallet_notifications: Notifications,
    wallet_version: String,
    wallet_info: WalletInfo,
}

/// Starts a voter; it votes when this returns. The service is what web talks to.
pub async fn start(
    config: &VoterConfig,
    surroundings: &Surroundings,
) -> Result<(Service, Links), StartError> {
    let voting = branch(
        config.network,
        &config.pool.voting_extpub,
        "pool.voting_wallet_extpub",
    )?;
    let cold = cold_branches(config)?;
    let (disk, mut state, daemons) = Box::pin(open(config, surroundings)).await?;
    let (reports, reports_in) = mpsc::channel(REPORTS_QUEUED);
    let (requests, requests_in) = mpsc::channel(REQUESTS_QUEUED);
    let links = Links {
        params: config.network.params(),
        voting_extpub: config.pool.voting_extpub.clone(),
        dcrd: daemons.dcrd.clone(),
        wallet: daemons.wallet.clone(),
        // The loop starts such tasks too: not on its own thread.
        tasks: surroundings.front.on(&Handle::current()),
        votes: surroundings.hurried.clone(),
        reports,
        requests,
        pokes: Pokes::default(),
        clock: surroundings.clock.clone(),
        certificates: Arc::clone(&surroundings.certificates),
        dcrd_fit: daemons.dcrd_fit.clone(),
        wallet_fit: daemons.wallet_fit.clone(),
        addresses_ready: ForConnection::default(),
        wallet_ready: ForConnection::default(),
    };
    let (signers, wanted) = signers(config.voter.signer, &daemons.wallet, &voting).await;
    learn(&mut state, &daemons).await?;
    spawn_tasks(config, &links, &daemons, &state, wanted);
    links.spawn(
        "fee addresses",
        derive_fee_addresses(links.clone(), cold, config.pool.max_users),
    );
    let (saves, saves_in) = mpsc::unbounded_channel();
    surroundings.back.spawn(
        "save state",
        saver::run(Arc::new(disk), saves_in, links.reports.clone()),
    );
    let setup = Setup {
        links: links.clone(),
        signers: Arc::new(signers),
        saves,
        clock: surroundings.clock.clone(),
        digests: config.digests(),
        version: surroundings.version.clone(),
    };
    let inbox = Inbox {
        dcrd: daemons.dcrd_notifications,
        wallet: daemons.wallet_notifications,
        reports: reports_in,
        requests: requests_in,
    };
    surroundings
        .hurried
        .spawn("voter", Engine::new(setup, state).run(inbox));
    let verifier = Verifier::new(voting, config.pool.max_users);
    Ok((Service::new(links.clone(), verifier), links))
}

fn branch(network: Network, text: &Secret, key: &'static str) -> Result<Branch, StartError> {
    ExtendedPubKey::parse(network, text.expose())
        .and_then(|extended| extended.external_branch())
        .map_err(|reason| StartError::Key { key, reason })
}

fn cold_branches(config: &VoterConfig) -> Result<Vec<Branch>, StartError> {
    let pool = &config.pool;
    let current = branch(config.network, &pool.cold_extpub, "pool.cold_wallet_extpub");
    let former = pool
        .former_cold_extpubs
        .iter()
        .map(|text| branch(config.network, text, "pool.former_cold_wallet_extpubs"));
    std::iter::once(current).chain(former).collect()
}

/// What lies on disk, and the daemons: neither waits for the other.
async fn open(
    config: &VoterConfig,
    surroundings: &Surroundings,
) -> Result<(Disk, State, Daemons), StartError> {
    let (restored, daemons) = tokio::join!(restore(config), connect(config, surroundings));
    let (disk, state) = restored?;
    Ok((disk, state, daemons?))
}

/// The state as it lies on disk. Reading is blocking work.
async fn restore(config: &VoterConfig) -> Result<(Disk, State), StartError> {
    let fees = config
        .pool
        .fees
        .iter()
        .map(|step| (step.from, step.percent));
    let schedule = FeeSchedule::new(fees.collect())?;
    let params = config.network.params();
    let dir = config.voter.data_dir.clone();
    let failed = |reason: String| StartError::DataDir {
        path: config.voter.data_dir.display().to_string(),
        reason,
    };
    let read = tokio::task::spawn_blocking(move || {
        let disk = Disk::open(&dir, params.network)?;
        let instance = InstanceId(Uuid::new_v4());
        let mut state = State::new(params, instance, Judge::new(params, schedule));
        let warnings = snapshot::restore(&mut state, &disk);
        Ok::<_, std::io::Error>((disk, state, warnings))
    });
    let (disk, mut state, warnings) = read
        .await
        .map_err(|error| failed(error.to_string()))?
        .map_err(|error| failed(error.to_string()))?;
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    if let Some(warning) = warnings.first() {
        // An operator sees it until the next start.
        state.alarms.raise(id::STATE_NOT_READ, warning.clone(), 0);
    }
    tracing::info!(
        tickets = state.tickets.len(),
        users = state.preferences.count(),
        "state is read from disk"
    );
    Ok((disk, state))
}

async fn connect(config: &VoterConfig, surroundings: &Surroundings) -> Result<Daemons, StartError> {
    let voter = &config.voter;
    let fit = (ForConnection::default(), ForConnection::default());
    let (dcrd, wallet) = tokio::join!(
        async {
            let node = voter.dcrd.connection("dcrd");
            let (dcrd, notifications) = Dcrd::start(node, &surroundings.hurried).await?;
            let now = dcrd.pinned()?;
            let facts = now.check(config.network).await?;
            fit.0.set(now.client());
            Ok::<_, StartError>((dcrd, notifications, facts))
        },
        async {
            let node = voter.dcrwallet.connection("dcrwallet");
            let (wallet, notifications) = Dcrwallet::start(node, &surroundings.back).await?;
            let key = &config.pool.voting_extpub;
            let now = wallet.pinned()?;
            let facts = now.check(config.network, key).await?;
            fit.1.set(now.client());
            Ok::<_, StartError>((wallet, notifications, facts))
        },
    );
    let (dcrd, dcrd_notifications, dcrd_facts) = dcrd?;
    let (wallet, wallet_notifications, wallet_facts) = wallet?;
    Ok(Daemons {
        dcrd,
        dcrd_fit: fit.0,
        dcrd_notifications,
        dcrd_version: dcrd_facts.version,
        wallet,
        wallet_fit: fit.1,
        wallet_notifications,
        wallet_version: wallet_facts.version,
        wallet_info: wallet_facts.info,
    })
}

/// The signers, and the branch whose key is wanted but not there yet.
async fn signers(
    wanted: SignerKind,
    wallet: &Dcrwallet,
    branch: &Branch,
) -> (Signers, Option<Branch>) {
    let by_wallet = WalletSigner::new(wallet.clone());
    if wanted == SignerKind::Wallet {
        return (Signers::new(None, by_wallet), None);
    }
    match MemorySigner::open(wallet, branch).await {
        Ok(memory) => (Signers::new(Some(memory), by_wallet), None),
        Err(error) => {
            tracing::warn!(%error, "the wallet signs until it gives the key for signing in memory");
            (Signers::new(None, by_wallet), Some(branch.clone()))
        }
    }
}

/// What the first votes need from the daemons.
async fn learn(state: &mut State, daemons: &Daemons) -> Result<(), StartError> {
    let info = &daemons.wallet_info;
    state.know_agendas(survey::agendas(&daemons.dcrd, info.vote_version).await?);
    state.dcrd = DcrdStatus {
        connected: true,
        version: daemons.dcrd_version.clone(),
        synced: health::is_synced(&daemons.dcrd.chain_info().await?),
    };
    state.wallet = WalletStatus {
        connected: true,
        version: daemons.wallet_version.clone(),
        unlocked: info.unlocked,
        daemon_connected: info.daemon_connected || info.spv,
        height: None,
        voting: info.voting,
    };
    Ok(())
}

fn spawn_tasks(
    config: &VoterConfig,
    links: &Links,
    daemons: &Daemons,
    state: &State,
    wanted: Option<Branch>,
) {
    let versions = Versions {
        dcrd: daemons.dcrd_version.clone(),
        wallet: daemons.wallet_version.clone(),
    };
    let chain = state.chain.clone();
    links.spawn("follow chain", follow::run(links.clone(), chain));
    links.spawn("load tickets", load::run(links.clone()));
    links.spawn("read the past", past::run(links.clone()));
    let max_index = config.pool.max_users;
    links.spawn("sync wallet", sync::run(links.clone(), max_index));
    links.spawn("watch balance", balance::run(links.clone()));
    links.spawn("watch certificates", certificates::run(links.clone()));
    links.spawn(
        "survey daemons",
        survey::run(links.clone(), versions, wanted),
    );
}

/// Every address that a pool fee may go to. Ten thousand derivations: about a second.
async fn derive_fee_addresses(links: Links, branches: Vec<Branch>, max_index: u32) {
    let derived = tokio::task::spawn_blocking(move || {
        let mut addresses = FeeAddresses::new();
        for branch in &branches {
            addresses.add_branch(branch, max_index)?;
        }
        Ok::<_, ExtendedKeyError>(addresses)
    });
    match derived.await {
        Ok(Ok(addresses)) => {
            let report = Report::FeeAddresses(Arc::new(addresses));
            links.report(report).await;
        }
        Ok(Err(error)) => tracing::error!(%error, "the fee addresses cannot be derived"),
        Err(error) => tracing::error!(%error, "the fee addresses were not derived"),
    }
}
