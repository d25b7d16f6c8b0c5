//! Preferences straight from the pool's database, when the voter has an account there: a second source,
//! never an obstacle.

use std::time::Duration;

use super::alarms::id;
use super::event::Report;
use super::links::Links;
use crate::config::DatabaseConfig;
use crate::db::{self, Access, Options, Store};

const CONNECTIONS: u32 = 2;
const PAUSE: Duration = Duration::from_secs(10);

/// Reads all preferences once, as soon as the database answers.
pub async fn read(links: Links, config: DatabaseConfig) {
    loop {
        match preferences(&config).await {
            Ok(table) => {
                links.report(Report::Alarm(id::DATABASE_AWAY, None)).await;
                let report = Report::Preferences(table.pool_id, table.preferences);
                return links.report(report).await;
            }
            Err(error) => {
                let message = format!("the preferences cannot be read: {error}");
                links
                    .report(Report::Alarm(id::DATABASE_AWAY, Some(message)))
                    .await;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn preferences(config: &DatabaseConfig) -> Result<db::PreferenceTable, db::Error> {
    let options = Options::new(config.url.clone(), CONNECTIONS, Access::Guest);
    Store::connect(options).await?.preferences().await
}
