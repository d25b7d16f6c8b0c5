//! What the mails say. None tells whether an account exists to someone who does not own it.

use std::net::IpAddr;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Mail;

/// When and from where a mail was caused.
#[derive(Debug, Clone, Copy)]
pub struct Cause {
    /// Unix seconds.
    pub at: i64,
    pub client: Option<IpAddr>,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time = OffsetDateTime::from_unix_timestamp(self.at)
            .ok()
            .and_then(|time| time.format(&Rfc3339).ok())
            .unwrap_or_else(|| self.at.to_string());
        match self.client {
            Some(client) => write!(f, "Requested at {time} from {client}."),
            None => write!(f, "Requested at {time}."),
        }
    }
}

/// To who signed up: the link that makes the account.
pub fn verification(pool: &str, to: &str, link: &str, cause: Cause) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: format!("{pool}: verify your e-mail address"),
        body: format!(
            "Somebody signed up with this address. To finish, open this link within 24 hours:\n\n\
             {link}\n\n\
             If it was not you, do nothing.\n\n{cause}\n"
        ),
    }
}

/// To the owner of an address with which somebody tried to sign up again.
pub fn already_registered(pool: &str, to: &str, sign_in: &str, cause: Cause) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: format!("{pool}: you have an account already"),
        body: format!(
            "Somebody signed up with this address, but it has an account. Sign in here:\n\n\
             {sign_in}\n\n\
             If it was not you, do nothing: nothing was changed.\n\n{cause}\n"
        ),
    }
}

/// To the owner of an account whose password is to be set anew.
pub fn password_reset(pool: &str, to: &str, link: &str, cause: Cause) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: format!("{pool}: set a new password"),
        body: format!(
            "Somebody asked for a new password for your account. To set one, open this link within \
             one hour; it works once:\n\n\
             {link}\n\n\
             If it was not you, do nothing: your password stays as it is.\n\n{cause}\n"
        ),
    }
}

/// To the new address of an account: the link that makes it so.
pub fn email_change(pool: &str, to: &str, link: &str, cause: Cause) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: format!("{pool}: confirm your new e-mail address"),
        body: format!(
            "Somebody asked that this be the e-mail address of their account. To confirm it, open \
             this link within one hour; it works once:\n\n\
             {link}\n\n\
             If it was not you, do nothing.\n\n{cause}\n"
        ),
    }
}

/// To the owner of an address that somebody wants for another account.
pub fn email_in_use(pool: &str, to: &str, cause: Cause) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: format!("{pool}: this address has an account"),
        body: format!(
            "Somebody asked that this be the e-mail address of another account, but it has an account \
             of its own.\nNothing was changed, and there is nothing you must do.\n\n{cause}\n"
        ),
    }
}

/// To the old address, when a change was asked for.
pub fn email_change_requested(pool: &str, to: &str, new: &str, cause: Cause) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: format!("{pool}: your e-mail address is about to change"),
        body: format!(
            "Somebody who knows your password asked that the e-mail address of your account be \
             changed to {new}. It changes when the link that went there is opened.\n\
             If it was not you, change your password at once: that voids the link.\n\n{cause}\n"
        ),
    }
}

/// To the old address, after the change.
pub fn email_changed(pool: &str, to: &str, new: &str, cause: Cause) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: format!("{pool}: your e-mail address was changed"),
        body: format!(
            "The e-mail address of your account is {new} now; all other sessions were ended, and \
             mails go there from now on.\n\
             If it was not you, tell the pool's operator at once.\n\n{cause}\n"
        ),
    }
}

/// To the owner, after the password was changed.
pub fn password_changed(pool: &str, to: &str, cause: Cause) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: format!("{pool}: your password was changed"),
        body: format!(
            "The password of your account was changed, and all other sessions were ended.\n\
             If it was not you, set a new password at once and tell the pool's operator.\n\n\
             {cause}\n"
        ),
    }
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
