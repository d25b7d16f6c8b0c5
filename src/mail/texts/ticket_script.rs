use super::Cause;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// What a user needs to vote and revoke without the pool, beside their own key.
#[derive(Debug, Clone, Copy)]
pub struct TicketScript<'a> {
    pub redeem_script: &'a str,
    pub ticket_address: &'a str,
    pub user_pubkey_address: &'a str,
    pub pool_pubkey_address: &'a str,
}

/// To who got a ticket address: a copy of the redeem script, to be kept. `link` is the page with all of it.
pub fn ticket_script(
    pool: &str,
    to: &str,
    script: TicketScript<'_>,
    link: &str,
    cause: Cause,
) -> Mail {
    Letter::new(pool, to, "keep this mail: your redeem script")
        .text(
            "Your account has its ticket address now. Keep this mail: the redeem script is your \
             lifeline. With it and your own key you can vote or revoke your tickets yourself, should \
             this pool ever be gone. Your wallet's seed alone does not bring it back, so keep a copy \
             beside the seed.",
        )
        .fact("Redeem script", script.redeem_script)
        .fact("Ticket address", script.ticket_address)
        .fact("Your public-key address", script.user_pubkey_address)
        .fact("The pool's public-key address", script.pool_pubkey_address)
        .text("None of this is secret: it names keys, and opens nothing without them.")
        .text("How to buy tickets is written here:")
        .link("Buy tickets", link)
        .text(
            "If it was not you who gave the pool this key, buy no tickets with the address and tell \
             the pool's operator at once.",
        )
        .caused_by(cause)
}
