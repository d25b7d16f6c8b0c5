//! Writes parts of the state to disk, one after another, away from the loop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::alarms::id;
use super::disk::Disk;
use super::event::Report;
use super::gauges;
use super::snapshot::Part;

/// How long changes of tickets and preferences are gathered before they are written.
pub const DEBOUNCE: Duration = Duration::from_secs(2);

/// A part to write; who must know that it is safe is told.
#[derive(Debug)]
pub struct Save {
    pub part: Part,
    pub done: Option<oneshot::Sender<Result<(), String>>>,
}

/// Runs until the loop drops its end.
pub async fn run(
    disk: Arc<Disk>,
    mut saves: mpsc::UnboundedReceiver<Save>,
    reports: mpsc::Sender<Report>,
) {
    let mut failing = false;
    while let Some(Save { part, done }) = saves.recv().await {
        let disk = disk.clone();
        let kind = part.kind;
        let written = tokio::task::spawn_blocking(move || part.save(&disk)).await;
        let result = match written {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        gauges::count_save(kind, result.is_ok());
        if failing || result.is_err() {
            failing = result.is_err();
            if let Err(reason) = &result {
                tracing::error!(reason, "the voter's state cannot be written");
            }
            let reason = result.clone().err();
            let _ = reports.try_send(Report::Alarm(id::STATE_NOT_SAVED, reason));
        }
        if let Some(done) = done {
            let _ = done.send(result);
        }
    }
}
