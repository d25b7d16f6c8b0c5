use super::Cause;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// To who signed up: the link that makes the account.
pub fn verification(pool: &str, to: &str, link: &str, cause: Cause) -> Mail {
    Letter::new(pool, to, "verify your e-mail address")
        .text(
            "Somebody signed up with this address. To finish, open this link within 24 \
             hours:",
        )
        .link("Verify my address", link)
        .text("If it was not you, do nothing.")
        .caused_by(cause)
}
