-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- How often an account was asked for something: until when its allowance is used up (unix milliseconds).
-- Rows of the past mean nothing and are deleted.
CREATE TABLE IF NOT EXISTS pool_limits (
    name text NOT NULL PRIMARY KEY,
    used_until integer NOT NULL
);
CREATE INDEX IF NOT EXISTS pool_limits_used_until ON pool_limits (used_until);

-- What an admin said to visitors, in place of the configuration file. No row: the file holds.
CREATE TABLE IF NOT EXISTS pool_sign (
    id integer NOT NULL PRIMARY KEY,
    notice text NOT NULL,
    closed integer NOT NULL,
    closed_message text NOT NULL,
    set_at integer NOT NULL,
    set_by integer NOT NULL
);
