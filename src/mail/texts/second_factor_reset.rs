use super::Cause;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// To the owner, after an operator of the pool reset the second factor.
pub fn second_factor_reset(pool: &str, to: &str, cause: Cause) -> Mail {
    Letter::new(pool, to, "your second factor was reset")
        .text(
            "An operator of the pool turned off the second factor of your account: your password alone signs in \
             now. You can turn it on again in your settings.",
        )
        .text("If you did not ask for that, set a new password at once and tell the pool's operator.")
        .caused_by(cause)
}
