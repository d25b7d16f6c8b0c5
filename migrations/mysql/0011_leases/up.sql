-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- Work that one of several processes does: who does it, until when (unix seconds by the database's clock).
CREATE TABLE IF NOT EXISTS pool_leases (
    name varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    holder varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    held_until bigint NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
