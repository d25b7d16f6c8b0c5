use super::Cause;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// To the former owner, after the account was closed.
pub fn account_closed(pool: &str, to: &str, cause: Cause) -> Mail {
    Letter::new(pool, to, "your account is closed")
        .text(
            "Your account is closed. Your e-mail address and password are deleted; tickets that you bought are \
             voted on as you chose last.",
        )
        .text("Keep your redeem script: with it you can vote your tickets yourself.")
        .text("If it was not you, tell the pool's operator.")
        .caused_by(cause)
}
