//! `dcrstakepool voter`: votes, beside its own dcrd and dcrwallet.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tracing::Instrument as _;

use super::{Failure, service};
use crate::cli::{RoleArgs, VERSION};
use crate::clock::Clock;
use crate::config::{Sources, VoterConfig, VoterSection};
use crate::metrics::Role;
use crate::rpc::wire::{Empty, SignerKind};
use crate::rpc::{Voter, server};
use crate::shutdown::Tasks;
use crate::signals::{self, Signal};
use crate::telemetry::{self, Telemetry};
use crate::tls;
use crate::voter::certificates::Certificates;
use crate::voter::links::Links;
use crate::voter::start::{self, StartError, Surroundings};
use crate::voter::{database, gauges::gauges, thread};

/// How long calls in flight may take when the role ends.
const STOP_SERVING: Duration = Duration::from_secs(3);
/// How long votes under way and the last writing of the state may take after that.
const STOP_VOTING: Duration = Duration::from_secs(9);

/// Runs it to its end.
pub async fn run(args: RoleArgs) -> Result<(), Failure> {
    let sources = Sources::of_process(args.config);
    let config = VoterConfig::load(&sources)?;
    let telemetry = telemetry::start(&config.log, &sources).map_err(Failure::config)?;
    let serving = serve_until_stopped(sources, config, telemetry);
    Box::pin(serving.instrument(tracing::info_span!("voter"))).await
}

async fn serve_until_stopped(
    sources: Sources,
    config: VoterConfig,
    telemetry: Telemetry,
) -> Result<(), Failure> {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if config.voter.signer == SignerKind::Memory {
        no_core_dumps().map_err(Failure::failed)?;
    }
    let (front, back) = (Tasks::new(), Tasks::new());
    let signals = signals::listen(&front).map_err(Failure::failed)?;

    let certificates = Arc::<Certificates>::default();
    let hurried = thread::start(&back)
        .context("no thread for votes")
        .map_err(Failure::failed)?;
    let surroundings = Surroundings {
        clock: Clock::system(),
        certificates: Arc::clone(&certificates),
        version: VERSION.to_owned(),
        front: front.clone(),
        back: back.clone(),
        hurried,
    };
    let listener = listen(&config.voter).await?;
    let metrics = service::bind_metrics(config.voter.metrics_listen).await?;
    let (certificate, tls) = watch::channel(server_tls(&config.voter, &certificates)?);
    certificates.note("dcrd", &config.voter.dcrd.cert_pem);
    certificates.note("dcrwallet", &config.voter.dcrwallet.cert_pem);
    let (voter, links) = tokio::select! {
        started = Box::pin(start::start(&config, &surroundings)) => started.map_err(failure)?,
        () = front.stopping() => return Ok(()),
    };
    let voter: Arc<dyn Voter> = Arc::new(voter);
    serve_metrics(metrics, &voter, &front);
    serve(listener, tls, &config, voter, &front);
    read_database(&config, &links);
    service::ready(&front);

    let running = Running {
        sources,
        telemetry,
        links,
        certificate,
    };
    running.obey(signals, &back).await;
    service::stopping();
    front.stop_and_wait(STOP_SERVING).await;
    if !back.stop_and_wait(STOP_VOTING).await {
        tracing::warn!("some tasks did not end in time");
    }
    tracing::info!("voter has ended");
    service::outcome(&[&front, &back])
}

/// A core dump would hold the keys that sign. Not to be undone: the hard limit goes too.
fn no_core_dumps() -> anyhow::Result<()> {
    rlimit::setrlimit(rlimit::Resource::CORE, 0, 0).context("core dumps cannot be turned off")
}

async fn listen(section: &VoterSection) -> Result<TcpListener, Failure> {
    TcpListener::bind(section.listen)
        .await
        .with_context(|| format!("cannot listen on {}", section.listen))
        .map_err(Failure::failed)
}

/// The certificate that web pins; the flag says whether it was missing and is made now.
pub(super) fn certificate(section: &VoterSection) -> Result<(tls::KeyPair, bool), Failure> {
    let mut hosts = vec!["localhost".to_owned(), section.listen.ip().to_string()];
    hosts.extend(section.extra_hosts.iter().cloned());
    tls::load_or_make(&section.cert, &section.key, &hosts).map_err(Failure::config)
}

