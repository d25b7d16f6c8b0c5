//! Every metric of the program: name, meaning, labels, and the roles that show it.

use super::family::{About, Counter, Gauge, Histogram, Level, Metric, Role, Stamp};

const VOTER: &[Role] = &[Role::Voter];
const WEB: &[Role] = &[Role::Web];
const BOTH: &[Role] = &[Role::Voter, Role::Web];

/// From fifty microseconds to ten seconds: a vote's way.
const VOTE_STEPS: &[u64] = &[
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
    2_500_000, 10_000_000,
];
/// From half a millisecond to thirty seconds: calls and requests.
const CALLS: &[u64] = &[
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000, 30_000_000,
];

/// In the order of the page and of the documentation.
pub static ALL: &[&'static dyn Metric] = &[
    &BUILD,
    &STARTED,
    &CLOCK,
    &BLOCK_HEIGHT,
    &TICKETS,
    &ALARMS,
    &ALARM,
    // voter
    &VOTES,
    &VOTE_STEP_SECONDS,
    &OWN_WINNERS,
    &UNVOTED_WINNERS,
    &TIP_AGE,
    &TICKETS_LOADED,
    &VOTE_VERSION,
    &DAEMON_CONNECTED,
    &DCRD_SYNCED,
    &WALLET_HEIGHT,
    &WALLET_UNLOCKED,
    &WALLET_FOLLOWS,
    &WALLET_VOTES,
    &WALLET_BALANCE,
    &CERTIFICATES,
    &SIGNER,
    &SCRIPTS,
    &PREFERENCES,
    &PREFERENCES_REVISION,
    &PREFERENCES_CONFIRMED,
    &PREFERENCES_REFUSED,
    &RESCAN_DUE,
    &RESCAN_RUNNING,
    &NODE_CALL_SECONDS,
    &NODE_ERRORS,
    &NODE_CONNECTIONS,
    &NODE_DISCONNECTIONS,
    &RPC_REQUESTS,
    &RPC_REFUSALS,
    &STATE_SAVES,
    &STATE_SAVE_FAILURES,
    &STATE_SAVED,
    // web
    &HTTP_SECONDS,
    &SIGN_INS,
    &LIMITED,
    &ENROLMENTS,
    &MAILS,
    &NEWS,
    &ALERTS,
    &MAILS_WAITING,
    &MAIL_AGE,
    &HEALTH,
    &HALTED,
    &VOTER_CONNECTED,
    &VOTER_ABLE,
    &VOTER_LAGGING,
    &VOTER_HEIGHT,
    &VOTER_CONFIGURED,
    &VOTER_PREFERENCES,
    &VOTER_SCRIPTS,
    &USERS,
    &USERS_ENROLLED,
    &NUMBERS_AGE,
    &LEADS,
    &DATABASE_UP,
    &DATABASE_SECONDS,
    &DATABASE_ERRORS,
    &BACKED_UP,
];

pub static BUILD: Gauge<1> = Gauge::new(
    About {
        name: "dcrstakepool_build_info",
        help: "Version and commit of the program, as a label; always 1.",
        roles: BOTH,
    },
    &["version"],
);

pub static STARTED: Stamp = Stamp::new(About {
    name: "dcrstakepool_process_start_time_seconds",
    help: "When the process started, unix time.",
    roles: BOTH,
});

pub static CLOCK: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_clock_seconds",
        help: "The clock of the machine at the scrape, unix time: compare it with Prometheus' own.",
        roles: BOTH,
    },
    &[],
);

pub static BLOCK_HEIGHT: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_block_height",
        help: "Best block: of the voter's dcrd; on web the best of all voters.",
        roles: BOTH,
    },
    &[],
);

pub static TICKETS: Gauge<1> = Gauge::new(
    About {
        name: "dcrstakepool_tickets",
        help: "The pool's own tickets by status; low_fee ones are not in the others, revoked ones are.",
        roles: BOTH,
    },
    &["status"],
);

pub static ALARMS: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_alarms",
        help: "Alarms that are on: what a person must look at.",
        roles: BOTH,
    },
    &[],
);

