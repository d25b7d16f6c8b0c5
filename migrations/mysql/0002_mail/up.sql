-- Links that were mailed to users: what for (reset, email), the new address of an e-mail change, and
-- whether it was used.
CREATE TABLE IF NOT EXISTS pool_links (
    token_hash varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    purpose varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    user_id bigint NOT NULL,
    email varchar(255) NOT NULL,
    expires bigint NOT NULL,
    spent bigint NOT NULL,
    KEY pool_links_user (user_id),
    KEY pool_links_expires (expires)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- When a user's password or e-mail address was last changed: older links of the Go program are void.
CREATE TABLE IF NOT EXISTS pool_credentials (
    user_id bigint NOT NULL PRIMARY KEY,
    changed bigint NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
