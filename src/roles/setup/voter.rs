//! `setup voter`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::daemon::{DCRD, DCRWALLET, Daemon, Names};
use super::files::{CONFIGURATION, Draft, SECRETS};
use super::questions::{Question, Questions};
use super::{STOP, begin, cold_key, consider, fee, keep, network, pool_section};
use crate::cli::SetupVoterArgs;
use crate::config::document::Document;
use crate::config::node::host_port;
use crate::config::{NodeConfig, Sources, VoterConfig};
use crate::decred::Network;
use crate::node::{self, Dcrwallet};
use crate::pool::random;
use crate::roles::check::daemons;
use crate::roles::check::findings::Findings;
use crate::roles::{Failure, voter};
use crate::secret::Secret;
use crate::shutdown::Tasks;

const TOKEN: &str = "voter_token";

/// A daemon and where it is.
struct Place {
    host: String,
    daemon: Daemon,
}

struct Answers {
    network: Network,
    dcrd: Place,
    wallet: Place,
    cold: Secret,
    fee: String,
    listen: String,
    /// `None`: what the voter writes lies beside its configuration.
    state: Option<PathBuf>,
}

pub async fn run(args: SetupVoterArgs) -> Result<(), Failure> {
    let draft = Draft::new(&args.pool.dir)?;
    let mut questions = Questions::new(args.pool.yes);
    let answers = ask(&mut questions, &args)?;
    let tasks = Tasks::new();
    let looked = look(answers, &draft, &tasks).await;
    tasks.stop_and_wait(STOP).await;
    consider(&looked?, &args.pool, &questions)?;
    let place = keep(draft)?;
    let config = VoterConfig::load(&alone(place.clone()))?;
    voter::certificate(&config.voter)?;
    tell_next(&config, &place);
    Ok(())
}

fn ask(questions: &mut Questions, args: &SetupVoterArgs) -> Result<Answers, Failure> {
    let network = network(questions, &args.pool)?;
    let params = network.params();
    let dcrd = Daemons {
        option: "--dcrd",
        option_dir: "--dcrd-dir",
        name: "dcrd",
        folder: "~/.dcrd",
        names: DCRD,
        port: params.dcrd_port,
    };
    let dcrd = dcrd.ask(questions, args.dcrd.as_deref(), args.dcrd_dir.as_deref())?;
    let wallet = Daemons {
        option: "--dcrwallet",
        option_dir: "--dcrwallet-dir",
        name: "dcrwallet",
        folder: "~/.dcrwallet",
        names: DCRWALLET,
        port: params.dcrwallet_port,
    };
    let folder = args.dcrwallet_dir.as_deref();
    let wallet = wallet.ask(questions, args.dcrwallet.as_deref(), folder)?;
    let cold = cold_key(questions, &args.pool, network)?;
    let fee = fee(questions, &args.pool)?;
    let listen = listen(questions, args, params.voter_port)?;
    questions.all_answered()?;
    let (Some(dcrd), Some(wallet), Some(cold), Some(fee), Some(listen)) =
        (dcrd, wallet, cold, fee, listen)
    else {
        return Err(Failure::failed(anyhow::anyhow!("an answer is missing")));
    };
    Ok(Answers {
        network,
        dcrd,
        wallet,
        cold,
        fee,
        listen,
        state: args.state_dir.clone(),
    })
}

/// Writes the draft and asks the daemons that it names.
async fn look(answers: Answers, draft: &Draft, tasks: &Tasks) -> Result<Findings, Failure> {
    let voting = voting_key(&answers.wallet, tasks).await?;
    let token = random::hex(32).map_err(Failure::failed)?;
    let mut document = begin(answers.network);
    document.section("[pool]");
    document.comment("Alike on web and on every voter.");
    pool_section(&mut document, &answers.fee, voting, answers.cold);
    document.section("[voter]");
    document.comment("Where web reaches it, and what web must show.");
    document.text_key("listen", &answers.listen);
    document.secret_key("token", TOKEN, token);
    if let Some(state) = &answers.state {
        keep_state_in(&mut document, state).map_err(Failure::failed)?;
    }
    section(&mut document, "[voter.dcrd]", answers.dcrd, "dcrd_password");
    let wallet = answers.wallet;
    section(
        &mut document,
        "[voter.dcrwallet]",
        wallet,
        "dcrwallet_password",
    );
    draft.write(&document).map_err(Failure::failed)?;
    let config = VoterConfig::load(&alone(draft.configuration()))?;
    Ok(Box::pin(daemons::check(&config, tasks)).await)
}

