//! `setup web`.

use std::path::{Path, PathBuf};

use super::files::{Draft, SECRETS};
use super::questions::{Question, Questions};
use super::{STOP, begin, cold_key, consider, extended_key, fee, keep, network, pool_section};
use crate::cli::SetupWebArgs;
use crate::config::document::Document;
use crate::config::node::host_port;
use crate::config::{BaseUrl, Sources, WebConfig};
use crate::decred::Network;
use crate::pool::random;
use crate::roles::Failure;
use crate::roles::check::web;
use crate::secret::Secret;
use crate::shutdown::Tasks;

/// Where a voter is, and what it shares with web.
#[derive(Debug)]
struct Peer {
    host: String,
    cert: PathBuf,
    token: Secret,
}

struct Answers {
    network: Network,
    voting: Secret,
    cold: Secret,
    fee: String,
    name: String,
    email: String,
    base_url: String,
    listen: String,
    database: Database,
    voters: Vec<Peer>,
}

enum Database {
    Sqlite(String),
    /// The URL holds a password.
    Mysql(Secret),
}

pub async fn run(args: SetupWebArgs) -> Result<(), Failure> {
    let draft = Draft::new(&args.pool.dir)?;
    let mut questions = Questions::new(args.pool.yes);
    let answers = ask(&mut questions, &args)?;
    let document = document(answers).map_err(Failure::failed)?;
    draft.write(&document).map_err(Failure::failed)?;
    // The environment of who sets up is not that of the service.
    let sources = Sources {
        file: Some(draft.configuration()),
        ..Sources::default()
    };
    let config = WebConfig::load(&sources)?;
    let tasks = Tasks::new();
    let findings = Box::pin(web::before_first_start(&config, &tasks)).await;
    tasks.stop_and_wait(STOP).await;
    consider(&findings, &args.pool, &questions)?;
    let place = keep(draft)?;
    let folder = place.parent().unwrap_or(Path::new("."));
    eprintln!(
        "Keep {} with the backups: it signs the API tokens.",
        folder.join(SECRETS).join("api_secret").display()
    );
    eprintln!("Set [mail] before users come; until then mails go to the log. Now start it:");
    println!("dcrstakepool web --config {}", place.display());
    eprintln!(
        "Behind a proxy (deploy/nginx.conf) set web.real_ip_header. Then look: dcrstakepool check web"
    );
    Ok(())
}

fn ask(questions: &mut Questions, args: &SetupWebArgs) -> Result<Answers, Failure> {
    let network = network(questions, &args.pool)?;
    let voting = Question {
        option: "--voting-key",
        text: "Extended public key of the voting wallets (or a file that holds it, from setup voter)",
        default: None,
    };
    let voting = questions.ask(voting, args.voting_key.as_deref(), |answer| {
        extended_key(answer, network)
    })?;
    let cold = cold_key(questions, &args.pool, network)?;
    let fee = fee(questions, &args.pool)?;
    let name = text(questions, "--name", "The pool's name", args.name.as_deref())?;
    let whom = "Mail address for users to write to";
    let email = text(questions, "--email", whom, args.email.as_deref())?;
    let base_url = Question {
        option: "--base-url",
        text: "Where users will reach the site, such as https://pool.example.com",
        default: None,
    };
    let base_url = questions.ask(base_url, args.base_url.as_deref(), |url| {
        BaseUrl::parse(url).map(|_| url.to_owned())
    })?;
    let listen = Question {
        option: "--listen",
        text: "Where the proxy reaches web",
        default: Some("127.0.0.1:8000"),
    };
    let listen = questions.ask(listen, args.listen.as_deref(), |text| {
        text.parse::<std::net::SocketAddr>()
            .map(|address| address.to_string())
            .map_err(|_| format!("{text:?} is not ADDRESS:PORT, such as 127.0.0.1:8000"))
    })?;
    let database = Question {
        option: "--database",
        text: "Database: sqlite://FILE, or a file that holds mysql://USER:PASSWORD@HOST/NAME",
        default: Some("sqlite://pool.db"),
    };
    let database = questions.ask(database, args.database.as_deref(), read_database)?;
    let voters = ask_voters(questions, args, network.params().voter_port)?;
    questions.all_answered()?;
    let all = voting.zip(cold).zip(fee).zip(name.zip(email));
    let rest = base_url.zip(listen).zip(database);
    let Some(((((voting, cold), fee), (name, email)), ((base_url, listen), database))) =
        all.zip(rest)
    else {
        return Err(Failure::failed(anyhow::anyhow!("an answer is missing")));
    };
    Ok(Answers {
        network,
        voting,
        cold,
        fee,
        name,
        email,
        base_url,
        listen,
        database,
        voters,
    })
}

