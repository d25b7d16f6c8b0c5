-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- What each voter did when a ticket was called, microseconds from the block's announcement: when its vote was
-- signed, and when its dcrd answered. A ticket that is called on several sibling blocks has the last one.
CREATE TABLE IF NOT EXISTS pool_vote_times (
    ticket char(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    voter varchar(255) NOT NULL,
    signed_us bigint NOT NULL,
    answered_us bigint NOT NULL,
    outcome varchar(16) NOT NULL,
    noted bigint NOT NULL,
    PRIMARY KEY (ticket, voter),
    KEY pool_vote_times_noted (noted)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
