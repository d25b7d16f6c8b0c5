//! `dcrstakepool import-config`: the Go program's configuration becomes ours.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::Failure;
use crate::cli::ImportConfigArgs;
use crate::config::Invalid;
use crate::config::former::{Converted, Fate, Former, Ini, Surroundings, TOKEN_FILE, convert};
use crate::new_file;
use crate::pool::random;
use crate::secret::Secret;

/// More is no configuration.
const MAX_BYTES: u64 = 1024 * 1024;

/// Runs it to its end: the configuration on standard output, what became of each option on standard error.
pub fn run(args: &ImportConfigArgs) -> Result<(), Failure> {
    let (site, voter) = read_files(&args.files)?;
    let folder = std::path::absolute(&args.secrets_dir).map_err(Failure::failed)?;
    let around = Surroundings {
        secrets: folder.display().to_string(),
        home: std::env::var("HOME").ok(),
        token: token(&folder)?,
    };
    let converted = convert(site.as_ref(), voter.as_ref(), &around);
    if !args.dry_run {
        let kept = write_secrets(&folder, &converted.secrets).map_err(Failure::failed)?;
        io::stdout()
            .write_all(converted.text.as_bytes())
            .map_err(Failure::failed)?;
        tell_secrets(&folder, &converted, &kept);
    }
    tell(&converted);
    Ok(())
}

/// At most one of the site and one of a voting daemon.
fn read_files(files: &[PathBuf]) -> Result<(Option<Former>, Option<Former>), Failure> {
    let (mut site, mut voter) = (None, None);
    let mut problems = Vec::new();
    for file in files {
        let text = read(file).map_err(Failure::failed)?;
        let whole = std::path::absolute(file).map_err(Failure::failed)?;
        let folder = whole.parent().unwrap_or(Path::new("/"));
        match Ini::parse(&file.display().to_string(), &text) {
            Err(found) => problems.extend(found),
            Ok(ini) => {
                let place = if ini.is_of_voter() {
                    &mut voter
                } else {
                    &mut site
                };
                let former = Former {
                    ini,
                    folder: folder.display().to_string(),
                };
                if place.replace(former).is_some() {
                    let error = anyhow!(
                        "both files are of the same kind: give dcrstakepool.conf and one stakepoold.conf"
                    );
                    return Err(Failure::usage(error));
                }
            }
        }
    }
    if problems.is_empty() {
        Ok((site, voter))
    } else {
        Err(Failure::config(Invalid(problems)))
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    let named = || file.display().to_string();
    let size = fs::metadata(file).with_context(named)?.len();
    if size > MAX_BYTES {
        return Err(anyhow!("is too large for a configuration").context(named()));
    }
    fs::read_to_string(file).with_context(named)
}

/// Web and voters share one: that of an earlier run, or a new one.
fn token(folder: &Path) -> Result<Secret, Failure> {
    match fs::read_to_string(folder.join(TOKEN_FILE)) {
        Ok(token) => Ok(Secret::new(token.trim())),
        Err(_) => random::hex(32).map_err(Failure::failed),
    }
}

/// Gives the names of those that were there before, with the same content. One with another content is never
/// overwritten: then nothing is written at all.
fn write_secrets(folder: &Path, secrets: &[(String, Secret)]) -> anyhow::Result<Vec<String>> {
    let (mut kept, mut others) = (Vec::new(), Vec::new());
    for (name, secret) in secrets {
        match fs::read_to_string(folder.join(name)) {
            Ok(there) if secret.matches(there.trim_end_matches('\n')) => kept.push(name.clone()),
            Ok(_) => others.push(folder.join(name).display().to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(anyhow!(error).context(folder.join(name).display().to_string()));
            }
        }
    }
    if !others.is_empty() {
        return Err(anyhow!(
            "another secret is there already, and stays: {}; nothing was written, choose another --secrets-dir",
            others.join(", ")
        ));
    }
    new_file::private_folder(folder).with_context(|| folder.display().to_string())?;
    for (name, secret) in secrets.iter().filter(|(name, _)| !kept.contains(name)) {
        let file = folder.join(name);
        new_file::write(&file, secret.expose(), 0o600)
            .with_context(|| file.display().to_string())?;
    }
    Ok(kept)
}

fn tell_secrets(folder: &Path, converted: &Converted, kept: &[String]) {
    for (name, _) in &converted.secrets {
        let state = if kept.contains(name) {
            "is there already"
        } else {
            "is written"
        };
        eprintln!("secret       {} {state}", folder.join(name).display());
    }
}

fn tell(converted: &Converted) {
    let mut findings: Vec<_> = converted.findings.iter().collect();
    // What must be looked at stands last, where people look.
    findings.sort_by_key(|finding| finding.fate);
    for finding in findings {
        eprintln!("{finding}");
    }
    let open = [Fate::Conflicting, Fate::Unknown, Fate::Missing];
    let count = converted
        .findings
        .iter()
        .filter(|it| open.contains(&it.fate))
        .count();
    match count {
        0 => eprintln!("nothing is left to decide; try it: dcrstakepool check web"),
        _ => eprintln!("{count} to look at: those that are conflicting, unknown or missing"),
    }
}