/// What the voter writes, by the paths that the configuration has by default within its own folder.
fn keep_state_in(document: &mut Document, folder: &Path) -> anyhow::Result<()> {
    let folder = std::path::absolute(folder).with_context(|| folder.display().to_string())?;
    for (key, name) in [
        ("cert", "voter.cert"),
        ("key", "voter.key"),
        ("data_dir", "data"),
    ] {
        document.text_key(key, &folder.join(name).display().to_string());
    }
    Ok(())
}

/// The environment of who sets up is not that of the service.
fn alone(file: PathBuf) -> Sources {
    Sources {
        file: Some(file),
        ..Sources::default()
    }
}

/// One of the two.
struct Daemons {
    option: &'static str,
    option_dir: &'static str,
    name: &'static str,
    folder: &'static str,
    names: Names,
    port: u16,
}

impl Daemons {
    fn ask(
        self,
        questions: &mut Questions,
        host: Option<&str>,
        folder: Option<&str>,
    ) -> Result<Option<Place>, Failure> {
        let default = format!("localhost:{}", self.port);
        let question = Question {
            option: self.option,
            text: &format!("Where {} listens for RPC", self.name),
            default: Some(&default),
        };
        let port = self.port;
        let host = questions.ask(question, host, |host| host_port(host, port))?;
        let question = Question {
            option: self.option_dir,
            text: &format!("Folder with {} and rpc.cert", self.names.file),
            default: Some(self.folder),
        };
        let names = self.names;
        let daemon = questions.ask(question, folder, |folder| Daemon::read(folder, names))?;
        Ok(host
            .zip(daemon)
            .map(|(host, daemon)| Place { host, daemon }))
    }
}

fn listen(
    questions: &mut Questions,
    args: &SetupVoterArgs,
    port: u16,
) -> Result<Option<String>, Failure> {
    let default = format!("127.0.0.1:{port}");
    let question = Question {
        option: "--listen",
        text: "Address at which web reaches this voter (of a private network)",
        default: Some(&default),
    };
    questions.ask(question, args.listen.as_deref(), |text| {
        text.parse::<std::net::SocketAddr>()
            .map(|address| address.to_string())
            .map_err(|_| format!("{text:?} is not ADDRESS:PORT, such as 10.0.0.20:{port}"))
    })
}

fn section(document: &mut Document, name: &str, place: Place, file: &str) {
    document.section(name);
    document.text_key("host", &place.host);
    document.text_key("user", &place.daemon.user);
    document.secret_key("password", file, place.daemon.password);
    document.text_key("cert", &place.daemon.cert.display().to_string());
}

/// The wallet's own: what it cannot vote with is not asked.
async fn voting_key(wallet: &Place, tasks: &Tasks) -> Result<Secret, Failure> {
    let cert_pem = std::fs::read_to_string(&wallet.daemon.cert)
        .with_context(|| wallet.daemon.cert.display().to_string())
        .map_err(Failure::failed)?;
    let config = NodeConfig {
        host: wallet.host.clone(),
        user: wallet.daemon.user.clone(),
        password: wallet.daemon.password.clone(),
        cert: wallet.daemon.cert.clone(),
        cert_pem,
    };
    let asked = async {
        let (wallet, _notifications) =
            Dcrwallet::start(config.connection("dcrwallet"), tasks).await?;
        // One that was restored shows the key of another coin type until it has looked for its past.
        if !wallet.sync_status().await?.synced {
            return Ok(None);
        }
        wallet.master_pubkey("default").await.map(Some)
    };
    let key = asked.await.map_err(|error: node::Error| {
        Failure::of_node(error.fault(), error).context("asking the wallet for the voting key")
    })?;
    let key = key.ok_or_else(|| {
        Failure::unavailable(anyhow!(
            "the wallet is not synchronised yet, and may show another key until it is: try again when \
             `dcrctl --wallet syncstatus` says so; nothing was written"
        ))
    })?;
    eprintln!("the voting key is that of this wallet's account default");
    Ok(key)
}

fn tell_next(config: &VoterConfig, place: &Path) {
    let folder = place.parent().unwrap_or(Path::new("."));
    let token = folder.join(SECRETS).join(TOKEN);
    let key = folder.join(SECRETS).join("voting_wallet_extpub");
    eprintln!(
        "\nNow start it:\n  dcrstakepool voter --config {}",
        place.display()
    );
    eprintln!("Then, on the web host, with copies of these three files:");
    for file in [&config.voter.cert, &token, &key] {
        eprintln!("  {}", file.display());
    }
    println!(
        "dcrstakepool setup web --voting-key voting_wallet_extpub --voter {},voter.cert,{TOKEN}",
        config.voter.listen
    );
    eprintln!("Keep {CONFIGURATION} readable for the voter alone.");
}
