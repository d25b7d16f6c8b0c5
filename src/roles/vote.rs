//! `dcrstakepool vote`: a ticket holder votes alone.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde::Serialize;

use super::{Failure, holder};
use crate::alone::{Alone, Cast, Error, ScriptFile};
use crate::cli::VoteArgs;
use crate::decred::{BlockHash, Height, TicketHash, TxHash, VoteBits};
use crate::node::error::Fault;
use crate::node::{Dcrd, Dcrwallet};
use crate::shutdown::Tasks;
use crate::signals;

/// Connections get so long to close.
const GRACE: Duration = Duration::from_secs(2);

/// Runs until it is told to stop.
pub async fn run(args: VoteArgs) -> Result<(), Failure> {
    let text = holder::read(&args.script_file, "the script")?;
    let file = ScriptFile::read(&text)
        .with_context(|| format!("{} cannot be used", args.script_file.display()))
        .map_err(Failure::config)?;
    let network = match (file.network, args.network) {
        (Some(said), Some(asked)) if said != asked => {
            let reason = anyhow!("--network is {asked}, but the script is one of {said}");
            return Err(Failure::usage(reason));
        }
        (said, asked) => said.or(asked),
    };
    let network = network.ok_or_else(|| {
        Failure::usage(anyhow!(
            "the script's file does not say its network: add --network"
        ))
    })?;
    let (dcrd, wallet) = (
        holder::dcrd(&args, network)?,
        holder::wallet(&args.wallet, network)?,
    );

    let tasks = Tasks::new();
    let _signals = signals::listen(&tasks).map_err(Failure::failed)?;
    let started = async {
        let (dcrd, notifications) = Dcrd::start(dcrd, &tasks).await?;
        let (wallet, _) = Dcrwallet::start(wallet, &tasks).await?;
        let bits = VoteBits(args.vote_bits);
        let alone = Alone::new(dcrd, wallet, network, file.script, bits).await?;
        Ok::<_, Error>((alone, notifications))
    };
    let (alone, notifications) = started.await.map_err(failure)?;
    eprintln!("voting alone; stop it with Ctrl-C");
    let tell = |cast: &Cast| tell(cast, args.json);
    tokio::select! {
        () = tasks.stopping() => {}
        () = alone.run(notifications, tell) => {}
    }
    tasks.stop_and_wait(GRACE).await;
    Ok(())
}

/// What `--json` prints, one a line; the names are fixed.
#[derive(Serialize)]
struct Line<'a> {
    ticket: TicketHash,
    block: BlockHash,
    height: Height,
    vote: Option<TxHash>,
    /// `voted`, `already voted`, or why not.
    outcome: &'a str,
}

fn tell(cast: &Cast, json: bool) {
    let (vote, outcome) = match &cast.vote {
        Ok(Some(vote)) => (Some(*vote), "voted".to_owned()),
        Ok(None) => (None, "already voted".to_owned()),
        Err(error) => (None, error.to_string()),
    };
    if !json {
        println!("block {}: ticket {}: {outcome}", cast.height, cast.ticket);
        return;
    }
    let line = Line {
        ticket: cast.ticket,
        block: cast.block,
        height: cast.height,
        vote,
        outcome: &outcome,
    };
    match serde_json::to_string(&line) {
        Ok(line) => println!("{line}"),
        Err(error) => eprintln!("{error}"),
    }
}

fn failure(error: Error) -> Failure {
    let fault = match &error {
        Error::Unfit(unfit) => unfit.fault(),
        Error::Node(node) => node.fault(),
        _ => Fault::Wrong,
    };
    Failure::of_node(fault, error)
}
