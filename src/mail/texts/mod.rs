//! What the mails say, a file each. None tells whether an account exists to someone who does not own it.

mod account_closed;
mod alert;
mod already_registered;
mod email_change;
mod email_change_requested;
mod email_changed;
mod email_in_use;
mod password_changed;
mod password_reset;
mod second_factor_off;
mod second_factor_on;
mod second_factor_reset;
mod ticket_news;
mod ticket_script;
mod trial;
mod verification;
mod vote_version;

use std::net::IpAddr;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub use account_closed::account_closed;
pub use alert::{AlertText, alert};
pub use already_registered::already_registered;
pub use email_change::email_change;
pub use email_change_requested::email_change_requested;
pub use email_changed::email_changed;
pub use email_in_use::email_in_use;
pub use password_changed::password_changed;
pub use password_reset::password_reset;
pub use second_factor_off::second_factor_off;
pub use second_factor_on::second_factor_on;
pub use second_factor_reset::second_factor_reset;
pub use ticket_news::{TicketNews, ticket_news};
pub use ticket_script::{TicketScript, ticket_script};
pub use trial::trial;
pub use verification::verification;
pub use vote_version::{NewVoteVersion, vote_version};

/// When and from where a mail was caused.
#[derive(Debug, Clone, Copy)]
pub struct Cause {
    /// Unix seconds.
    pub at: i64,
    pub client: Option<IpAddr>,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time = stamp(self.at);
        match self.client {
            Some(client) => write!(f, "Requested at {time} from {client}."),
            None => write!(f, "Requested at {time}."),
        }
    }
}

/// A moment, in unix seconds, as mails write it.
pub(super) fn stamp(at: i64) -> String {
    OffsetDateTime::from_unix_timestamp(at)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_says_when_and_from_where_and_its_debug_form_hides_the_link() {
        let cause = Cause {
            at: 1_700_000_000,
            client: Some("192.0.2.7".parse().unwrap()),
        };
        let mail = verification(
            "Pool",
            "a@example.com",
            "https://p/emailverify?t=00ff",
            cause,
        );
        assert!(mail.body.contains("https://p/emailverify?t=00ff\n"));
        assert!(mail.body.contains("2023-11-14T22:13:20Z from 192.0.2.7"));
        assert!(!format!("{mail:?}").contains("00ff"));
    }
}
