-- Links that were mailed to users: what for (reset, email), the new address of an e-mail change, and
-- whether it was used.
CREATE TABLE IF NOT EXISTS pool_links (
    token_hash text NOT NULL PRIMARY KEY,
    purpose text NOT NULL,
    user_id integer NOT NULL,
    email text NOT NULL,
    expires integer NOT NULL,
    spent integer NOT NULL
);
CREATE INDEX IF NOT EXISTS pool_links_user ON pool_links (user_id);
CREATE INDEX IF NOT EXISTS pool_links_expires ON pool_links (expires);

-- When a user's password or e-mail address was last changed: older links of the Go program are void.
CREATE TABLE IF NOT EXISTS pool_credentials (
    user_id integer NOT NULL PRIMARY KEY,
    changed integer NOT NULL
);
