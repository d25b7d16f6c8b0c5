-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- Mails on their way: state is waiting, sent or given_up; due is the next try, or when it ended. What a
-- mail says is wiped when it ends: it holds links.
CREATE TABLE IF NOT EXISTS pool_mails (
    id text NOT NULL PRIMARY KEY,
    recipient text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    html text NOT NULL,
    created integer NOT NULL,
    state text NOT NULL,
    due integer NOT NULL,
    attempts integer NOT NULL,
    problem text NOT NULL
);
CREATE INDEX IF NOT EXISTS pool_mails_due ON pool_mails (state, due);
