use super::Cause;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// To the owner of an address that somebody wants for another account.
pub fn email_in_use(pool: &str, to: &str, cause: Cause) -> Mail {
    Letter::new(pool, to, "this address has an account")
        .text(
            "Somebody asked that this be the e-mail address of another account, but it has \
             an account of its own.",
        )
        .text("Nothing was changed, and there is nothing you must do.")
        .caused_by(cause)
}
