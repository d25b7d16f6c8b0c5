use super::Cause;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// To the owner, after the second factor was turned on.
pub fn second_factor_on(pool: &str, to: &str, cause: Cause) -> Mail {
    Letter::new(pool, to, "your second factor is on")
        .text(
            "From now on a code of your app is asked for when you sign in and when you change your account, and \
             all other sessions were ended. Keep the recovery codes where you keep important papers.",
        )
        .text("If it was not you, set a new password at once and tell the pool's operator.")
        .caused_by(cause)
}
