//! The configuration files of the Go program, versions 1.1.1 to 1.5, and what they are in ours. Pure: files come
//! as text, and what is to be written leaves as text.

mod address;
mod findings;
mod ini;
mod shared;
mod site;
mod voter;

#[cfg(test)]
mod tests;

pub use findings::{Fate, Finding};
pub use ini::Ini;

use findings::Old;

use super::document::Document;
use crate::decred::Network;
use crate::secret::Secret;

/// What both kinds of file are read with.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The folder that will hold the secrets, as the new file names it.
    pub secrets: String,
    /// `$HOME`, for paths that begin with `~`.
    pub home: Option<String>,
    /// A token for the voters, used unless there is one.
    pub token: Secret,
}

/// One of the Go program's files, and the folder that its relative paths begin in.
#[derive(Debug, Clone)]
pub struct Former {
    pub ini: Ini,
    pub folder: String,
}

/// Our configuration, and how it came about.
#[derive(Debug)]
pub struct Converted {
    pub text: String,
    /// File names and what is in them.
    pub secrets: Vec<(String, Secret)>,
    pub findings: Vec<Finding>,
}

/// The name of the file that web and voters share.
pub const TOKEN_FILE: &str = "voter_token";

const HEAD: &str = "dcrstakepool, converted from the Go program's configuration. Every key is explained in \
                    dcrstakepool.toml.example.\nSecrets are in files of their own, for the program alone to read.";

/// Converts the file of the site, that of a voting daemon, or both.
pub fn convert(site: Option<&Former>, voter: Option<&Former>, around: &Surroundings) -> Converted {
    let mut document = Document::new(HEAD, &around.secrets);
    let mut site = site.map(|former| (Old::new(&former.ini), former));
    let mut voter = voter.map(|former| (Old::new(&former.ini), former));
    let of_site = site.as_mut().map(|(old, _)| network(old));
    let of_voter = voter.as_mut().map(|(old, _)| network(old));
    let chosen = of_site.or(of_voter).unwrap_or(Network::Mainnet);
    document.text_key("network", chosen.word());
    if let (Some((old, _)), Some(other)) = (&mut voter, of_voter.filter(|other| *other != chosen)) {
        let note = format!(
            "the site is on {}, this daemon on {}",
            chosen.word(),
            other.word()
        );
        old.remark("testnet", Fate::Conflicting, note);
    }
    let files = shared::Files {
        site: site.as_mut().map(|(old, _)| old),
        voter: voter.as_mut().map(|(old, _)| old),
    };
    shared::write(files, &mut document);
    if let Some((old, former)) = &mut site {
        site::write(old, former, chosen, around, &mut document);
    }
    if let Some((old, former)) = &mut voter {
        voter::write(old, former, chosen, around, &mut document);
    }
    let mut findings = Vec::new();
    findings.extend(
        site.into_iter()
            .flat_map(|(old, _)| old.finish(site::DROPPED)),
    );
    findings.extend(
        voter
            .into_iter()
            .flat_map(|(old, _)| old.finish(voter::DROPPED)),
    );
    let text = document.text().to_owned();
    Converted {
        text,
        secrets: document.secrets,
        findings,
    }
}

fn network(old: &mut Old<'_>) -> Network {
    let note = "network";
    let testnet = old.take_switch("testnet", Fate::Converted, note);
    let simnet = old.take_switch("simnet", Fate::Converted, note);
    match (testnet, simnet) {
        (_, Some(true)) => Network::Simnet,
        (Some(true), _) => Network::Testnet,
        _ => Network::Mainnet,
    }
}

/// A path of the Go program, whole: `~` and `$HOME` are the home folder, and a relative one begins beside its file.
fn path(text: &str, former: &Former, around: &Surroundings) -> String {
    if let (Some(rest), Some(home)) = (text.strip_prefix('~'), &around.home) {
        return format!("{home}{rest}");
    }
    let of_home = ["$HOME", "${HOME}"]
        .iter()
        .find_map(|name| text.strip_prefix(name));
    if let (Some(rest), Some(home)) = (of_home.filter(|rest| rest.starts_with('/')), &around.home) {
        return format!("{home}{rest}");
    }
    if text.starts_with(['/', '~', '$']) {
        return text.to_owned();
    }
    format!("{}/{text}", former.folder.trim_end_matches('/'))
}

/// `host[:port]` with a port.
fn with_port(host: &str, port: u16) -> String {
    if host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
    {
        host.to_owned()
    } else {
        format!("{host}:{port}")
    }
}
