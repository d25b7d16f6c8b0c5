-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- Mails on their way: state is waiting, sent or given_up; due is the next try, or when it ended. What a
-- mail says is wiped when it ends: it holds links.
CREATE TABLE IF NOT EXISTS pool_mails (
    id char(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    recipient varchar(255) NOT NULL,
    subject varchar(255) NOT NULL,
    body mediumtext NOT NULL,
    html mediumtext NOT NULL,
    created bigint NOT NULL,
    state varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    due bigint NOT NULL,
    attempts bigint NOT NULL,
    problem varchar(255) NOT NULL,
    KEY pool_mails_due (state, due)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
