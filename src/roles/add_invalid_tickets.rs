//! `dcrstakepool add-invalid-tickets`: has tickets voted that were ignored for their fee, or missed.

mod report;

use anyhow::anyhow;

use super::Failure;
use super::guest::Guest;
use crate::cli::AddInvalidTicketsArgs;
use crate::pool::{AddInvalidError, AddInvalidReport, InvalidTickets};

/// Runs it to its end.
pub async fn run(args: AddInvalidTicketsArgs) -> Result<(), Failure> {
    let guest = Guest::enter(args.role.config.clone()).await?;
    let progress = |line: String| eprintln!("{line}");
    let done = guest
        .pool
        .add_invalid_tickets(wanted(&args), args.dry_run, &progress)
        .await;
    guest.leave().await;
    let report = done.map_err(failure)?;
    if args.json {
        println!("{}", report::json(&report).map_err(Failure::failed)?);
    } else {
        print!("{}", report::table(&report));
    }
    outcome(&report)
}

/// Exactly one of them is given.
fn wanted(args: &AddInvalidTicketsArgs) -> InvalidTickets {
    match (&args.address, &args.email) {
        (Some(address), _) => InvalidTickets::TicketAddress(address.trim().to_owned()),
        (_, Some(email)) => InvalidTickets::Email(email.trim().to_owned()),
        _ if args.all => InvalidTickets::All,
        _ => InvalidTickets::Hashes(args.hashes.iter().copied().collect()),
    }
}

fn failure(error: AddInvalidError) -> Failure {
    match error {
        AddInvalidError::NoVoter(faults) => {
            let named = faults
                .iter()
                .map(|it| format!("\n  {}: {}", it.voter, it.reason));
            let reason = anyhow!("no voter is there{}", named.collect::<String>());
            // Time does not heal what is wrong.
            if !faults.is_empty() && faults.iter().all(|fault| fault.wrong) {
                Failure::wrong_service(reason)
            } else {
                Failure::unavailable(reason)
            }
        }
        AddInvalidError::Pool(crate::pool::Error::Database(error)) => error.into(),
        error => Failure::failed(error),
    }
}

fn outcome(report: &AddInvalidReport) -> Result<(), Failure> {
    let failed = report.failed();
    if !report.away.is_empty() {
        let names: Vec<_> = report
            .away
            .iter()
            .map(|fault| fault.voter.as_str())
            .collect();
        let failed = match failed {
            0 => String::new(),
            _ => format!("; and {failed} of {} tickets failed", report.tickets.len()),
        };
        return Err(Failure::unavailable(anyhow!(
            "not asked, since away: {} (web tells the list when they are back){failed}",
            names.join(", ")
        )));
    }
    if failed > 0 {
        let all = report.tickets.len();
        return Err(Failure::failed(anyhow!("{failed} of {all} tickets failed")));
    }
    Ok(())
}
