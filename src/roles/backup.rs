//! `dcrstakepool backup`: all that is stored, written to a file while web goes on.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tempfile::{Builder, NamedTempFile};

use super::Failure;
use crate::cli::{BackupArgs, VERSION};
use crate::clock::Clock;
use crate::config::{MigrateConfig, Sources};
use crate::db::{Access, Extent, Options, Progress, Store, Wish};
use crate::signals::Interruption;
use crate::telemetry;

/// Of the file while it is written; a few characters by chance follow.
const UNFINISHED: &str = ".dcrstakepool-backup-";
/// No backup is at work for so long.
const FORGOTTEN: Duration = Duration::from_hours(24);

/// Runs it to its end.
pub async fn run(args: BackupArgs) -> Result<(), Failure> {
    let sources = Sources::of_process(args.role.config.clone());
    let config = MigrateConfig::load(&sources)?;
    telemetry::start(&config.log, &sources).map_err(Failure::config)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let store = Store::connect(Options::new(config.database.url, 1, Access::Guest)).await?;
    let begun = Clock::system().unix_seconds();
    if args.file == Path::new("-") {
        let out = BufWriter::new(io::stdout());
        let (_, extent) = store
            .back_up(out, wish(args.with_secrets), progress())
            .await?;
        tell(extent, "standard output");
    } else {
        write(&store, &args.file, args.with_secrets, args.force).await?;
    }
    // For web's metrics. An account that may only read makes good backups all the same.
    if let Err(error) = store.note_backup(begun).await {
        tracing::warn!(%error, "web cannot be told that there is a backup");
    }
    Ok(())
}

/// Writes a backup to `path`: there is the whole of it, or nothing, also when it is interrupted.
pub async fn write(
    store: &Store,
    path: &Path,
    secrets: bool,
    replace: bool,
) -> Result<(), Failure> {
    refuse_what_stays(path, replace)?;
    let folder = folder_of(path);
    remove_forgotten(folder);
    let interruption = Interruption::listen().context("signals")?;
    // Only its owner may read a temporary file.
    let file = Builder::new()
        .prefix(UNFINISHED)
        .tempfile_in(folder)
        .with_context(|| format!("cannot write in {}", folder.display()))?;
    interruption.removes(file.path().to_owned());
    let out = BufWriter::new(file);
    let (out, extent) = store.back_up(out, wish(secrets), progress()).await?;
    keep(out, path, replace)?;
    tell(extent, &path.display().to_string());
    Ok(())
}

/// Only a file is ever replaced: never a device, a pipe, or a link, behind which something else lies.
fn refuse_what_stays(path: &Path, replace: bool) -> Result<(), Failure> {
    match fs::symlink_metadata(path) {
        Ok(_) if !replace => Err(there_already(path)),
        Ok(found) if !found.is_file() => Err(Failure::failed(anyhow!(
            "{} is no regular file and stays as it is: name another one, or - for standard output",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// What killed runs left in this folder: it holds hashes and tokens.
fn remove_forgotten(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|it| it.starts_with(UNFINISHED));
        if !ours || !is_forgotten(&entry) {
            continue;
        }
        let path = entry.path();
        match fs::remove_file(&path) {
            Ok(()) => eprintln!("removed {}, of a backup that was killed", path.display()),
            Err(error) => {
                tracing::warn!(%error, "{} stays, of a backup that was killed", path.display());
            }
        }
    }
}

fn is_forgotten(entry: &fs::DirEntry) -> bool {
    // Of a link this is its own.
    let Ok(found) = entry.metadata() else {
        return false;
    };
    let age = found.modified().ok().and_then(|it| it.elapsed().ok());
    found.is_file() && age.is_some_and(|age| age > FORGOTTEN)
}

fn wish(secrets: bool) -> Wish {
    Wish {
        secrets,
        now: Clock::system().unix_seconds(),
        program: VERSION.to_owned(),
    }
}

/// On disk first, then under its name.
fn keep(out: BufWriter<NamedTempFile>, path: &Path, replace: bool) -> Result<(), Failure> {
    let failed = || format!("cannot write {}", path.display());
    let file = out.into_inner().map_err(io::IntoInnerError::into_error);
    let mut file = file.with_context(failed)?;
    file.flush().with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    refuse_what_stays(path, replace)?;
    let kept = if replace {
        file.persist(path)
    } else {
        file.persist_noclobber(path)
    };
    if let Err(error) = kept {
        if error.error.kind() == io::ErrorKind::AlreadyExists {
            return Err(there_already(path));
        }
        return Err(Failure::failed(anyhow!(error.error).context(failed())));
    }
    let folder = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
    Ok(folder.with_context(failed)?)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn there_already(path: &Path) -> Failure {
    Failure::failed(anyhow!(
        "{} is there already and stays as it is: name another file, or say --force to `backup`",
        path.display()
    ))
}

/// A word for each table, and now and then within a large one.
pub fn progress() -> Progress {
    Box::new(|table, rows| eprintln!("{table}: {rows} rows"))
}

fn tell(extent: Extent, place: &str) {
    let Extent { tables, rows } = extent;
    eprintln!("done: {rows} rows of {tables} tables are in {place}");
}
