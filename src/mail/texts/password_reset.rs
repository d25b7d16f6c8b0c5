use super::Cause;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// To the owner of an account whose password is to be set anew.
pub fn password_reset(pool: &str, to: &str, link: &str, cause: Cause) -> Mail {
    Letter::new(pool, to, "set a new password")
        .text(
            "Somebody asked for a new password for your account. To set one, open this link \
             within one hour; it works once:",
        )
        .link("Set a new password", link)
        .text("If it was not you, do nothing: your password stays as it is.")
        .caused_by(cause)
}
