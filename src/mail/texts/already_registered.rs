use super::Cause;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// To the owner of an address with which somebody tried to sign up again.
pub fn already_registered(pool: &str, to: &str, sign_in: &str, cause: Cause) -> Mail {
    Letter::new(pool, to, "you have an account already")
        .text("Somebody signed up with this address, but it has an account. Sign in here:")
        .link("Sign in", sign_in)
        .text("If it was not you, do nothing: nothing was changed.")
        .caused_by(cause)
}
