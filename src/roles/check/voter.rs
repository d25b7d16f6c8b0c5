//! `check voter`: the running voter's own word by its own RPC; while none runs, its daemons and its state.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::findings::Findings;
use super::{configuration, daemons, database, files};
use crate::cli::VERSION;
use crate::clock::Clock;
use crate::config::{VoterConfig, VoterPeer, VoterSection};
use crate::pool::hints;
use crate::rpc::client::VoterClient;
use crate::rpc::wire::{Alarm, ConfigDigests, Empty, SignerKind, Status, VoteOutcome};
use crate::rpc::{Error, Voter as _};
use crate::shutdown::Tasks;
use crate::voter::inspect;

pub async fn check(config: &VoterConfig, tasks: &Tasks) -> Findings {
    let mut findings = Findings::new();
    configuration(&config.warnings, &mut findings);
    let section = &config.voter;
    files::check(&[&section.key, &section.data_dir], &mut findings);
    if let Some(database) = &config.database {
        database::of_voter(database, &mut findings).await;
    }
    match ask(&config.voter, tasks).await {
        Ok(status) => {
            running(
                config,
                &status,
                Clock::system().unix_seconds(),
                &mut findings,
            );
            daemons::beside_voter(config, tasks, &mut findings).await;
            return findings;
        }
        Err(Silence::NotRunning(reason)) => {
            let text = format!("does not run: {reason}");
            findings.warn("voter", text, "start it: dcrstakepool voter");
        }
        Err(Silence::Wrong(reason)) => {
            let hint =
                "another process listens at voter.listen, or the voter runs from another file";
            findings.fail("voter", reason, hint);
        }
    }
    findings.append(Box::pin(daemons::check(config, tasks)).await);
    state(config, &mut findings).await;
    findings
}

/// Why the voter says nothing.
enum Silence {
    NotRunning(String),
    Wrong(String),
}

async fn ask(section: &VoterSection, tasks: &Tasks) -> Result<Status, Silence> {
    let peer = itself(section).map_err(Silence::NotRunning)?;
    let client = VoterClient::new(&peer, tasks).map_err(|it| Silence::Wrong(it.to_string()))?;
    client.status(Empty {}).await.map_err(|error| match error {
        Error::Unavailable { reason, .. } => Silence::NotRunning(reason),
        error => Silence::Wrong(error.to_string()),
    })
}

/// The voter as its own web would see it.
fn itself(section: &VoterSection) -> Result<VoterPeer, String> {
    let address = reachable(section.listen);
    let cert_pem = std::fs::read_to_string(&section.cert)
        .map_err(|error| format!("{}: {error}", section.cert.display()))?;
    Ok(VoterPeer {
        name: address.to_string(),
        url: format!("https://{address}/")
            .parse()
            .map_err(|error| format!("{address}: {error}"))?,
        cert: section.cert.clone(),
        cert_pem,
        token: section.token.clone(),
    })
}

/// Where one that listens everywhere can be asked from the same machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// What a running voter says of itself. Each of its alarms is a line, in the place of its subject.
fn running(config: &VoterConfig, status: &Status, now: i64, findings: &mut Findings) {
    itself_runs(config, status, findings);
    let mut alarms = Alarms::new(status);
    dcrd(status, now, &mut alarms, findings);
    wallet(status, &mut alarms, findings);
    signer(config, status, &mut alarms, findings);
    preferences(status, &mut alarms, findings);
    tickets(status, findings);
    votes(status, &mut alarms, findings);
    for alarm in alarms.rest {
        findings.fail(&alarm.id, &alarm.message, hints::for_alarm(&alarm.id));
    }
}

/// Alarms that no line has told yet.
struct Alarms<'a> {
    rest: Vec<&'a Alarm>,
}

impl<'a> Alarms<'a> {
    fn new(status: &'a Status) -> Self {
        Self {
            rest: status.alarms.iter().collect(),
        }
    }

    /// A line of `name` for each alarm of the subject; true when there was none.
    fn tell(&mut self, name: &str, subject: &[&str], findings: &mut Findings) -> bool {
        let of_it = |alarm: &&Alarm| subject.iter().any(|start| alarm.id.starts_with(start));
        let (told, rest) = self.rest.iter().copied().partition::<Vec<_>, _>(of_it);
        self.rest = rest;
        for alarm in &told {
            findings.fail(name, &alarm.message, hints::for_alarm(&alarm.id));
        }
        told.is_empty()
    }
}

fn itself_runs(config: &VoterConfig, status: &Status, findings: &mut Findings) {
    let network = config.network.to_string();
    if status.network != network {
        let text = format!("it runs on {}, this file says {network}", status.network);
        findings.fail("voter", text, "restart it");
    } else if status.version == VERSION {
        findings.ok("voter", format!("runs, version {VERSION}, on {network}"));
    } else {
        let text = format!("runs version {}, this program is {VERSION}", status.version);
        findings.warn("voter", text, "restart it");
    }
    let differing = differing(&config.digests(), &status.config);
    if !differing.is_empty() {
        let keys = differing.join(", ");
        let text = format!("the running voter has another value of {keys} than this file");
        findings.warn("voter", text, "restart it; web and all voters must agree");
    }
}

fn differing(file: &ConfigDigests, running: &ConfigDigests) -> Vec<String> {
    let keys = file.0.iter();
    keys.filter(|(key, digest)| running.0.get(*key) != Some(digest))
        .map(|(key, _)| key.clone())
        .collect()
}

