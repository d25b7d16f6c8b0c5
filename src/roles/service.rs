//! What both services have in common: the service manager, told when the role is ready and, if it
//! wants, that it is alive; the log filter that changes while they run.

use std::net::SocketAddr;
use std::sync::Arc;

use sd_notify::NotifyState;
use tokio::net::TcpListener;

use super::Failure;
use crate::cli::VERSION;
use crate::clock::Clock;
use crate::config::{LogConfig, Sources};
use crate::metrics::{Role, Sample, catalogue, server};
use crate::shutdown::Tasks;
use crate::telemetry::Telemetry;

/// Tells systemd that the role serves; from then on keeps its watchdog content. Does nothing where
/// there is no systemd.
pub fn ready(tasks: &Tasks) {
    tell(NotifyState::Ready);
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    let stopping = tasks.clone();
    tasks.spawn("watchdog", async move {
        // Twice within the limit, as sd_watchdog_enabled(3) recommends.
        let mut ticks = tokio::time::interval(limit / 2);
        loop {
            tokio::select! {
                () = stopping.stopping() => return,
                _ = ticks.tick() => tell(NotifyState::Watchdog),
            }
        }
    });
}

/// The socket of `/metrics`, where the operator wants it: opened before anything is begun, since a port that is
/// taken is an error of the start.
pub async fn bind_metrics(listen: Option<SocketAddr>) -> Result<Option<TcpListener>, Failure> {
    catalogue::STARTED.set(Clock::system().unix_seconds());
    match listen {
        None => Ok(None),
        Some(address) => server::bind(address)
            .await
            .map(Some)
            .map_err(Failure::failed),
    }
}

/// Serves what the role counts and what `collect` says of it.
pub fn serve_metrics<F>(
    listener: Option<TcpListener>,
    role: Role,
    collect: impl Fn() -> F + Send + Sync + 'static,
    tasks: &Tasks,
) where
    F: Future<Output = Vec<Sample>> + Send + 'static,
{
    let Some(listener) = listener else {
        return;
    };
    let collect = move || -> server::Collecting {
        let gauges = collect();
        Box::pin(async move {
            let mut samples = gauges.await;
            samples.push(catalogue::BUILD.of([VERSION], 1));
            samples.push(catalogue::CLOCK.is(Clock::system().unix_seconds()));
            samples
        })
    };
    server::serve(listener, role, Arc::new(collect), tasks);
}

/// Tells systemd that the role is ending.
pub fn stopping() {
    tell(NotifyState::Stopping);
}

/// How a role that was stopped has ended: badly, if it was one of its tasks that stopped it.
pub fn outcome(tasks: &[&Tasks]) -> Result<(), Failure> {
    if tasks.iter().any(|tasks| tasks.has_panicked()) {
        return Err(Failure::failed(anyhow::anyhow!(
            "a task panicked: a fault of the program, see the log"
        )));
    }
    Ok(())
}

/// The configured filter from now on, unless `RUST_LOG` wins.
pub fn reload_filter(telemetry: &Telemetry, sources: &Sources, log: &LogConfig) {
    let filter = sources.rust_log().unwrap_or(&log.filter);
    if let Err(error) = telemetry.set_filter(filter) {
        tracing::error!(%error, "log filter not changed");
    }
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "service manager not told");
    }
}
