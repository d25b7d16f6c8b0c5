//! Mailers that send nothing.

use super::{Mail, Mailer};
use crate::metrics::catalogue;

/// Without `[mail]`: the log is the mail box, for tests and demos.
#[derive(Debug, Default)]
pub struct LogMailer;

impl Mailer for LogMailer {
    fn send(&self, mail: Mail) {
        catalogue::MAILS.increment(["logged"]);
        let Mail { to, subject, body } = mail;
        tracing::info!("mail to {to}: {subject}\n{body}");
    }
}

/// With `[mail]`, whose delivery is not there yet: says that a mail was due, never what it said.
#[derive(Debug, Default)]
pub struct UndeliveredMailer;

impl Mailer for UndeliveredMailer {
    fn send(&self, mail: Mail) {
        catalogue::MAILS.increment(["undelivered"]);
        tracing::error!(
            mail.subject = mail.subject,
            "this version cannot deliver mails; leave out [mail] to have them in the log"
        );
    }
}
