use super::Cause;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// To the old address, when a change was asked for.
pub fn email_change_requested(pool: &str, to: &str, new: &str, cause: Cause) -> Mail {
    Letter::new(pool, to, "your e-mail address is about to change")
        .text(format!(
            "Somebody who knows your password asked that the e-mail address of your account \
             be changed to {new}. It changes when the link that went there is opened."
        ))
        .text("If it was not you, change your password at once: that voids the link.")
        .caused_by(cause)
}
