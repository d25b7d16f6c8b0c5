-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- How things stood at each block, for pictures over time: all rows of the last two days, one an hour for
-- sixty days, one a day before. block_time: of the block itself, unix seconds. voted, missed, expired: of
-- all time. votes: own votes on the blocks that the row stands for; latencies in microseconds.
CREATE TABLE IF NOT EXISTS Samples (
    height bigint NOT NULL PRIMARY KEY,
    block_time bigint NOT NULL,
    ticket_price bigint NOT NULL,
    pool_size bigint NOT NULL,
    live bigint NOT NULL,
    immature bigint NOT NULL,
    voted bigint NOT NULL,
    missed bigint NOT NULL,
    expired bigint NOT NULL,
    votes bigint NOT NULL,
    latency_median bigint NULL,
    latency_slowest bigint NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
