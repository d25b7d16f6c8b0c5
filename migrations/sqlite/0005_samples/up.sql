-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- How things stood at each block, for pictures over time: all rows of the last two days, one an hour for
-- sixty days, one a day before. block_time: of the block itself, unix seconds. voted, missed, expired: of
-- all time. votes: own votes on the blocks that the row stands for; latencies in microseconds.
CREATE TABLE IF NOT EXISTS Samples (
    height integer NOT NULL PRIMARY KEY,
    block_time integer NOT NULL,
    ticket_price integer NOT NULL,
    pool_size integer NOT NULL,
    live integer NOT NULL,
    immature integer NOT NULL,
    voted integer NOT NULL,
    missed integer NOT NULL,
    expired integer NOT NULL,
    votes integer NOT NULL,
    latency_median integer NULL,
    latency_slowest integer NULL
);
