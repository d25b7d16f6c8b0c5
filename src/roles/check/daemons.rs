//! dcrd and dcrwallet as the voter's start would find them, by the same checks.

use futures_util::future::join;

use super::findings::Findings;
use crate::config::VoterConfig;
use crate::node::check::Unfit;
use crate::node::{Dcrd, Dcrwallet, Error, Fault};
use crate::pool::clocks;
use crate::shutdown::Tasks;
use crate::voter::health::is_synced;

pub async fn check(config: &VoterConfig, tasks: &Tasks) -> Findings {
    let both = join(dcrd(config, tasks), wallet(config, tasks));
    let (mut findings, wallet) = Box::pin(both).await;
    findings.append(wallet);
    findings
}

async fn dcrd(config: &VoterConfig, tasks: &Tasks) -> Findings {
    let mut findings = Findings::new();
    let looked = async {
        let node = config.voter.dcrd.connection("dcrd");
        let (dcrd, _notifications) = Dcrd::start(node, tasks).await?;
        let facts = dcrd.check(config.network).await?;
        let offset = dcrd.info().await?.time_offset;
        Ok::<_, Unfit>((facts, dcrd.chain_info().await?, offset))
    };
    match looked.await {
        Err(unfit) => findings.fail("dcrd", unfit.to_string(), hint(&unfit, "voter.dcrd")),
        Ok((facts, chain, offset)) => {
            clock(offset, &mut findings);
            let (version, network) = (facts.version, config.network);
            let text = format!("version {version}, on {network}, with txindex");
            findings.ok("dcrd", text);
            if is_synced(&chain) {
                findings.ok("chain", format!("complete, at block {}", chain.blocks));
            } else {
                let text = format!("dcrd is at block {} of {}", chain.blocks, chain.sync_height);
                findings.warn("chain", text, "wait until dcrd has the whole chain");
            }
        }
    }
    findings
}

/// Beside a running voter: what only dcrd itself knows. That dcrd is away, the voter says.
pub async fn beside_voter(config: &VoterConfig, tasks: &Tasks, findings: &mut Findings) {
    let looked = async {
        let node = config.voter.dcrd.connection("dcrd");
        let (dcrd, _notifications) = Dcrd::start(node, tasks).await?;
        dcrd.info().await
    };
    let Ok(info) = looked.await else {
        return;
    };
    clock(info.time_offset, findings);
    if info.tx_index {
        findings.ok("txindex", "dcrd has it");
    } else {
        let hint = "start dcrd with --txindex: without it no voter starts";
        findings.fail("txindex", "dcrd runs without", hint);
    }
}

/// This machine's clock by those of dcrd's peers.
fn clock(offset: i64, findings: &mut Findings) {
    if offset.saturating_abs() <= clocks::TOLERANCE {
        return findings.ok("clock", "agrees with those of dcrd's peers");
    }
    let text = format!("dcrd's peers are {offset} s ahead of its machine's clock");
    let hint = "see timedatectl: chrony or systemd-timesyncd must run";
    findings.fail("clock", text, hint);
}

async fn wallet(config: &VoterConfig, tasks: &Tasks) -> Findings {
    let mut findings = Findings::new();
    let looked = async {
        let node = config.voter.dcrwallet.connection("dcrwallet");
        let (wallet, _notifications) = Dcrwallet::start(node, tasks).await?;
        let key = &config.pool.voting_extpub;
        let facts = wallet.check(config.network, key).await?;
        Ok::<_, Unfit>((facts, wallet.best_block().await?))
    };
    match looked.await {
        Err(unfit) => {
            findings.fail("dcrwallet", unfit.to_string(), hint(&unfit, "voter.dcrwallet"));
        }
        Ok((facts, best)) => findings.ok(
            "dcrwallet",
            format!(
                "version {}, at block {}, unlocked, follows its dcrd, does not vote itself, has the \
                 pool's voting key",
                facts.version, best.height
            ),
        ),
    }
    findings
}

/// Most of these texts say themselves what to do.
fn hint(unfit: &Unfit, section: &str) -> String {
    match unfit {
        Unfit::Call(Error::Unauthorized { .. }) => {
            format!("{section}.user and .password must be the daemon's rpcuser and rpcpass")
        }
        Unfit::Call(Error::WrongCertificate { .. } | Error::Tls { .. }) => {
            format!("{section}.cert must be a copy of the daemon's rpc.cert")
        }
        Unfit::Call(Error::WrongDaemon { .. }) => {
            format!("{section}.host is another service's: mind the port")
        }
        Unfit::WrongNetwork { .. } => {
            format!("{section}.host is of another network than this file's network")
        }
        _ if unfit.fault() == Fault::Unavailable => {
            format!("start it, or mend {section}.host; then look again")
        }
        _ => String::new(),
    }
}
