//! `dcrstakepool check`: is all well with this role? Asks what runs, changes nothing.

mod alerts;
pub(super) mod daemons;
mod database;
mod files;
pub(super) mod findings;
mod mail;
mod site;
mod voter;
pub(super) mod web;

use super::Failure;
use crate::cli::{CheckArgs, CheckedRole};
use crate::config::{LogConfig, Sources, VoterConfig, WebConfig};
use crate::shutdown::Tasks;
use crate::telemetry;

use findings::Findings;

/// How long connections may take to close.
const STOP: std::time::Duration = std::time::Duration::from_secs(2);

/// What is sent on the way, to see that it arrives.
#[derive(Debug, Default)]
pub(super) struct Trials {
    /// To whom.
    mail: Option<String>,
    alert: bool,
}

/// Runs it to its end.
pub async fn run(args: CheckArgs) -> Result<(), Failure> {
    let trials = Trials {
        mail: args.send_test_mail.clone(),
        alert: args.send_test_alert,
    };
    if matches!(args.what, CheckedRole::Voter) && (trials.alert || trials.mail.is_some()) {
        let reason = "a voter sends neither mails nor alerts: check web does";
        return Err(Failure::usage(anyhow::anyhow!(reason)));
    }
    let sources = Sources::of_process(args.role.config);
    let tasks = Tasks::new();
    let findings = match args.what {
        CheckedRole::Voter => {
            let config = VoterConfig::load(&sources)?;
            listen_only_to_rust_log(&config.log, &sources)?;
            Box::pin(voter::check(&config, &tasks)).await
        }
        CheckedRole::Web => {
            let config = WebConfig::load(&sources)?;
            listen_only_to_rust_log(&config.log, &sources)?;
            Box::pin(web::check(&config, &trials, &tasks)).await
        }
    };
    tasks.stop_and_wait(STOP).await;
    if args.json {
        let json = serde_json::to_string(&findings).map_err(Failure::failed)?;
        println!("{json}");
    } else {
        println!("{findings}");
    }
    if findings.passed() {
        return Ok(());
    }
    Err(Failure::failed(anyhow::anyhow!(findings.verdict())))
}

/// What goes wrong is told by the findings: the log would say it again.
fn listen_only_to_rust_log(log: &LogConfig, sources: &Sources) -> Result<(), Failure> {
    let quiet = LogConfig {
        filter: "off".into(),
        format: log.format,
    };
    telemetry::start(&quiet, sources).map_err(Failure::config)?;
    Ok(())
}

/// The configuration itself is good, or there would be no check.
fn configuration(warnings: &[String], findings: &mut Findings) {
    if warnings.is_empty() {
        findings.ok("configuration", "complete, without problems");
    }
    for warning in warnings {
        findings.warn("configuration", warning, "");
    }
}