fn dcrd(status: &Status, now: i64, alarms: &mut Alarms<'_>, findings: &mut Findings) {
    if !alarms.tell("dcrd", &["dcrd_", "tip_", "chain_"], findings) {
        return;
    }
    let dcrd = &status.dcrd;
    match &status.best {
        Some(tip) if dcrd.connected && dcrd.synced => {
            let age = now.saturating_sub(tip.time).max(0);
            let text = format!(
                "connected, version {}, at block {}, which is {age} s old",
                dcrd.version, tip.height
            );
            findings.ok("dcrd", text);
        }
        _ if !dcrd.connected => {
            let hint = hints::for_alarm("dcrd_disconnected");
            findings.fail("dcrd", "not connected", hint);
        }
        _ => findings.warn("dcrd", "does not have the whole chain yet", "wait"),
    }
}

fn wallet(status: &Status, alarms: &mut Alarms<'_>, findings: &mut Findings) {
    let wallet = &status.wallet;
    if alarms.tell("dcrwallet", &["wallet_"], findings) {
        if wallet.connected {
            let height = wallet.height.map_or("?".to_owned(), |it| it.to_string());
            let text = format!(
                "connected, version {}, at block {height}, unlocked, does not vote itself",
                wallet.version
            );
            findings.ok("dcrwallet", text);
        } else {
            let hint = hints::for_alarm("wallet_disconnected");
            findings.fail("dcrwallet", "not connected", hint);
        }
    }
    match status.rescan {
        None => findings.ok("rescan", "none needed"),
        Some(rescan) if rescan.running => {
            let text = format!("the wallet is rescanned from block {}", rescan.from);
            findings.warn("rescan", text, "wait; votes do not wait for it");
        }
        Some(rescan) => {
            let text = format!("due from block {}, waits for the wallet", rescan.from);
            findings.warn("rescan", text, "it begins once the wallet is synchronised");
        }
    }
}

fn signer(config: &VoterConfig, status: &Status, alarms: &mut Alarms<'_>, findings: &mut Findings) {
    if !alarms.tell("signer", &["signer_"], findings) {
        return;
    }
    match (config.voter.signer, status.signer) {
        (SignerKind::Memory, SignerKind::Wallet) => findings.warn(
            "signer",
            "the wallet signs, since it did not give the key for signing in memory",
            "unlock the wallet",
        ),
        (_, SignerKind::Memory) => findings.ok("signer", "votes are signed in memory"),
        (_, SignerKind::Wallet) => findings.ok("signer", "votes are signed by the wallet"),
    }
}

fn preferences(status: &Status, alarms: &mut Alarms<'_>, findings: &mut Findings) {
    let subject = ["preferences_", "invalid_bits", "database_"];
    if !alarms.tell("preferences", &subject, findings) {
        return;
    }
    let preferences = &status.preferences;
    let text = format!(
        "{} users, revision {}, vote version {}",
        preferences.count, preferences.revision.0, status.vote_version
    );
    if let Some(reason) = &preferences.refused {
        let hint = hints::for_alarm("preferences_refused");
        findings.fail("preferences", reason, hint);
    } else if preferences.confirmed {
        findings.ok("preferences", text);
    } else {
        let text = format!("{text}; not confirmed by web since the voter's start");
        findings.warn("preferences", text, "votes go with them; start web");
    }
}

fn tickets(status: &Status, findings: &mut Findings) {
    let own = &status.tickets;
    let text = format!(
        "{} live, {} immature, {} voted, {} missed, {} expired, {} low fee; {} scripts",
        own.live,
        own.immature,
        own.voted,
        own.missed,
        own.expired,
        own.low_fee,
        status.scripts.count
    );
    match status.unread_from {
        Some(block) => {
            let text = format!("blocks are read from {block} on; so far {text}");
            findings.warn("tickets", text, "wait; votes do not wait for it");
        }
        None if status.tickets_loaded => findings.ok("tickets", text),
        None => findings.warn("tickets", format!("still loading: {text}"), "wait"),
    }
}

fn votes(status: &Status, alarms: &mut Alarms<'_>, findings: &mut Findings) {
    let untold = alarms.tell("votes", &["vote_"], findings);
    let blocks = &status.blocks;
    let own: u64 = blocks.iter().map(|it| u64::from(it.own_winners)).sum();
    let all = || blocks.iter().flat_map(|block| &block.votes);
    let failed = all().filter(|vote| vote.outcome == VoteOutcome::Failed);
    let unvoted = blocks.iter().flat_map(|block| &block.unvoted);
    let late = unvoted.filter(|it| !it.by_rule);
    let lost = failed.count().saturating_add(late.count());
    let text = format!("{own} own winners in the last {} blocks", blocks.len());
    if lost > 0 {
        // The alarm ends with the next good vote.
        let text = format!("{text}, {lost} without a vote of this voter");
        findings.warn("votes", text, hints::for_alarm("vote_failed"));
    } else if untold {
        findings.ok("votes", text);
    }
}

/// The files of `data_dir`, read as at start.
async fn state(config: &VoterConfig, findings: &mut Findings) {
    let dir = config.voter.data_dir.display();
    match inspect::state(config).await {
        Err(error) => findings.fail("state", error.to_string(), "mend voter.data_dir"),
        Ok(None) => findings.warn(
            "state",
            format!("{dir} is not there yet"),
            "it is made at the first start",
        ),
        Ok(Some(found)) => {
            for warning in &found.warnings {
                let hint = "the voter starts all the same, from an older file or without it";
                findings.fail("state", warning, hint);
            }
            if found.warnings.is_empty() {
                let text = format!(
                    "{dir}: {} scripts, {} users' preferences, {} tickets",
                    found.scripts, found.preferences, found.tickets
                );
                findings.ok("state", text);
            }
        }
    }
}
