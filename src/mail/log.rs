//! The mailer that sends nothing.

use super::{Mail, Mailer};
use crate::metrics::catalogue;

/// Without `[mail]`: the log is the mail box, for tests and demos.
#[derive(Debug, Default)]
pub struct LogMailer;

impl Mailer for LogMailer {
    fn send(&self, mail: Mail) {
        catalogue::MAILS.increment(["logged"]);
        let Mail {
            to, subject, body, ..
        } = mail;
        tracing::info!("mail to {to}: {subject}\n{body}");
    }
}
