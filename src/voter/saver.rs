//! Writes parts of the state to disk, one after another, away from the loop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::alarms::id;
use super::disk::{Disk, Kind};
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
    // The parts on disk that are older than they should be, and why.
    let mut failing: BTreeMap<Kind, String> = BTreeMap::new();
    while let Some(Save { part, done }) = saves.recv().await {
        let (disk, kind) = (disk.clone(), part.kind);
        let written = tokio::task::spawn_blocking(move || part.save(&disk)).await;
        let result = match written {
            Ok(result) => result.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        gauges::count_save(kind, result.is_ok());
        let before = failing.remove(&kind);
        if let Err(reason) = &result {
            tracing::error!(reason, ?kind, "the voter's state cannot be written");
            failing.insert(kind, reason.clone());
            let _ = reports.try_send(Report::NotSaved(kind));
        }
        if before.is_some() || result.is_err() {
            // It is over when every part is written.
            let reason = failing.values().next().cloned();
            let _ = reports.try_send(Report::Alarm(id::STATE_NOT_SAVED, reason));
        }
        if let Some(done) = done {
            let _ = done.send(result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::Part;
    use super::*;
    use crate::decred::params::Network;
    use crate::voter::testing::state;

    /// What was reported for saves of these kinds, while a folder lies where the named kind is to go.
    async fn saved(blocked: Kind, kinds: &[Kind]) -> Vec<Report> {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path(), Network::Simnet).unwrap();
        let name = format!("{blocked:?}.state.new").to_lowercase();
        std::fs::create_dir(folder.path().join(name)).unwrap();
        let (saves, saves_in) = mpsc::unbounded_channel();
        let (reports, mut reports_in) = mpsc::channel(16);
        for kind in kinds {
            let part = Part::of(&state(), *kind);
            saves.send(Save { part, done: None }).unwrap();
        }
        drop(saves);
        run(Arc::new(disk), saves_in, reports).await;
        let mut told = Vec::new();
        while let Ok(report) = reports_in.try_recv() {
            told.push(report);
        }
        told
    }

    #[tokio::test]
    async fn what_was_not_written_is_told_and_the_alarm_lasts_until_all_is() {
        let told = saved(Kind::Scripts, &[Kind::Scripts, Kind::Tickets]).await;
        assert!(matches!(told[0], Report::NotSaved(Kind::Scripts)));
        assert!(matches!(told[1], Report::Alarm(_, Some(_))));
        assert_eq!(told.len(), 2, "another part that is written ends nothing");
    }
}
