//! `check web`: the database, every voter, and what they should have.

use super::findings::Findings;
use super::{Trials, alerts, configuration, database, files, mail, site};
use crate::cli::VERSION;
use crate::config::WebConfig;
use crate::db::{self, Access, Options, Store};
use crate::pool::hints;
use crate::pool::{Pool, StatusReport, VoterReport};
use crate::roles::{Failure, assembly};
use crate::rpc::Voter as _;
use crate::rpc::client::VoterClient;
use crate::rpc::wire::{Alarm, ConfigDigests, Empty};
use crate::shutdown::Tasks;

pub async fn check(config: &WebConfig, trials: &Trials, tasks: &Tasks) -> Findings {
    let mut findings = Findings::new();
    configuration(&config.warnings, &mut findings);
    files::check(config.database.file().as_slice(), &mut findings);
    let Ok(smtp) = mail::check(config, trials, &mut findings).await else {
        return findings;
    };
    if !alerts::check(config, smtp.as_ref(), trials, &mut findings).await {
        return findings;
    }
    site::check(&config.web.base_url, &mut findings).await;
    let voters = match assembly::voters(config, tasks) {
        Ok(voters) => voters,
        Err(failure) => {
            findings.fail("voters", reasons(&failure), "mend [[voters]]");
            return findings;
        }
    };
    let store = match assembly::open_store(&config.database, Access::Guest).await {
        Ok(store) => store,
        Err(failure) => {
            findings.fail("database", reasons(&failure), database_hint(&failure));
            reachable(&voters, &mut findings).await;
            return findings;
        }
    };
    findings.ok("database", "answers, its schema is this program's");
    match inspect(config, store, &voters, tasks, &mut findings).await {
        Ok(()) => {}
        Err(failure) => findings.fail("database", reasons(&failure), database_hint(&failure)),
    }
    findings
}

async fn inspect(
    config: &WebConfig,
    store: Store,
    voters: &[VoterClient],
    tasks: &Tasks,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let pool = assembly::pool(config, store.clone(), voters, tasks).await?;
    let report = pool.inspect().await;
    database::of_web(&store, pool.database_ahead().await, findings).await?;
    halt(&report, findings);
    enough(config, &report, findings);
    for report in &report.voters {
        voter(report, findings);
    }
    fee_addresses(&pool, findings).await?;
    tokens(&pool, findings).await?;
    alarms(&report.alarms, findings);
    Ok(())
}

/// All reasons in one line.
fn reasons(failure: &Failure) -> String {
    let text = failure.text();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    text.replace("\nbecause: ", ": ")
}

fn database_hint(failure: &Failure) -> &'static str {
    match failure.code() {
        69 => "start the database, or mend database.url; voters vote on without it",
        76 => "the account of database.url must be let in",
        78 => "run dcrstakepool migrate, or the program that the schema is of",
        _ => "see deploy/RUNBOOK.md",
    }
}

/// Before the first start: what web needs to be there, and nothing that it makes.
pub async fn before_first_start(config: &WebConfig, tasks: &Tasks) -> Findings {
    let mut findings = Findings::new();
    configuration(&config.warnings, &mut findings);
    match assembly::voters(config, tasks) {
        Ok(voters) => {
            for (peer, voter) in config.voters.iter().zip(&voters) {
                let name = format!("voter {}", voter.name());
                match voter.status(Empty {}).await {
                    Ok(status) => alike(name, &config.digests(peer), &status.config, &mut findings),
                    Err(error) => findings.fail(name, error.to_string(), VOTER_HINT),
                }
            }
        }
        Err(failure) => findings.fail("voters", reasons(&failure), "mend [[voters]]"),
    }
    let options = Options::new(config.database.url.clone(), 1, Access::Guest);
    match Store::connect(options).await {
        Ok(_) => findings.ok("database", "answers"),
        Err(db::Error::NoDatabase(_)) if config.database.is_sqlite() => {
            findings.ok("database", "is made at the first start of web");
        }
        Err(error @ db::Error::NoDatabase(_)) => {
            findings.fail(
                "database",
                error.to_string(),
                "dcrstakepool migrate makes it",
            );
        }
        Err(error) => {
            let failure = Failure::from(error);
            findings.fail("database", reasons(&failure), database_hint(&failure));
        }
    }
    findings
}

fn alike(name: String, ours: &ConfigDigests, theirs: &ConfigDigests, findings: &mut Findings) {
    let differ = |key: &&String| ours.0.get(*key) != theirs.0.get(*key);
    let keys: Vec<_> = ours.0.keys().filter(differ).map(String::as_str).collect();
    if keys.is_empty() {
        return findings.ok(name, "answers, and is configured alike");
    }
    let text = format!("has another value of {}", keys.join(", "));
    findings.fail(
        name,
        text,
        "give the same here and there: nobody could enrol",
    );
}

/// Without the database: whether voters answer at all.
async fn reachable(voters: &[VoterClient], findings: &mut Findings) {
    for voter in voters {
        let name = format!("voter {}", voter.name());
        match voter.status(Empty {}).await {
            Ok(_) => findings.ok(
                name,
                "answers; whether it is right, the database would tell",
            ),
            Err(error) => findings.fail(name, error.to_string(), VOTER_HINT),
        }
    }
}

