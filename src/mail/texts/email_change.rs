use super::Cause;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// To the new address of an account: the link that makes it so.
pub fn email_change(pool: &str, to: &str, link: &str, cause: Cause) -> Mail {
    Letter::new(pool, to, "confirm your new e-mail address")
        .text(
            "Somebody asked that this be the e-mail address of their account. To confirm \
             it, open this link within one hour; it works once:",
        )
        .link("Confirm my new address", link)
        .text("If it was not you, do nothing.")
        .caused_by(cause)
}
