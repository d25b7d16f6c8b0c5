//! What a daemon's own folder says of it: its login and its certificate.

use std::path::{Path, PathBuf};

use crate::config::former::Ini;
use crate::secret::Secret;

/// How to reach a daemon's JSON-RPC.
#[derive(Debug, Clone)]
pub struct Daemon {
    pub user: String,
    pub password: Secret,
    pub cert: PathBuf,
}

/// The names of the login in the daemon's configuration.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    pub file: &'static str,
    pub user: &'static str,
    pub password: &'static str,
}

pub const DCRD: Names = Names {
    file: "dcrd.conf",
    user: "rpcuser",
    password: "rpcpass",
};

pub const DCRWALLET: Names = Names {
    file: "dcrwallet.conf",
    user: "username",
    password: "password",
};

impl Daemon {
    /// Reads the daemon's folder.
    ///
    /// # Errors
    /// What is missing there, in words.
    pub fn read(folder: &str, names: Names) -> Result<Self, String> {
        let folder = at_home(folder);
        let file = folder.join(names.file);
        let text = std::fs::read_to_string(&file)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let ini = Ini::parse(&file.display().to_string(), &text).map_err(|problems| {
            let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
            problems.join("; ")
        })?;
        let value = |name: &str| {
            let mut lines = ini.lines.iter().rev();
            lines
                .find(|line| line.name == name && !line.value.is_empty())
                .map(|line| line.value.clone())
                .ok_or_else(|| format!("{} has no {name}", file.display()))
        };
        let cert = folder.join("rpc.cert");
        if !cert.is_file() {
            return Err(format!("{} is missing", cert.display()));
        }
        Ok(Self {
            user: value(names.user)?,
            password: Secret::new(value(names.password)?),
            cert: std::path::absolute(&cert).map_err(|error| error.to_string())?,
        })
    }
}

/// `~` as a shell reads it.
fn at_home(folder: &str) -> PathBuf {
    let rest = folder.strip_prefix("~/");
    match (rest, std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(folder),
    }
}