const VOTER_HINT: &str = "on its machine: dcrstakepool check voter";

fn halt(report: &StatusReport, findings: &mut Findings) {
    match &report.halt {
        Some(halt) => {
            let text = format!("halted by {}: {}", halt.voter, halt.reason);
            let hint = "mend the cause, then: dcrstakepool resume";
            findings.fail("enrolment", text, hint);
        }
        None if report.database_away => findings.fail(
            "enrolment",
            "the database does not tell whether it is halted",
            hints::for_alarm("database_away"),
        ),
        None => findings.ok("enrolment", "not halted"),
    }
}

fn enough(config: &WebConfig, report: &StatusReport, findings: &mut Findings) {
    let able = report.voters.iter().filter(|voter| voter.able).count();
    let (all, needed) = (report.voters.len(), config.pool.min_voters);
    let text = format!("{able} of {all} can vote, at least {needed} must");
    if able < needed {
        findings.fail("voters", text, VOTER_HINT);
    } else {
        findings.ok("voters", text);
    }
}

fn voter(report: &VoterReport, findings: &mut Findings) {
    let name = format!("voter {}", report.name);
    if let Some(problem) = &report.problem {
        findings.fail(name, problem, VOTER_HINT);
        return;
    }
    if !report.differing_keys.is_empty() {
        let text = format!(
            "configured differently: {}",
            report.differing_keys.join(", ")
        );
        let hint = "make [pool] alike on all machines and restart; until then nobody can enrol";
        findings.fail(&name, text, hint);
    }
    let Some(status) = &report.status else {
        findings.fail(name, "has said nothing", VOTER_HINT);
        return;
    };
    let height = status.best.as_ref().map(|tip| tip.height.to_string());
    let text = format!(
        "connected, at block {}, {} live tickets, dcrd {}, dcrwallet {}",
        height.as_deref().unwrap_or("?"),
        status.tickets.live,
        status.dcrd.version,
        status.wallet.version,
    );
    if report.able {
        findings.ok(&name, text);
    } else {
        let text = format!("{text}; its dcrd or dcrwallet cannot do its work");
        findings.fail(&name, text, VOTER_HINT);
    }
    if status.version != VERSION {
        let text = format!("runs version {}, this is {VERSION}", status.version);
        findings.warn(&name, text, "upgrade one after the other: web first");
    }
    database::clock_of_voter(&report.name, report.clock_ahead, findings);
    // The alarm waits for some seconds, a look cannot.
    if let Some(ahead) = &report.ahead {
        findings.fail(&name, ahead, hints::for_alarm("database_is_older"));
    }
    for (what, in_sync) in [
        ("preferences", report.preferences_in_sync),
        ("scripts", report.scripts_in_sync),
    ] {
        if in_sync {
            findings.ok(&name, format!("its {what} are those of the database"));
        } else {
            let hint = "a running web sends what is missing within seconds";
            findings.warn(
                &name,
                format!("its {what} are not those of the database"),
                hint,
            );
        }
    }
}

async fn fee_addresses(pool: &Pool, findings: &mut Findings) -> Result<(), Failure> {
    let kept = pool.kept_fee_addresses().await.map_err(Failure::failed)?;
    if kept.is_empty() {
        findings.ok("fee addresses", "all follow from pool.cold_wallet_extpub");
        return Ok(());
    }
    let kept: Vec<String> = kept
        .into_iter()
        .map(|(user, address)| format!("user {user}: {address}"))
        .collect();
    let text = format!("of another cold key, and kept:\n{}", kept.join("\n"));
    let hint = "name that key in pool.former_cold_wallet_extpubs of every voter";
    findings.warn("fee addresses", text, hint);
    Ok(())
}

async fn tokens(pool: &Pool, findings: &mut Findings) -> Result<(), Failure> {
    let counts = pool.count_tokens().await.map_err(Failure::failed)?;
    let all = counts.all;
    for (issuer, count) in &counts.foreign {
        let text = format!("{count} of {all} were issued by {issuer} and open nothing");
        let hint = "if the site was there once, name it in web.former_base_urls";
        findings.warn("API tokens", text, hint);
    }
    if counts.forged > 0 {
        let text = format!(
            "{} of {all} were made with another web.api_secret",
            counts.forged
        );
        let hint = "put the right secret back, or: dcrstakepool migrate --reissue-tokens";
        findings.warn("API tokens", text, hint);
    }
    if counts.forged == 0 && counts.foreign.is_empty() {
        findings.ok("API tokens", format!("all {all} are good"));
    }
    Ok(())
}

/// Alarms that have no line of their own.
fn alarms(alarms: &[Alarm], findings: &mut Findings) {
    const TOLD: [&str; 8] = [
        "backup_old",
        "clock_wrong",
        "halted",
        "too_few_voters",
        "voter_away",
        "voter_wrong",
        "voter_configured_differently",
        "database_is_older",
    ];
    let mut any = false;
    for alarm in alarms.iter().filter(|it| !TOLD.contains(&it.id.as_str())) {
        any = true;
        findings.fail(&alarm.id, &alarm.message, hints::for_alarm(&alarm.id));
    }
    if !any {
        findings.ok("alarms", "no other");
    }
}
