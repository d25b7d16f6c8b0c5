-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- Users whose sign-in needs a code of their app: the app's key, sealed; the time step of the last code that was
-- taken; a random mark of the call that used the factor last, by which it knows its own commit again; and since when.
CREATE TABLE IF NOT EXISTS pool_second_factors (
    user_id bigint NOT NULL PRIMARY KEY,
    seed varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    last_step bigint NOT NULL,
    last_use varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    since bigint NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Codes for those without their app, as keyed hashes; a row goes when its code is used.
CREATE TABLE IF NOT EXISTS pool_recovery_codes (
    user_id bigint NOT NULL,
    code_hash varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    PRIMARY KEY (user_id, code_hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Browsers that gave the right password and still owe a code.
CREATE TABLE IF NOT EXISTS pool_half_sign_ins (
    token_hash varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    user_id bigint NOT NULL,
    expires bigint NOT NULL,
    KEY pool_half_sign_ins_user (user_id),
    KEY pool_half_sign_ins_expires (expires)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
