-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- Of what a user wants to be told by mail: 1, or 0. No row: the defaults of the program.
CREATE TABLE IF NOT EXISTS pool_notifications (
    user_id integer NOT NULL PRIMARY KEY,
    missed integer NOT NULL,
    low_fee integer NOT NULL,
    voted integer NOT NULL,
    expired integer NOT NULL,
    vote_version integer NOT NULL
);

-- What happened to a user's tickets (subject: the ticket's hash; or the vote version that reset the
-- preferences), at which height, and when it was told (unix seconds, 0: not yet). What was told stays for a
-- while, so that nothing is told twice.
CREATE TABLE IF NOT EXISTS pool_news (
    user_id integer NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    height integer NOT NULL,
    told integer NOT NULL,
    PRIMARY KEY (user_id, kind, subject)
);
CREATE INDEX IF NOT EXISTS pool_news_told ON pool_news (told, height, user_id, kind);
