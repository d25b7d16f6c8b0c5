//! A folder of configuration: made beside, looked at, then put in its place. Nothing is overwritten.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use tempfile::TempDir;

use crate::config::document::Document;
use crate::new_file;
use crate::roles::Failure;

pub const CONFIGURATION: &str = "dcrstakepool.toml";
/// Within the folder.
pub const SECRETS: &str = "secrets";

/// Files that are not in their place yet.
#[derive(Debug)]
pub struct Draft {
    folder: PathBuf,
    beside: TempDir,
}

impl Draft {
    /// # Errors
    /// When there is a configuration or a folder of secrets already.
    pub fn new(folder: &Path) -> Result<Self, Failure> {
        let folder = std::path::absolute(folder).map_err(Failure::failed)?;
        for name in [CONFIGURATION, SECRETS] {
            let place = folder.join(name);
            if place.exists() {
                return Err(Failure::failed(anyhow!(
                    "{} is there already and stays as it is: give another --dir",
                    place.display()
                )));
            }
        }
        private_folder(&folder).map_err(Failure::failed)?;
        let beside = tempfile::Builder::new()
            .prefix(".dcrstakepool-setup-")
            .tempdir_in(&folder)
            .with_context(|| format!("cannot write in {}", folder.display()))
            .map_err(Failure::failed)?;
        Ok(Self { folder, beside })
    }

    /// The configuration as it is now, to be looked at.
    pub fn configuration(&self) -> PathBuf {
        self.beside.path().join(CONFIGURATION)
    }

    pub fn write(&self, document: &Document) -> anyhow::Result<()> {
        let secrets = self.beside.path().join(SECRETS);
        private_folder(&secrets)?;
        for (name, secret) in &document.secrets {
            write(&secrets.join(name), secret.expose(), 0o600)?;
        }
        write(&self.configuration(), document.text(), 0o640)
    }

    /// Puts it all in its place; gives the path of the configuration there.
    pub fn keep(self) -> anyhow::Result<PathBuf> {
        let (place, secrets) = (self.folder.join(CONFIGURATION), self.folder.join(SECRETS));
        // A link replaces nothing, should there be one by now.
        fs::hard_link(self.configuration(), &place).with_context(|| place.display().to_string())?;
        fs::rename(self.beside.path().join(SECRETS), &secrets)
            .with_context(|| secrets.display().to_string())?;
        Ok(place)
    }
}

fn private_folder(folder: &Path) -> anyhow::Result<()> {
    new_file::private_folder(folder).with_context(|| folder.display().to_string())
}

fn write(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    new_file::write(path, text, mode).with_context(|| path.display().to_string())
}
