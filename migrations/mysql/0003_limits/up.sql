-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- How often an account was asked for something: until when its allowance is used up (unix milliseconds).
-- Rows of the past mean nothing and are deleted.
CREATE TABLE IF NOT EXISTS pool_limits (
    name varchar(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    used_until bigint NOT NULL,
    KEY pool_limits_used_until (used_until)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What an admin said to visitors, in place of the configuration file. No row: the file holds.
CREATE TABLE IF NOT EXISTS pool_sign (
    id bigint NOT NULL PRIMARY KEY,
    notice varchar(2000) NOT NULL,
    closed bigint NOT NULL,
    closed_message varchar(2000) NOT NULL,
    set_at bigint NOT NULL,
    set_by bigint NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
