use super::Cause;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// To the owner, after the password was changed.
pub fn password_changed(pool: &str, to: &str, cause: Cause) -> Mail {
    Letter::new(pool, to, "your password was changed")
        .text("The password of your account was changed, and all other sessions were ended.")
        .text("If it was not you, set a new password at once and tell the pool's operator.")
        .caused_by(cause)
}
