//! `dcrstakepool restore`: a backup becomes a database.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use super::{Failure, backup};
use crate::cli::RestoreArgs;
use crate::config::{MigrateConfig, Sources};
use crate::db::{self, Access, Error, Facts, Options, Plan, Reader, Store};
use crate::telemetry;

/// Runs it to its end.
pub async fn run(args: RestoreArgs) -> Result<(), Failure> {
    let sources = Sources::of_process(args.role.config.clone());
    let config = MigrateConfig::load(&sources)?;
    telemetry::start(&config.log, &sources).map_err(Failure::config)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    verify(&args.file).await?;
    let options = Options::new(config.database.url.clone(), 1, Access::Owner);
    let store = match Store::connect(options.clone()).await {
        Err(Error::NoDatabase(_)) if !config.database.is_sqlite() => {
            db::create_database(&options).await?;
            Store::connect(options).await?
        }
        connected => connected?,
    };
    let extent = store
        .restore(open(&args.file)?, backup::progress())
        .await
        .map_err(Failure::from)?;
    println!("restored {} rows of {} tables", extent.rows, extent.tables);
    match db::plan(&store.inspect().await?) {
        Plan::Steps(steps) if steps.is_empty() => {
            println!(
                "done: start web; should voters know more than this backup, /status will say so"
            );
        }
        Plan::Steps(_) => println!("done: now run `dcrstakepool migrate --yes-i-have-a-backup`"),
        Plan::Newer(reason) | Plan::Foreign(reason) => {
            return Err(Failure::config(anyhow!(reason)));
        }
    }
    Ok(())
}

/// Reads the whole file before anything is changed.
async fn verify(path: &Path) -> Result<(), Failure> {
    let unchanged = |failure: Failure| failure.context("nothing was changed");
    let backup = open(path)?;
    let header = backup.header().clone();
    let known = Facts::of_nothing()?.known;
    db::refuse_newer(&header, &known).map_err(|error| unchanged(error.into()))?;
    let whole = tokio::task::spawn_blocking(move || db::verify(backup)).await;
    let extent = whole
        .context("reading the backup")?
        .map_err(|error| unchanged(error.into()))?;
    let made = time::OffsetDateTime::from_unix_timestamp(header.made).ok();
    let made = made.and_then(|it| {
        it.format(&time::format_description::well_known::Rfc3339)
            .ok()
    });
    println!(
        "the backup is whole: {} rows of {} tables, made {} by {}, pool {}",
        extent.rows,
        extent.tables,
        made.as_deref().unwrap_or("at an unknown time"),
        header.program,
        header.pool.as_deref().unwrap_or("without an id"),
    );
    Ok(())
}

fn open(path: &Path) -> Result<Reader<BufReader<File>>, Failure> {
    let unreadable = || format!("cannot read {}", path.display());
    // Before it is opened: opening a pipe waits for who writes.
    if !fs::metadata(path).with_context(unreadable)?.is_file() {
        return Err(Failure::failed(anyhow!(
            "{} is no regular file: a backup is read twice, so write it to a file first; nothing was changed",
            path.display()
        )));
    }
    let file = File::open(path).with_context(unreadable)?;
    Reader::open(BufReader::new(file))
        .map_err(|error| Failure::from(error).context("nothing was changed"))
}
