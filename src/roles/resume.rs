//! `dcrstakepool resume`: rechecks the voters and clears a halt; confirms a refused push.

use std::time::Duration;

use super::{Failure, assembly};
use crate::cli::ResumeArgs;
use crate::config::{Sources, WebConfig};
use crate::db::Access;
use crate::pool::{Pool, Recheck};
use crate::shutdown::Tasks;
use crate::telemetry;

/// How long connections may take to close.
const STOP: Duration = Duration::from_secs(2);

/// Runs it to its end.
pub async fn run(args: ResumeArgs) -> Result<(), Failure> {
    let sources = Sources::of_process(args.role.config);
    let config = WebConfig::load(&sources)?;
    telemetry::start(&config.log, sources.rust_log()).map_err(Failure::config)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let reason = args.override_reason.map(|reason| reason.trim().to_owned());
    if reason.as_ref().is_some_and(String::is_empty) {
        return Err(Failure::usage(anyhow::anyhow!("--override needs a reason")));
    }

    let tasks = Tasks::new();
    let store = assembly::open_store(&config.database, Access::Guest).await?;
    let voters = assembly::voters(&config, &tasks)?;
    let pool = assembly::pool(&config, store, &voters, &tasks).await?;
    let outcome = match reason {
        Some(reason) => override_halt(&pool, &reason).await,
        None => recheck(&pool).await,
    };
    let accepted = if args.accept_preferences {
        accept_preferences(&pool).await
    } else {
        Ok(())
    };
    tasks.stop_and_wait(STOP).await;
    outcome.and(accepted)
}

async fn recheck(pool: &Pool) -> Result<(), Failure> {
    match pool.recheck_halt().await.map_err(Failure::failed)? {
        Recheck::NotHalted => println!("enrolment is not halted"),
        Recheck::Cleared => println!("all voters agree: the halt is cleared"),
        Recheck::StillHalted(reason) | Recheck::Inconclusive(reason) => {
            return Err(Failure::failed(anyhow::anyhow!(reason)).context("enrolment stays halted"));
        }
    }
    Ok(())
}

async fn override_halt(pool: &Pool, reason: &str) -> Result<(), Failure> {
    if pool.override_halt(reason).await.map_err(Failure::failed)? {
        println!("the halt is cleared without a recheck");
    } else {
        println!("enrolment is not halted");
    }
    Ok(())
}

async fn accept_preferences(pool: &Pool) -> Result<(), Failure> {
    let taken = pool.accept_preferences().await.map_err(Failure::failed)?;
    if taken.is_empty() {
        println!("no voter refuses the preferences");
    }
    for voter in taken {
        println!("{voter} took the preferences");
    }
    Ok(())
}
