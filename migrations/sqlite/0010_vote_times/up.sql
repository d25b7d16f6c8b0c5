-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- What each voter did when a ticket was called, microseconds from the block's announcement: when its vote was
-- signed, and when its dcrd answered. A ticket that is called on several sibling blocks has the last one.
CREATE TABLE IF NOT EXISTS pool_vote_times (
    ticket text NOT NULL,
    voter text NOT NULL,
    signed_us integer NOT NULL,
    answered_us integer NOT NULL,
    outcome text NOT NULL,
    noted integer NOT NULL,
    PRIMARY KEY (ticket, voter)
);
CREATE INDEX IF NOT EXISTS pool_vote_times_noted ON pool_vote_times (noted);
