//! Answers for machines that watch the site.

use http::StatusCode;
use serde_json::json;

use crate::pool::{Health, StatusReport};
use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::{self, Response};

/// The process lives.
pub fn healthz(_: &Request) -> Result<Response, Error> {
    Ok(response::text(StatusCode::OK, "ok\n"))
}

/// The database answers. Voters do not matter here: they are many, and votes need no web.
pub async fn readyz(request: Request) -> Result<Response, Error> {
    Ok(if request.app.pool.ready().await {
        response::text(StatusCode::OK, "ready\n")
    } else {
        response::text(
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n",
        )
    })
}

/// 503 with the reasons when a person must look.
pub async fn alertz(request: Request) -> Result<Response, Error> {
    let reasons = reasons(&request.app.pool.status().await);
    let (status, word) = if reasons.is_empty() {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "alert")
    };
    let body = json!({ "status": word, "reasons": reasons });
    Ok(response::json(status, format!("{body}\n")))
}

fn reasons(report: &StatusReport) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(halt) = &report.halt {
        reasons.push(format!(
            "enrolment is halted by {}: {}",
            halt.voter, halt.reason
        ));
    }
    let few = report.alarms.iter().any(|it| it.id == "too_few_voters");
    if few || report.halt.is_none() && report.health >= Health::Critical {
        reasons.push("too few voters".to_owned());
    }
    // Those two are told already.
    let told = ["halted", "too_few_voters"];
    let others = report.alarms.iter();
    for alarm in others.filter(|alarm| !told.contains(&alarm.id.as_str())) {
        reasons.push(format!("{}: {}", alarm.id, alarm.message));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Halt;
    use crate::rpc::wire::Alarm;

    #[test]
    fn whatever_needs_a_person_is_a_reason() {
        let mut report = StatusReport {
            health: Health::Degraded,
            halt: None,
            database_away: false,
            voters: Vec::new(),
            alarms: Vec::new(),
            mails: None,
            leads: true,
        };
        assert!(
            reasons(&report).is_empty(),
            "one voter away needs nobody at night"
        );
        report.health = Health::Critical;
        assert_eq!(reasons(&report), ["too few voters"]);
        report.health = Health::Emergency;
        report.halt = Some(Halt {
            since: 0,
            voter: "v1".into(),
            reason: "other key".into(),
        });
        let halted = "enrolment is halted by v1: other key";
        assert_eq!(reasons(&report), [halted], "voters are there");
        for (id, message) in [
            ("halted", "enrolment is halted"),
            ("too_few_voters", "0 voters of at least 2 can vote"),
            ("wallet_locked", "the wallet is locked"),
        ] {
            report.alarms.push(Alarm {
                id: id.into(),
                message: message.into(),
                since: 0,
            });
        }
        assert_eq!(
            reasons(&report),
            [
                halted,
                "too few voters",
                "wallet_locked: the wallet is locked"
            ]
        );
    }
}