fn server_tls(
    section: &VoterSection,
    certificates: &Certificates,
) -> Result<Arc<rustls::ServerConfig>, Failure> {
    let (pair, made) = certificate(section)?;
    if made {
        let cert = section.cert.display();
        tracing::info!(%cert, "certificate made: copy it to the web host");
    }
    certificates.note("voter", &pair.cert_pem);
    tls::server_config(&pair.cert_pem, &pair.key_pem, &server::ALPN).map_err(Failure::config)
}

fn serve(
    listener: TcpListener,
    tls: watch::Receiver<Arc<rustls::ServerConfig>>,
    config: &VoterConfig,
    voter: Arc<dyn Voter>,
    tasks: &Tasks,
) {
    let token = config.voter.token.clone();
    server::serve(listener, tls, token, voter, tasks);
    tracing::info!(listen = %config.voter.listen, "voter is ready");
}

fn serve_metrics(listener: Option<TcpListener>, voter: &Arc<dyn Voter>, tasks: &Tasks) {
    let voter = Arc::clone(voter);
    let collect = move || {
        let voter = Arc::clone(&voter);
        async move {
            let now = Clock::system().unix_seconds();
            let status = voter.status(Empty {}).await;
            status.map_or_else(|_| Vec::new(), |status| gauges(&status, now))
        }
    };
    service::serve_metrics(listener, Role::Voter, collect, tasks);
}

fn read_database(config: &VoterConfig, links: &Links) {
    if let Some(database) = &config.database {
        let reading = database::read(links.clone(), database.clone());
        links.spawn("read preferences", reading);
    }
}

fn failure(error: StartError) -> Failure {
    match &error {
        StartError::Unfit(unfit) => Failure::of_node(unfit.fault(), error),
        StartError::Key { .. } | StartError::Fees(_) => Failure::config(error),
        StartError::DataDir { .. } => Failure::failed(error),
    }
}

/// What signals act on.
struct Running {
    sources: Sources,
    telemetry: Telemetry,
    links: Links,
    /// What new connections of web are shown.
    certificate: watch::Sender<Arc<rustls::ServerConfig>>,
}

impl Running {
    /// Does what signals ask until the role is stopped, or a task of the voter cannot go on.
    async fn obey(&self, mut signals: mpsc::Receiver<Signal>, back: &Tasks) {
        loop {
            tokio::select! {
                () = self.links.tasks.stopping() => return,
                () = back.stopping() => return,
                Some(signal) = signals.recv() => match signal {
                    Signal::Reload => self.reload(),
                    Signal::Refresh => self.refresh(),
                },
            }
        }
    }

    /// Log filter, own certificate, the daemons' certificates.
    fn reload(&self) {
        let config = match VoterConfig::load(&self.sources) {
            Ok(config) => config,
            Err(error) => return tracing::error!(%error, "configuration not read again"),
        };
        service::reload_filter(&self.telemetry, &self.sources, &config.log);
        match server_tls(&config.voter, &self.links.certificates) {
            Ok(tls) => drop(self.certificate.send_replace(tls)),
            Err(error) => tracing::error!(error = error.text(), "own certificate not changed"),
        }
        let pins = [
            ("dcrd", self.links.dcrd.client(), &config.voter.dcrd),
            (
                "dcrwallet",
                self.links.wallet.client(),
                &config.voter.dcrwallet,
            ),
        ];
        for (name, client, node) in pins {
            self.links.certificates.note(name, &node.cert_pem);
            if let Err(error) = client.replace_pin(&node.cert_pem) {
                tracing::error!(%error, "certificate not changed");
            }
        }
        tracing::info!("configuration read again: log filter and certificates");
    }

    /// Preferences from the database.
    fn refresh(&self) {
        match VoterConfig::load(&self.sources) {
            Ok(config) if config.database.is_some() => read_database(&config, &self.links),
            Ok(_) => tracing::info!("there is no database to read preferences from"),
            Err(error) => tracing::error!(%error, "configuration not read again"),
        }
    }
}