pub static ALARM: Gauge<1> = Gauge::new(
    About {
        name: "dcrstakepool_alarm",
        help: "How often the alarm of this id is on (on web: once a voter); absent while it is off.",
        roles: BOTH,
    },
    &["id"],
);

pub static VOTES: Counter<1> = Counter::new(
    About {
        name: "dcrstakepool_votes_total",
        help: "Votes by what became of them: accepted (sent first), already_known (another node was \
               first), already_voted (another node voted with other bits), useless (ticket spent, block too \
               old), failed.",
        roles: VOTER,
    },
    &["outcome"],
    &[
        ["accepted"],
        ["already_known"],
        ["already_voted"],
        ["useless"],
        ["failed"],
    ],
);

pub static VOTE_STEP_SECONDS: Histogram<1> = Histogram::new(
    About {
        name: "dcrstakepool_vote_step_seconds",
        help: "From dcrd's notification until a vote was looked_up, signed, sent, accepted.",
        roles: VOTER,
    },
    &["step"],
    &[["looked_up"], ["signed"], ["sent"], ["accepted"]],
    VOTE_STEPS,
);

pub static OWN_WINNERS: Counter<0> = Counter::new(
    About {
        name: "dcrstakepool_own_winners_total",
        help: "Own tickets that blocks called and a vote was cast for, whatever became of it.",
        roles: VOTER,
    },
    &[],
    &[[]],
);

pub static UNVOTED_WINNERS: Counter<0> = Counter::new(
    About {
        name: "dcrstakepool_unvoted_winners_total",
        help: "Winners that are or may be own and for which no vote could be cast in time.",
        roles: VOTER,
    },
    &[],
    &[[]],
);

pub static TIP_AGE: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_tip_age_seconds",
        help: "Age of the best block by its own time stamp.",
        roles: VOTER,
    },
    &[],
);

pub static TICKETS_LOADED: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_tickets_loaded",
        help: "1 when every source of tickets was read since the start.",
        roles: VOTER,
    },
    &[],
);

pub static VOTE_VERSION: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_vote_version",
        help: "The vote version of the wallet.",
        roles: VOTER,
    },
    &[],
);

pub static DAEMON_CONNECTED: Gauge<1> = Gauge::new(
    About {
        name: "dcrstakepool_daemon_connected",
        help: "1 while the voter is connected to dcrd, dcrwallet.",
        roles: VOTER,
    },
    &["daemon"],
);

pub static DCRD_SYNCED: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_dcrd_synced",
        help: "1 while dcrd has the chain that its peers have.",
        roles: VOTER,
    },
    &[],
);

pub static WALLET_HEIGHT: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_wallet_block_height",
        help: "Best block of dcrwallet.",
        roles: VOTER,
    },
    &[],
);

pub static WALLET_UNLOCKED: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_wallet_unlocked",
        help: "1 while dcrwallet is unlocked.",
        roles: VOTER,
    },
    &[],
);

pub static WALLET_FOLLOWS: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_wallet_daemon_connected",
        help: "1 while dcrwallet is connected to its dcrd.",
        roles: VOTER,
    },
    &[],
);

pub static WALLET_VOTES: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_wallet_voting",
        help: "1 while dcrwallet votes itself, which it must not.",
        roles: VOTER,
    },
    &[],
);

pub static WALLET_BALANCE: Level<0> = Level::new(
    About {
        name: "dcrstakepool_wallet_balance_atoms",
        help: "What dcrwallet itself owns, in all accounts: 0, unless somebody paid into the voting wallet by mistake.",
        roles: VOTER,
    },
    &[],
);

pub static CERTIFICATES: Level<1> = Level::new(
    About {
        name: "dcrstakepool_certificate_expires_time_seconds",
        help: "Until when the certificates of voter, dcrd and dcrwallet are valid, unix time.",
        roles: VOTER,
    },
    &["certificate"],
);

