//! A look at the state on disk without being its voter: takes no lock and writes nothing.

use uuid::Uuid;

use super::disk::Disk;
use super::fees::Judge;
use super::snapshot;
use super::start::StartError;
use super::state::State;
use crate::config::VoterConfig;
use crate::decred::fee::FeeSchedule;
use crate::domain::InstanceId;

/// What a start would find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub scripts: u64,
    pub preferences: usize,
    pub tickets: usize,
    /// What would be passed over, and why.
    pub warnings: Vec<String>,
}

/// Reads `data_dir` as the start does; `None` when there is none yet.
pub async fn state(config: &VoterConfig) -> Result<Option<Found>, StartError> {
    let fees = config.pool.fees.iter();
    let schedule = FeeSchedule::new(fees.map(|step| (step.from, step.percent)).collect())?;
    let params = config.network.params();
    let dir = config.voter.data_dir.clone();
    let failed = |reason: String| StartError::DataDir {
        path: config.voter.data_dir.display().to_string(),
        reason,
    };
    let read = tokio::task::spawn_blocking(move || {
        if !dir.try_exists()? {
            return Ok(None);
        }
        let disk = Disk::look(&dir, params.network);
        let instance = InstanceId(Uuid::new_v4());
        let mut state = State::new(params, instance, Judge::new(params, schedule));
        let warnings = snapshot::restore(&mut state, &disk);
        Ok::<_, std::io::Error>(Some(Found {
            scripts: state.scripts.summary().count,
            preferences: state.preferences.count(),
            tickets: state.tickets.len(),
            warnings,
        }))
    });
    let read = read.await.map_err(|error| failed(error.to_string()))?;
    read.map_err(|error| failed(error.to_string()))
}
