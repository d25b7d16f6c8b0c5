-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.
-- Our own tables come first, the Go program's last: "Users without pool_identity" is a Go pool.

CREATE TABLE IF NOT EXISTS pool_identity (
    id bigint NOT NULL PRIMARY KEY,
    pool_id char(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- user_id: the last id given away; revision: the last preference revision; vote_version: of the
-- last reset.
CREATE TABLE IF NOT EXISTS pool_counters (
    name varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    value bigint NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT IGNORE INTO pool_counters (name, value) VALUES ('user_id', 0), ('revision', 0), ('vote_version', 0);

-- user_id is set when the link was used; the password is wiped then.
CREATE TABLE IF NOT EXISTS pool_sign_ups (
    token_hash varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    email_hash char(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    email varchar(255) NOT NULL,
    password_hash varchar(255) NOT NULL,
    created bigint NOT NULL,
    expires bigint NOT NULL,
    user_id bigint NULL,
    KEY pool_sign_ups_email (email_hash, created),
    KEY pool_sign_ups_expires (expires)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS pool_emails (
    email_hash char(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    user_id bigint NOT NULL,
    KEY pool_emails_user (user_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS pool_keys (
    user_id bigint NOT NULL PRIMARY KEY,
    key_set bigint NOT NULL,
    key_index bigint NOT NULL,
    UNIQUE KEY pool_keys_index (key_set, key_index)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS pool_flags (
    user_id bigint NOT NULL PRIMARY KEY,
    disabled bigint NOT NULL,
    created bigint NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS pool_sessions (
    id_hash varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    user_id bigint NOT NULL,
    created bigint NOT NULL,
    last_seen bigint NOT NULL,
    ip varchar(64) NOT NULL,
    agent varchar(255) NOT NULL,
    KEY pool_sessions_user (user_id),
    KEY pool_sessions_last_seen (last_seen)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS pool_revisions (
    user_id bigint NOT NULL PRIMARY KEY,
    revision bigint NOT NULL,
    KEY pool_revisions_revision (revision)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS pool_agenda_choices (
    user_id bigint NOT NULL,
    version bigint NOT NULL,
    agenda_id varchar(64) NOT NULL,
    choice_id varchar(64) NOT NULL,
    PRIMARY KEY (user_id, version, agenda_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- sort_height: where it was mined, or the highest number while it is not: newest first by one index.
-- source: the voter and its instance that told the status.
CREATE TABLE IF NOT EXISTS Tickets (
    hash char(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    user_id bigint NOT NULL,
    ticket_address varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    price bigint NOT NULL,
    fee_paid bigint NOT NULL,
    mined_block char(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    mined_height bigint NULL,
    sort_height bigint NOT NULL,
    status varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    verdict varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    vote_hash char(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    vote_block char(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    vote_height bigint NULL,
    vote_bits bigint NULL,
    vote_version bigint NULL,
    vote_reward bigint NULL,
    revocation char(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    source varchar(255) NOT NULL,
    KEY Tickets_user (user_id, sort_height, hash),
    KEY Tickets_status (status, verdict, vote_reward),
    KEY Tickets_revocation (revocation)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS pool_ticket_cursors (
    voter varchar(255) NOT NULL PRIMARY KEY,
    instance char(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sequence bigint NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS pool_halt (
    id bigint NOT NULL PRIMARY KEY,
    since bigint NOT NULL,
    voter varchar(255) NOT NULL,
    reason varchar(2000) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS pool_audit (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    happened bigint NOT NULL,
    event varchar(64) NOT NULL,
    user_id bigint NULL,
    ip varchar(64) NOT NULL,
    detail varchar(2000) NOT NULL,
    KEY pool_audit_user (user_id, happened),
    KEY pool_audit_happened (happened)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- The Go program's tables, as its ORM makes them: nothing may ever be added. Its Session table is
-- not ours to make: it makes that itself, should it ever come back.

CREATE TABLE IF NOT EXISTS EmailChange (
    EmailChangeID bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    UserId bigint NULL,
    NewEmail varchar(255) NULL,
    Token varchar(255) NULL,
    Created bigint NULL,
    Expires bigint NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS PasswordReset (
    PasswordResetID bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    UserId bigint NULL,
    Token varchar(255) NULL,
    Created bigint NULL,
    Expires bigint NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS LowFeeTicket (
    LowFeeTicketID bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    AddedByUid bigint NULL,
    TicketAddress varchar(255) NULL,
    TicketHash varchar(255) NULL,
    TicketExpiry bigint NULL,
    Voted bigint NULL,
    Created bigint NULL,
    Expires bigint NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS Users (
    UserId bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    Email varchar(255) NULL,
    Username varchar(255) NULL,
    Password blob NULL,
    MultiSigAddress varchar(255) NULL,
    MultiSigScript varchar(255) NULL,
    PoolPubKeyAddr varchar(255) NULL,
    UserPubKeyAddr varchar(255) NULL,
    UserFeeAddr varchar(255) NULL,
    HeightRegistered bigint NULL,
    EmailVerified bigint NULL,
    EmailToken varchar(255) NULL,
    APIToken varchar(255) NULL,
    VoteBits bigint NULL,
    VoteBitsVersion bigint NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
