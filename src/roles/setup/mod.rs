//! `dcrstakepool setup`: the first configuration of a host. It is written once it is complete and what it names
//! was found to be right.

mod daemon;
mod files;
mod questions;
mod voter;
mod web;

use std::path::Path;

use anyhow::anyhow;

use super::Failure;
use super::check::findings::Findings;
use crate::cli::{SetupArgs, SetupPoolArgs, SetupWhat};
use crate::config::document::Document;
use crate::decred::Network;
use crate::decred::hdkey::ExtendedPubKey;
use crate::secret::Secret;

use files::{Draft, SECRETS};
use questions::{Question, Questions};

const HEAD: &str = "dcrstakepool. Every key is explained in dcrstakepool.toml.example.\nSecrets are in files of their \
                    own, for the program alone to read.";

/// How long connections may take to close.
const STOP: std::time::Duration = std::time::Duration::from_secs(2);

/// Runs it to its end.
pub async fn run(args: SetupArgs) -> Result<(), Failure> {
    match args.what {
        SetupWhat::Voter(args) => Box::pin(voter::run(args)).await,
        SetupWhat::Web(args) => Box::pin(web::run(args)).await,
    }
}

fn network(questions: &mut Questions, args: &SetupPoolArgs) -> Result<Network, Failure> {
    let question = Question {
        option: "--network",
        text: "Network: mainnet, testnet or simnet",
        default: Some("mainnet"),
    };
    let network = questions.ask(question, args.network.as_deref(), |name| {
        Network::given(name).ok_or_else(|| format!("{name:?} is none of mainnet, testnet, simnet"))
    })?;
    Ok(network.unwrap_or(Network::Mainnet))
}

fn fee(questions: &mut Questions, args: &SetupPoolArgs) -> Result<Option<String>, Failure> {
    let question = Question {
        option: "--fee",
        text: "The pool's fee in percent of the reward (alike on all hosts)",
        default: None,
    };
    questions.ask(question, args.fee.as_deref(), |fee| {
        match fee.parse::<f64>() {
            Ok(percent) if (0.01..=100.0).contains(&percent) => Ok(fee.to_owned()),
            _ => Err(format!("{fee:?} is not a percentage from 0.01 to 100")),
        }
    })
}

fn cold_key(
    questions: &mut Questions,
    args: &SetupPoolArgs,
    network: Network,
) -> Result<Option<Secret>, Failure> {
    let question = Question {
        option: "--cold-key",
        text: "Extended public key of the cold wallet, which gets the fees (or a file that holds it)",
        default: None,
    };
    questions.ask(question, args.cold_key.as_deref(), |answer| {
        extended_key(answer, network)
    })
}

/// The key itself, or the path of a file with it.
fn extended_key(answer: &str, network: Network) -> Result<Secret, String> {
    let good =
        |text: &str| ExtendedPubKey::parse(network, text.trim()).map_err(|it| it.to_string());
    let Err(reason) = good(answer) else {
        return Ok(Secret::new(answer.trim()));
    };
    let Ok(text) = std::fs::read_to_string(answer) else {
        // Not repeated: it may be a key with a typing error.
        return Err(format!("neither a file nor a key: {reason}"));
    };
    good(&text).map_err(|reason| format!("{answer}: {reason}"))?;
    Ok(Secret::new(text.trim()))
}

/// The keys that all hosts have alike, in `[pool]`.
fn pool_section(document: &mut Document, fee: &str, voting: Secret, cold: Secret) {
    document.raw("fee_percent", fee);
    document.secret_key("voting_wallet_extpub", "voting_wallet_extpub", voting);
    document.secret_key("cold_wallet_extpub", "cold_wallet_extpub", cold);
}

fn begin(network: Network) -> Document {
    let mut document = Document::new(HEAD, SECRETS);
    document.text_key("network", network.word());
    document
}

/// Shows what was found. Goes on if all is right, or if the operator wants to.
fn consider(
    findings: &Findings,
    args: &SetupPoolArgs,
    questions: &Questions,
) -> Result<(), Failure> {
    eprintln!("{findings}");
    if findings.passed() || args.force || questions.confirm("Write it all the same?")? {
        return Ok(());
    }
    Err(Failure::failed(anyhow!(
        "nothing was written; mend what failed, or say --force"
    )))
}

/// Puts the draft in its place.
fn keep(draft: Draft) -> Result<std::path::PathBuf, Failure> {
    let place = draft.keep().map_err(Failure::failed)?;
    let folder = place.parent().unwrap_or(Path::new("."));
    eprintln!("\nwritten: {}", place.display());
    eprintln!("secrets: {}", folder.join(SECRETS).display());
    Ok(place)
}
