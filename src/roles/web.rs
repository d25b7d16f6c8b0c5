//! `dcrstakepool web`: the site, the API, the database, the coordination of the voters.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tracing::Instrument as _;

use super::{Failure, assembly, certificate, service};
use crate::cli::RoleArgs;
use crate::config::{ListenAddress, Sources, WebConfig};
use crate::db::Access;
use crate::metrics::Role;
use crate::pool::{Pool, Recheck};
use crate::rpc::client::VoterClient;
use crate::shutdown::Tasks;
use crate::signals::{self, Signal};
use crate::telemetry::{self, Telemetry};
use crate::web::{self, App, Brand, Listen, Listeners};

/// How long requests in flight and background tasks may take when the role ends.
const STOP: Duration = Duration::from_secs(10);

/// Runs it to its end.
pub async fn run(args: RoleArgs) -> Result<(), Failure> {
    let sources = Sources::of_process(args.config);
    let config = WebConfig::load(&sources)?;
    let telemetry = telemetry::start(&config.log, &sources).map_err(Failure::config)?;
    let serving = serve_until_stopped(sources, config, telemetry);
    Box::pin(serving.instrument(tracing::info_span!("web"))).await
}

async fn serve_until_stopped(
    sources: Sources,
    config: WebConfig,
    telemetry: Telemetry,
) -> Result<(), Failure> {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let tasks = Tasks::new();
    let signals = signals::listen(&tasks).map_err(Failure::failed)?;

    let metrics = service::bind_metrics(config.web.metrics_listen).await?;
    let voters = assembly::voters(&config, &tasks)?;
    let pool = tokio::select! {
        pool = begin(&config, &voters, &tasks) => pool?,
        () = tasks.stopping() => return Ok(()),
    };
    let listeners = Listeners::bind(&listen(&config))
        .await
        .context("cannot listen")
        .map_err(Failure::failed)?;
    let addresses = listeners.addresses();
    serve_metrics(metrics, &pool, &tasks);
    pool.start();
    certificate::watch(&pool, &config.web.base_url, &tasks);
    let assets_dir = config.web.assets_dir.clone();
    let brand = Brand::load(assets_dir.clone()).await;
    let app = web::serve(listeners, site(&config), brand, Arc::clone(&pool), &tasks);
    tracing::info!(?addresses, "web is ready");
    service::ready(&tasks);

    let running = Running {
        sources,
        telemetry,
        pool,
        voters,
        app,
        assets_dir,
    };
    running.obey(signals, &tasks).await;
    service::stopping();
    if !tasks.stop_and_wait(STOP).await {
        tracing::warn!("some tasks did not end in time");
    }
    service::outcome(&[&tasks])
}

/// Database and voters, as they must be before the first page is served.
async fn begin(
    config: &WebConfig,
    voters: &[VoterClient],
    tasks: &Tasks,
) -> Result<Arc<Pool>, Failure> {
    let store = assembly::open_store(&config.database, Access::Owner).await?;
    let pool = assembly::pool(config, store, voters, tasks).await?;
    let read = pool.read_sign().await;
    read.context("reading the notice")
        .map_err(Failure::failed)?;
    pool.try_to_lead().await;
    check_voters(&pool, config.web.start_without_voters).await?;
    check_halt(&pool).await?;
    Ok(pool)
}

/// Enough voters must be there, unless the operator said to start without.
async fn check_voters(pool: &Pool, start_without: bool) -> Result<(), Failure> {
    let voters = pool.check_voters().await;
    if voters.enough() {
        return Ok(());
    }
    let reason = anyhow::anyhow!("{voters}");
    if start_without {
        tracing::warn!("{reason}; enrolment is closed until they are");
        Ok(())
    } else if voters.wrong() {
        Err(Failure::wrong_service(reason).context("a voter is not the right one"))
    } else {
        Err(Failure::unavailable(reason).context("too few voters"))
    }
}

/// A halt ends with a recheck that passes; else web serves, and enrolment stays closed.
async fn check_halt(pool: &Arc<Pool>) -> Result<(), Failure> {
    let outcome = pool.recheck_halt().await;
    match outcome
        .context("rechecking a halt")
        .map_err(Failure::failed)?
    {
        Recheck::NotHalted => {}
        Recheck::Cleared => tracing::info!("the halt of enrolment is cleared"),
        Recheck::StillHalted(reason) => tracing::error!(reason, "enrolment stays halted"),
        Recheck::Inconclusive(reason) => {
            tracing::error!(
                reason,
                "enrolment stays halted until the voters can be asked"
            );
            pool.recheck_later();
        }
    }
    Ok(())
}

fn serve_metrics(listener: Option<TcpListener>, pool: &Arc<Pool>, tasks: &Tasks) {
    let pool = Arc::clone(pool);
    let collect = move || {
        let pool = Arc::clone(&pool);
        async move { pool.gauges().await }
    };
    service::serve_metrics(listener, Role::Web, collect, tasks);
}

fn listen(config: &WebConfig) -> Vec<Listen> {
    let listen = config.web.listen.iter().map(|address| match address {
        ListenAddress::Tcp(address) => Listen::Tcp(*address),
        ListenAddress::Unix(path) => Listen::Unix(path.clone()),
    });
    listen.collect()
}

fn site(config: &WebConfig) -> web::Settings {
    let section = &config.web;
    web::Settings {
        cookie_secure: section.cookie_secure,
        trusted_proxies: section.trusted_proxies.clone(),
        real_ip_header: section.real_ip_header.clone(),
        admin_ips: section.admin_ips.clone(),
        admin_user_ids: section.admin_user_ids.clone(),
        admins_need_second_factor: section.admins_need_second_factor,
        monitor_token: section.monitor_token.clone(),
        captcha: section.captcha,
    }
}

/// What signals act on.
struct Running {
    sources: Sources,
    telemetry: Telemetry,
    pool: Arc<Pool>,
    voters: Vec<VoterClient>,
    app: Arc<App>,
    assets_dir: Option<PathBuf>,
}

impl Running {
    /// Does what signals ask until the role is stopped.
    async fn obey(&self, mut signals: mpsc::Receiver<Signal>, tasks: &Tasks) {
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                Some(signal) = signals.recv() => match signal {
                    Signal::Reload => self.reload(),
                    Signal::Refresh => self.refresh().await,
                },
            }
        }
    }

    /// The files of `web.assets_dir`.
    async fn refresh(&self) {
        let brand = Brand::load(self.assets_dir.clone()).await;
        tracing::info!(files = ?brand.names(), "assets read again");
        self.app.dress(brand);
    }

    /// Log filter, what visitors are told, the voters' certificates.
    fn reload(&self) {
        let config = match WebConfig::load(&self.sources) {
            Ok(config) => config,
            Err(error) => return tracing::error!(%error, "configuration not read again"),
        };
        service::reload_filter(&self.telemetry, &self.sources, &config.log);
        self.pool.hang_out(assembly::door_sign(&config.pool));
        for voter in &self.voters {
            let mut peers = config.voters.iter();
            let Some(peer) = peers.find(|peer| peer.name == voter.name()) else {
                tracing::warn!(
                    voter = voter.name(),
                    "no longer configured: needs a restart"
                );
                continue;
            };
            match voter.replace_pin(peer) {
                Ok(true) => tracing::info!(voter = voter.name(), "another certificate is trusted"),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "certificate not changed"),
            }
        }
        tracing::info!("configuration read again: log filter, notice, closed, certificates");
    }
}
