-- The same tables as for MySQL; text is compared byte by byte here, as its ascii_bin columns are.

CREATE TABLE IF NOT EXISTS pool_identity (
    id integer NOT NULL PRIMARY KEY,
    pool_id text NOT NULL
);

-- user_id: the last id given away; revision: the last preference revision; vote_version: of the
-- last reset.
CREATE TABLE IF NOT EXISTS pool_counters (
    name text NOT NULL PRIMARY KEY,
    value integer NOT NULL
);
INSERT OR IGNORE INTO pool_counters (name, value) VALUES ('user_id', 0), ('revision', 0), ('vote_version', 0);

-- user_id is set when the link was used; the password is wiped then.
CREATE TABLE IF NOT EXISTS pool_sign_ups (
    token_hash text NOT NULL PRIMARY KEY,
    email_hash text NOT NULL,
    email text NOT NULL,
    password_hash text NOT NULL,
    created integer NOT NULL,
    expires integer NOT NULL,
    user_id integer NULL
);
CREATE INDEX IF NOT EXISTS pool_sign_ups_email ON pool_sign_ups (email_hash, created);
CREATE INDEX IF NOT EXISTS pool_sign_ups_expires ON pool_sign_ups (expires);

CREATE TABLE IF NOT EXISTS pool_emails (
    email_hash text NOT NULL PRIMARY KEY,
    user_id integer NOT NULL
);
CREATE INDEX IF NOT EXISTS pool_emails_user ON pool_emails (user_id);

CREATE TABLE IF NOT EXISTS pool_keys (
    user_id integer NOT NULL PRIMARY KEY,
    key_set integer NOT NULL,
    key_index integer NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS pool_keys_index ON pool_keys (key_set, key_index);

CREATE TABLE IF NOT EXISTS pool_flags (
    user_id integer NOT NULL PRIMARY KEY,
    disabled integer NOT NULL,
    created integer NOT NULL
);

CREATE TABLE IF NOT EXISTS pool_sessions (
    id_hash text NOT NULL PRIMARY KEY,
    user_id integer NOT NULL,
    created integer NOT NULL,
    last_seen integer NOT NULL,
    ip text NOT NULL,
    agent text NOT NULL
);
CREATE INDEX IF NOT EXISTS pool_sessions_user ON pool_sessions (user_id);
CREATE INDEX IF NOT EXISTS pool_sessions_last_seen ON pool_sessions (last_seen);

CREATE TABLE IF NOT EXISTS pool_revisions (
    user_id integer NOT NULL PRIMARY KEY,
    revision integer NOT NULL
);
CREATE INDEX IF NOT EXISTS pool_revisions_revision ON pool_revisions (revision);

CREATE TABLE IF NOT EXISTS pool_agenda_choices (
    user_id integer NOT NULL,
    version integer NOT NULL,
    agenda_id text NOT NULL,
    choice_id text NOT NULL,
    PRIMARY KEY (user_id, version, agenda_id)
);

-- sort_height: where it was mined, or the highest number while it is not: newest first by one index.
-- source: the voter and its instance that told the status.
CREATE TABLE IF NOT EXISTS Tickets (
    hash text NOT NULL PRIMARY KEY,
    user_id integer NOT NULL,
    ticket_address text NOT NULL,
    price integer NOT NULL,
    fee_paid integer NOT NULL,
    mined_block text NULL,
    mined_height integer NULL,
    sort_height integer NOT NULL,
    status text NOT NULL,
    verdict text NOT NULL,
    vote_hash text NULL,
    vote_block text NULL,
    vote_height integer NULL,
    vote_bits integer NULL,
    vote_version integer NULL,
    vote_reward integer NULL,
    revocation text NULL,
    source text NOT NULL
);
CREATE INDEX IF NOT EXISTS Tickets_user ON Tickets (user_id, sort_height, hash);
CREATE INDEX IF NOT EXISTS Tickets_status ON Tickets (status, verdict, vote_reward);
CREATE INDEX IF NOT EXISTS Tickets_revocation ON Tickets (revocation);

CREATE TABLE IF NOT EXISTS pool_ticket_cursors (
    voter text NOT NULL PRIMARY KEY,
    instance text NOT NULL,
    sequence integer NOT NULL
);

CREATE TABLE IF NOT EXISTS pool_halt (
    id integer NOT NULL PRIMARY KEY,
    since integer NOT NULL,
    voter text NOT NULL,
    reason text NOT NULL
);

CREATE TABLE IF NOT EXISTS pool_audit (
    id integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    happened integer NOT NULL,
    event text NOT NULL,
    user_id integer NULL,
    ip text NOT NULL,
    detail text NOT NULL
);
CREATE INDEX IF NOT EXISTS pool_audit_user ON pool_audit (user_id, happened);
CREATE INDEX IF NOT EXISTS pool_audit_happened ON pool_audit (happened);

-- The Go program's tables, as its ORM makes them: nothing may ever be added. Its Session table is
-- not ours to make: it makes that itself, should it ever come back.

CREATE TABLE IF NOT EXISTS EmailChange (
    EmailChangeID integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    UserId integer NULL,
    NewEmail text NULL,
    Token text NULL,
    Created integer NULL,
    Expires integer NULL
);

CREATE TABLE IF NOT EXISTS PasswordReset (
    PasswordResetID integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    UserId integer NULL,
    Token text NULL,
    Created integer NULL,
    Expires integer NULL
);

CREATE TABLE IF NOT EXISTS LowFeeTicket (
    LowFeeTicketID integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    AddedByUid integer NULL,
    TicketAddress text NULL,
    TicketHash text NULL,
    TicketExpiry integer NULL,
    Voted integer NULL,
    Created integer NULL,
    Expires integer NULL
);

CREATE TABLE IF NOT EXISTS Users (
    UserId integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    Email text NULL,
    Username text NULL,
    Password blob NULL,
    MultiSigAddress text NULL,
    MultiSigScript text NULL,
    PoolPubKeyAddr text NULL,
    UserPubKeyAddr text NULL,
    UserFeeAddr text NULL,
    HeightRegistered integer NULL,
    EmailVerified integer NULL,
    EmailToken text NULL,
    APIToken text NULL,
    VoteBits integer NULL,
    VoteBitsVersion integer NULL
);
