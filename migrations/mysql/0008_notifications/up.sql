-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- Of what a user wants to be told by mail: 1, or 0. No row: the defaults of the program.
CREATE TABLE IF NOT EXISTS pool_notifications (
    user_id bigint NOT NULL PRIMARY KEY,
    missed bigint NOT NULL,
    low_fee bigint NOT NULL,
    voted bigint NOT NULL,
    expired bigint NOT NULL,
    vote_version bigint NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- What happened to a user's tickets (subject: the ticket's hash; or the vote version that reset the
-- preferences), at which height, and when it was told (unix seconds, 0: not yet). What was told stays for a
-- while, so that nothing is told twice.
CREATE TABLE IF NOT EXISTS pool_news (
    user_id bigint NOT NULL,
    kind varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    subject varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    height bigint NOT NULL,
    told bigint NOT NULL,
    PRIMARY KEY (user_id, kind, subject),
    KEY pool_news_told (told, height, user_id, kind)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
