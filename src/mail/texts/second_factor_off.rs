use super::Cause;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// To the owner, after the second factor was turned off.
pub fn second_factor_off(pool: &str, to: &str, cause: Cause) -> Mail {
    Letter::new(pool, to, "your second factor is off")
        .text("The second factor of your account was turned off: your password alone signs in now.")
        .text("If it was not you, set a new password at once and tell the pool's operator.")
        .caused_by(cause)
}
