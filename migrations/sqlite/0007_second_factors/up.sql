-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- Users whose sign-in needs a code of their app: the app's key, sealed; the time step of the last code that was
-- taken; a random mark of the call that used the factor last, by which it knows its own commit again; and since when.
CREATE TABLE IF NOT EXISTS pool_second_factors (
    user_id integer NOT NULL PRIMARY KEY,
    seed text NOT NULL,
    last_step integer NOT NULL,
    last_use text NOT NULL,
    since integer NOT NULL
);

-- Codes for those without their app, as keyed hashes; a row goes when its code is used.
CREATE TABLE IF NOT EXISTS pool_recovery_codes (
    user_id integer NOT NULL,
    code_hash text NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

-- Browsers that gave the right password and still owe a code.
CREATE TABLE IF NOT EXISTS pool_half_sign_ins (
    token_hash text NOT NULL PRIMARY KEY,
    user_id integer NOT NULL,
    expires integer NOT NULL
);
CREATE INDEX IF NOT EXISTS pool_half_sign_ins_user ON pool_half_sign_ins (user_id);
CREATE INDEX IF NOT EXISTS pool_half_sign_ins_expires ON pool_half_sign_ins (expires);
