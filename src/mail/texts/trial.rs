use crate::mail::Mail;
use crate::mail::letter::Letter;

/// To whomever an operator names, to see that it arrives.
pub fn trial(pool: &str, to: &str, at: i64) -> Mail {
    Letter::new(pool, to, "a test")
        .text("This is a test of the pool's mails. It has arrived; nothing is to be done.")
        .written_at(at)
}