fn text(
    questions: &mut Questions,
    option: &'static str,
    text: &str,
    given: Option<&str>,
) -> Result<Option<String>, Failure> {
    let question = Question {
        option,
        text,
        default: None,
    };
    questions.ask(question, given, |answer| {
        let answer = answer.trim();
        (!answer.is_empty())
            .then(|| answer.to_owned())
            .ok_or_else(|| "must not be empty".to_owned())
    })
}

fn read_database(answer: &str) -> Result<Database, String> {
    if answer.starts_with("sqlite://") {
        return Ok(Database::Sqlite(answer.to_owned()));
    }
    if answer.starts_with("mysql://") {
        return Err("holds a password: write it to a file, and name that".to_owned());
    }
    let url = std::fs::read_to_string(answer).map_err(|error| format!("{answer}: {error}"))?;
    let url = Secret::new(url.trim());
    if url.expose().starts_with("mysql://") {
        Ok(Database::Mysql(url))
    } else {
        Err(format!("{answer} does not begin with mysql://"))
    }
}

/// At least one; on the terminal until the answer is empty.
fn ask_voters(
    questions: &mut Questions,
    args: &SetupWebArgs,
    port: u16,
) -> Result<Vec<Peer>, Failure> {
    let question = |default| Question {
        option: "--voter",
        text: "A voter: HOST:PORT,CERTIFICATE,TOKEN (the last two are files; empty: no more)",
        default,
    };
    let mut voters = Vec::new();
    for given in &args.voters {
        voters.extend(questions.ask(question(None), Some(given), |text| read_peer(text, port))?);
    }
    if !args.voters.is_empty() {
        return Ok(voters);
    }
    loop {
        let default = (!voters.is_empty()).then_some("");
        let voter = questions.ask(question(default), None, |text| {
            if text.is_empty() && default.is_some() {
                return Ok(None);
            }
            read_peer(text, port).map(Some)
        })?;
        match voter.flatten() {
            Some(voter) => voters.push(voter),
            None => return Ok(voters),
        }
        if !questions.may_ask() {
            return Ok(voters);
        }
    }
}

fn read_peer(text: &str, port: u16) -> Result<Peer, String> {
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    let [host, cert, token] = parts.as_slice() else {
        return Err(format!("{text:?} is not HOST:PORT,CERTIFICATE,TOKEN"));
    };
    let cert = std::path::absolute(cert).map_err(|error| error.to_string())?;
    std::fs::metadata(&cert).map_err(|error| format!("{}: {error}", cert.display()))?;
    let token = std::fs::read_to_string(token).map_err(|error| format!("{token}: {error}"))?;
    Ok(Peer {
        host: host_port(host, port)?,
        cert,
        token: Secret::new(token.trim()),
    })
}

fn document(answers: Answers) -> anyhow::Result<Document> {
    let mut document = begin(answers.network);
    document.section("[database]");
    match answers.database {
        Database::Sqlite(url) => document.text_key("url", &url),
        Database::Mysql(url) => document.secret_key("url", "database_url", url),
    }
    document.section("[pool]");
    document.text_key("name", &answers.name);
    document.text_key("email", &answers.email);
    document.comment("Alike on web and on every voter.");
    pool_section(&mut document, &answers.fee, answers.voting, answers.cold);
    document.section("[web]");
    document.list_key("listen", &[answers.listen]);
    document.text_key("base_url", &answers.base_url);
    document.secret_key("api_secret", "api_secret", random::hex(32)?);
    document.comment("Opens /status and /alertz to a monitor.");
    document.secret_key("monitor_token", "monitor_token", random::hex(32)?);
    if answers.base_url.starts_with("http:") {
        document.comment("No browser would sign in over plain http otherwise.");
        document.raw("cookie_secure", "false");
    }
    for (number, voter) in (1..).zip(answers.voters) {
        document.section("[[voters]]");
        document.text_key("url", &format!("https://{}", voter.host));
        document.text_key("cert", &voter.cert.display().to_string());
        document.secret_key("token", &format!("voter{number}_token"), voter.token);
    }
    Ok(document)
}