pub static SIGNER: Gauge<1> = Gauge::new(
    About {
        name: "dcrstakepool_signer",
        help: "1 for the signer in use: memory or wallet.",
        roles: VOTER,
    },
    &["kind"],
);

pub static SCRIPTS: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_scripts",
        help: "Redeem scripts of users that the voter has.",
        roles: VOTER,
    },
    &[],
);

pub static PREFERENCES: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_preferences",
        help: "Users whose preferences the voter has.",
        roles: VOTER,
    },
    &[],
);

pub static PREFERENCES_REVISION: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_preferences_revision",
        help: "Highest revision of the preferences.",
        roles: VOTER,
    },
    &[],
);

pub static PREFERENCES_CONFIRMED: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_preferences_confirmed",
        help: "1 when web or database confirmed the preferences since the start.",
        roles: VOTER,
    },
    &[],
);

pub static PREFERENCES_REFUSED: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_preferences_refused",
        help: "1 while the last push of preferences is refused.",
        roles: VOTER,
    },
    &[],
);

pub static RESCAN_DUE: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_rescan_due",
        help: "1 while the wallet needs a rescan, waiting for it or running.",
        roles: VOTER,
    },
    &[],
);

pub static RESCAN_RUNNING: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_rescan_running",
        help: "1 while the wallet is rescanned.",
        roles: VOTER,
    },
    &[],
);

pub static NODE_CALL_SECONDS: Histogram<2> = Histogram::new(
    About {
        name: "dcrstakepool_node_call_seconds",
        help: "Calls to dcrd and dcrwallet, from writing to the answer or its lack.",
        roles: VOTER,
    },
    &["daemon", "method"],
    &[],
    CALLS,
);

pub static NODE_ERRORS: Counter<3> = Counter::new(
    About {
        name: "dcrstakepool_node_call_errors_total",
        help: "Calls to dcrd and dcrwallet without a good answer: refused (by the daemon, with a code), \
               timed_out, unavailable, garbled.",
        roles: VOTER,
    },
    &["daemon", "method", "kind"],
    &[],
);

pub static NODE_CONNECTIONS: Counter<1> = Counter::new(
    About {
        name: "dcrstakepool_node_connections_total",
        help: "Connections made to dcrd, dcrwallet: one and the reconnects.",
        roles: VOTER,
    },
    &["daemon"],
    &[["dcrd"], ["dcrwallet"]],
);

pub static NODE_DISCONNECTIONS: Counter<1> = Counter::new(
    About {
        name: "dcrstakepool_node_disconnections_total",
        help: "Connections to dcrd, dcrwallet that were lost.",
        roles: VOTER,
    },
    &["daemon"],
    &[["dcrd"], ["dcrwallet"]],
);

pub static RPC_REQUESTS: Counter<1> = Counter::new(
    About {
        name: "dcrstakepool_rpc_requests_total",
        help: "Requests of the internal RPC that showed the token and named a method.",
        roles: VOTER,
    },
    &["method"],
    &[],
);

pub static RPC_REFUSALS: Counter<1> = Counter::new(
    About {
        name: "dcrstakepool_rpc_refusals_total",
        help: "Requests of the internal RPC that were refused: no_handshake (TLS), no_token, wrong_token, \
               unknown_method, wrong_verb, too_large, bad_body, slow_body, conflict (the voter's own no), \
               unavailable, internal.",
        roles: VOTER,
    },
    &["reason"],
    &[
        ["no_handshake"],
        ["no_token"],
        ["wrong_token"],
        ["unknown_method"],
        ["wrong_verb"],
        ["too_large"],
        ["bad_body"],
        ["slow_body"],
        ["conflict"],
        ["unavailable"],
        ["internal"],
    ],
);

pub static STATE_SAVES: Counter<1> = Counter::new(
    About {
        name: "dcrstakepool_state_saves_total",
        help: "Times that a part of the voter's state was written to disk.",
        roles: VOTER,
    },
    &["part"],
    &[["scripts"], ["preferences"], ["tickets"]],
);

