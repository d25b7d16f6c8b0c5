//! Whether mails leave.

use super::Trials;
use super::findings::Findings;
use crate::clock::Clock;
use crate::config::WebConfig;
use crate::mail::{Carrier as _, DeliveryError, Mail, Parcel, Smtp, texts};
use crate::pool::random;

/// Web would not start; the findings say why.
pub struct Unusable;

/// Gives what mails can be sent with, if there is any.
pub async fn check(
    config: &WebConfig,
    trials: &Trials,
    findings: &mut Findings,
) -> Result<Option<Smtp>, Unusable> {
    let Some(section) = &config.mail else {
        let text = "none is sent: mails, with their links, go to web's log";
        findings.warn("mail", text, "set [mail] before users come");
        if trials.mail.is_some() {
            let text = "not sent: there is no [mail]";
            findings.fail("test mail", text, "set [mail]");
        }
        return Ok(None);
    };
    let smtp = Smtp::new(section.clone()).map_err(|error| {
        findings.fail("mail", error.to_string(), "mend [mail]");
        Unusable
    })?;
    let server = format!("{}:{}", section.host, section.port);
    match smtp.probe().await {
        Ok(()) => findings.ok("mail", format!("{server} answers as [mail] says")),
        Err(error) => findings.fail(
            "mail",
            format!("{server}: {error}"),
            "start the mail server, or mend [mail]; mails wait for three days",
        ),
    }
    if let Some(to) = &trials.mail {
        let mail = texts::trial(&config.pool.name, to, Clock::system().unix_seconds());
        match send(&smtp, mail).await {
            Ok(()) => findings.ok("test mail", format!("{server} took it for {to}")),
            Err(error) => {
                let hint = "see the mail server's log; users would not get theirs either";
                findings.fail("test mail", format!("{to}: {error}"), hint);
            }
        }
    }
    Ok(Some(smtp))
}

pub async fn send(smtp: &Smtp, mail: Mail) -> Result<(), DeliveryError> {
    let id = random::hex(16).map_err(|error| DeliveryError::Later(error.to_string()))?;
    let parcel = Parcel {
        id: id.expose().to_owned(),
        created: Clock::system().unix_seconds(),
        mail,
    };
    smtp.carry(&parcel).await
}
