-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- Users who said that their redeem script is saved, and when: the others are reminded.
CREATE TABLE IF NOT EXISTS pool_saved_scripts (
    user_id bigint NOT NULL PRIMARY KEY,
    said bigint NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
