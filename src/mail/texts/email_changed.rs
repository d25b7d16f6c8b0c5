use super::Cause;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// To the old address, after the change.
pub fn email_changed(pool: &str, to: &str, new: &str, cause: Cause) -> Mail {
    Letter::new(pool, to, "your e-mail address was changed")
        .text(format!(
            "The e-mail address of your account is {new} now; all other sessions were \
             ended, and mails go there from now on."
        ))
        .text("If it was not you, tell the pool's operator at once.")
        .caused_by(cause)
}
