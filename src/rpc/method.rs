//! Names of the methods, and how long a caller waits for each.

use std::time::Duration;

pub const STATUS: &str = "status";
pub const VERIFY_ENROLMENT: &str = "verify_enrolment";
pub const IMPORT_SCRIPTS: &str = "import_scripts";
pub const SET_PREFERENCES: &str = "set_preferences";
pub const TICKETS_SINCE: &str = "tickets_since";
pub const ADD_TICKETS: &str = "add_tickets";
pub const SET_LOW_FEE: &str = "set_low_fee";
pub const STAKE_INFO: &str = "stake_info";
pub const AGENDAS: &str = "agendas";
pub const SCRIPT_REGISTRY: &str = "script_registry";
/// The stream, asked for by GET.
pub const EVENTS: &str = "events";

pub const ALL: [&str; 10] = [
    STATUS,
    VERIFY_ENROLMENT,
    IMPORT_SCRIPTS,
    SET_PREFERENCES,
    TICKETS_SINCE,
    ADD_TICKETS,
    SET_LOW_FEE,
    STAKE_INFO,
    AGENDAS,
    SCRIPT_REGISTRY,
];

/// From the call to the end of its answer, connecting included. A wallet imports thousands of scripts
/// in a minute or so, dcrd looks up hundreds of tickets in seconds; everything else answers from memory or with a few calls to a daemon.
pub fn deadline(method: &str) -> Duration {
    let seconds = match method {
        IMPORT_SCRIPTS => 120,
        ADD_TICKETS => 60,
        SET_PREFERENCES | TICKETS_SINCE => 15,
        VERIFY_ENROLMENT => 10,
        _ => 5,
    };
    Duration::from_secs(seconds)
}
