-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- Work that one of several processes does: who does it, until when (unix seconds by the database's clock).
CREATE TABLE IF NOT EXISTS pool_leases (
    name text NOT NULL PRIMARY KEY,
    holder text NOT NULL,
    held_until integer NOT NULL
);