pub static STATE_SAVE_FAILURES: Counter<1> = Counter::new(
    About {
        name: "dcrstakepool_state_save_failures_total",
        help: "Times that a part of the voter's state could not be written.",
        roles: VOTER,
    },
    &["part"],
    &[["scripts"], ["preferences"], ["tickets"]],
);

pub static STATE_SAVED: Stamp = Stamp::new(About {
    name: "dcrstakepool_state_saved_time_seconds",
    help: "When state was last written to disk, unix time; 0: not since the start.",
    roles: VOTER,
});

pub static HTTP_SECONDS: Histogram<1> = Histogram::new(
    About {
        name: "dcrstakepool_http_request_seconds",
        help: "Requests of the site and its API by status class (2xx, 3xx, 4xx, 5xx), until the answer was \
               ready; _count counts them.",
        roles: WEB,
    },
    &["class"],
    &[["2xx"], ["3xx"], ["4xx"], ["5xx"]],
    CALLS,
);

pub static SIGN_INS: Counter<1> = Counter::new(
    About {
        name: "dcrstakepool_sign_ins_total",
        help: "Sign-ins: done, owes_code (the password was right, the second factor is asked for), wrong_code, wrong \
               (e-mail or password), disabled, unverified, busy, failed.",
        roles: WEB,
    },
    &["outcome"],
    &[
        ["done"],
        ["owes_code"],
        ["wrong_code"],
        ["wrong"],
        ["disabled"],
        ["unverified"],
        ["busy"],
        ["failed"],
    ],
);

pub static LIMITED: Counter<1> = Counter::new(
    About {
        name: "dcrstakepool_limited_total",
        help: "What clients or accounts did too often, so that it was not done ([web.limits]): sign_in, sign_up, \
               mail, address, token, preference; second_factor: codes of a second factor; unknown_audited: failed sign-ins by unknown addresses that the \
               audit log has not.",
        roles: WEB,
    },
    &["what"],
    &[
        ["sign_in"],
        ["sign_up"],
        ["mail"],
        ["address"],
        ["token"],
        ["preference"],
        ["second_factor"],
        ["unknown_audited"],
    ],
);

pub static ENROLMENTS: Counter<1> = Counter::new(
    About {
        name: "dcrstakepool_enrolments_total",
        help: "Submitted addresses: done, already (had one), closed, bad_address, halted, too_few_voters, \
               configured_differently, failed.",
        roles: WEB,
    },
    &["outcome"],
    &[
        ["done"],
        ["already"],
        ["closed"],
        ["bad_address"],
        ["halted"],
        ["too_few_voters"],
        ["configured_differently"],
        ["failed"],
    ],
);

pub static ALERTS: Counter<2> = Counter::new(
    About {
        name: "dcrstakepool_alerts_total",
        help: "Alarms that people were told of, by way (mail, webhook) and word: begun, lasting, over, or failed tries.",
        roles: WEB,
    },
    &["way", "event"],
    &[
        ["mail", "begun"],
        ["mail", "lasting"],
        ["mail", "over"],
        ["mail", "failed"],
        ["webhook", "begun"],
        ["webhook", "lasting"],
        ["webhook", "over"],
        ["webhook", "failed"],
    ],
);

pub static NEWS: Counter<1> = Counter::new(
    About {
        name: "dcrstakepool_news_total",
        help: "What users were told by mail of their tickets, by what happened (a mail tells of many tickets).",
        roles: WEB,
    },
    &["kind"],
    &[
        ["missed"],
        ["low_fee"],
        ["voted"],
        ["expired"],
        ["vote_version"],
    ],
);

pub static MAILS: Counter<1> = Counter::new(
    About {
        name: "dcrstakepool_mails_total",
        help: "Mails by what became of them: logged (without [mail]), queued; and tries to send one: sent, \
               postponed, given_up.",
        roles: WEB,
    },
    &["outcome"],
    &[
        ["logged"],
        ["queued"],
        ["sent"],
        ["postponed"],
        ["given_up"],
    ],
);

