//! `dcrstakepool resume`: rechecks the voters and clears a halt; confirms a refused push.

use super::Failure;
use super::guest::Guest;
use crate::cli::ResumeArgs;
use crate::pool::{Pool, Recheck};

/// Runs it to its end.
pub async fn run(args: ResumeArgs) -> Result<(), Failure> {
    let reason = args.override_reason.map(|reason| reason.trim().to_owned());
    if reason.as_ref().is_some_and(String::is_empty) {
        return Err(Failure::usage(anyhow::anyhow!("--override needs a reason")));
    }

    let guest = Guest::enter(args.role.config).await?;
    let outcome = match reason {
        Some(reason) => override_halt(&guest.pool, &reason).await,
        None => recheck(&guest.pool).await,
    };
    let accepted = if args.accept_preferences {
        accept_preferences(&guest.pool).await
    } else {
        Ok(())
    };
    guest.leave().await;
    outcome.and(accepted)
}

async fn recheck(pool: &Pool) -> Result<(), Failure> {
    match pool.recheck_halt().await.map_err(Failure::failed)? {
        Recheck::NotHalted => println!("enrolment is not halted"),
        Recheck::Cleared => println!("all voters agree: the halt is cleared"),
        Recheck::StillHalted(reason) | Recheck::Inconclusive(reason) => {
            return Err(Failure::failed(anyhow::anyhow!(reason)).context("enrolment stays halted"));
        }
    }
    Ok(())
}

async fn override_halt(pool: &Pool, reason: &str) -> Result<(), Failure> {
    if pool.override_halt(reason).await.map_err(Failure::failed)? {
        println!("the halt is cleared without a recheck");
    } else {
        println!("enrolment is not halted");
    }
    Ok(())
}

async fn accept_preferences(pool: &Pool) -> Result<(), Failure> {
    let taken = pool.accept_preferences().await.map_err(Failure::failed)?;
    if taken.is_empty() {
        println!("no voter refuses the preferences");
    }
    for voter in taken {
        println!("{voter} took the preferences");
    }
    Ok(())
}
