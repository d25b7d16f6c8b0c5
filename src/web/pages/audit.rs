//! The events of the audit log in words.

use std::borrow::Cow;

/// Those that are known, as they are offered for choice.
pub const KINDS: &[(&str, &str)] = &[
    ("sign_in", "Signed in"),
    ("sign_in_failed", "Wrong password at sign-in"),
    ("email_verified", "E-mail address verified"),
    (
        "password_reset_requested",
        "Link to reset the password asked for",
    ),
    ("password_reset", "Password reset by a link"),
    ("password_changed", "Password changed"),
    (
        "email_change_requested",
        "Change of the e-mail address asked for",
    ),
    ("email_changed", "E-mail address changed"),
    ("api_token_renewed", "API token renewed"),
    ("second_factor_on", "Second factor turned on"),
    ("second_factor_off", "Second factor turned off"),
    (
        "second_factor_failed",
        "Wrong code of the second factor, after the right password",
    ),
    ("second_factor_reset", "Second factor reset by an operator"),
    ("recovery_code_used", "Recovery code used"),
    ("recovery_codes_renewed", "New recovery codes made"),
    ("address_submitted", "Public key given to the pool"),
    ("notifications_changed", "Mails about tickets chosen"),
    ("account_closed", "Account closed"),
    (
        "verification_resent",
        "Verification mailed again by an operator",
    ),
    ("user_disabled", "User disabled by an operator"),
    ("user_enabled", "User enabled by an operator"),
    ("low_fee_added", "Low-fee ticket added"),
    ("low_fee_removed", "Low-fee ticket removed"),
    ("sign_set", "Notice and closing set"),
    (
        "sign_reset",
        "Notice and closing back to the configuration file",
    ),
    ("halted", "Enrolment halted"),
    ("halt_cleared", "Halt ended: all voters agree"),
    ("halt_overridden", "Halt ended by an operator's word"),
    ("preferences_reset", "New vote version"),
    (
        "preferences_accepted",
        "Preferences confirmed to the voters",
    ),
    ("database_is_older", "Database older than the voters"),
];

/// Of an unknown one its name.
pub fn in_words(event: &str) -> Cow<'_, str> {
    let known = KINDS.iter().find(|(kind, _)| *kind == event);
    known.map_or_else(
        || event.replace('_', " ").into(),
        |(_, words)| (*words).into(),
    )
}
