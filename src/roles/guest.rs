//! A short-lived visitor beside the running web: it has web's configuration, its database and its voters, and
//! serves nobody.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{Failure, assembly};
use crate::config::{Sources, WebConfig};
use crate::db::Access;
use crate::pool::Pool;
use crate::shutdown::Tasks;
use crate::telemetry;

/// How long connections may take to close.
const STOP: Duration = Duration::from_secs(2);

/// Who is done with it says so by `leave`.
pub struct Guest {
    pub pool: Arc<Pool>,
    tasks: Tasks,
}

impl Guest {
    /// Reads the configuration and opens the database. Voters are connected to when they are asked.
    pub async fn enter(config_file: Option<PathBuf>) -> Result<Self, Failure> {
        let sources = Sources::of_process(config_file);
        let config = WebConfig::load(&sources)?;
        telemetry::start(&config.log, &sources).map_err(Failure::config)?;
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let tasks = Tasks::new();
        let store = assembly::open_store(&config.database, Access::Guest).await?;
        let voters = assembly::voters(&config, &tasks)?;
        let pool = assembly::pool(&config, store, &voters, &tasks).await?;
        Ok(Self { pool, tasks })
    }

    pub async fn leave(self) {
        self.tasks.stop_and_wait(STOP).await;
    }
}