pub static MAILS_WAITING: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_mails_waiting",
        help: "Mails in the queue, those under way too.",
        roles: WEB,
    },
    &[],
);

pub static MAIL_AGE: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_oldest_mail_age_seconds",
        help: "Since when the oldest mail in the queue waits; 0: none does.",
        roles: WEB,
    },
    &[],
);

pub static HEALTH: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_health",
        help: "The line of /status: 0 OK, 1 Degraded, 2 Critical, 3 Emergency.",
        roles: WEB,
    },
    &[],
);

pub static HALTED: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_enrolment_halted",
        help: "1 while enrolment is halted since a voter disagreed.",
        roles: WEB,
    },
    &[],
);

pub static VOTER_CONNECTED: Gauge<1> = Gauge::new(
    About {
        name: "dcrstakepool_voter_connected",
        help: "1 while the voter answers and is the right one.",
        roles: WEB,
    },
    &["voter"],
);

pub static VOTER_ABLE: Gauge<1> = Gauge::new(
    About {
        name: "dcrstakepool_voter_able",
        help: "1 while the voter is connected and its dcrd and dcrwallet can do their work.",
        roles: WEB,
    },
    &["voter"],
);

pub static VOTER_LAGGING: Gauge<1> = Gauge::new(
    About {
        name: "dcrstakepool_voter_lagging",
        help: "1 while the voter is too far behind the best block of all.",
        roles: WEB,
    },
    &["voter"],
);

pub static VOTER_HEIGHT: Gauge<1> = Gauge::new(
    About {
        name: "dcrstakepool_voter_block_height",
        help: "Best block that the voter reported last.",
        roles: WEB,
    },
    &["voter"],
);

pub static VOTER_CONFIGURED: Gauge<1> = Gauge::new(
    About {
        name: "dcrstakepool_voter_configured_differently",
        help: "Keys of [pool] in which the voter differs from web.",
        roles: WEB,
    },
    &["voter"],
);

pub static VOTER_PREFERENCES: Gauge<1> = Gauge::new(
    About {
        name: "dcrstakepool_voter_preferences_in_sync",
        help: "1 while the voter has exactly the preferences of the database.",
        roles: WEB,
    },
    &["voter"],
);

pub static VOTER_SCRIPTS: Gauge<1> = Gauge::new(
    About {
        name: "dcrstakepool_voter_scripts_in_sync",
        help: "1 while the voter has all scripts of the database.",
        roles: WEB,
    },
    &["voter"],
);

pub static USERS: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_users",
        help: "Users whose e-mail address is verified.",
        roles: WEB,
    },
    &[],
);

pub static USERS_ENROLLED: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_users_enrolled",
        help: "Users that have a ticket address.",
        roles: WEB,
    },
    &[],
);

pub static NUMBERS_AGE: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_numbers_age_seconds",
        help: "Age of the numbers on the pages: since a voter last gave some.",
        roles: WEB,
    },
    &[],
);

pub static LEADS: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_web_leads",
        help: "1 in the web process that does the background work of all: of several on one database, one.",
        roles: WEB,
    },
    &[],
);

pub static DATABASE_UP: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_database_up",
        help: "1 while the database answers.",
        roles: WEB,
    },
    &[],
);

pub static DATABASE_SECONDS: Histogram<1> = Histogram::new(
    About {
        name: "dcrstakepool_database_call_seconds",
        help: "Calls of the database by kind (read, write), waiting and repetitions included.",
        roles: WEB,
    },
    &["kind"],
    &[["read"], ["write"]],
    CALLS,
);

pub static DATABASE_ERRORS: Counter<1> = Counter::new(
    About {
        name: "dcrstakepool_database_errors_total",
        help: "Calls of the database that failed for good, by kind.",
        roles: WEB,
    },
    &["kind"],
    &[["read"], ["write"]],
);

pub static BACKED_UP: Gauge<0> = Gauge::new(
    About {
        name: "dcrstakepool_backup_time_seconds",
        help: "When the last backup of the database was begun that came to its end, unix time; 0: none did.",
        roles: WEB,
    },
    &[],
);
