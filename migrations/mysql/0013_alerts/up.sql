-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- Alarms that people are told of, by each way (mail, webhook). since, seen, due, told: unix seconds; seen: when it
-- was last found to stand; due: not to be told before; told: 0 while nobody was. State new, told or over.
CREATE TABLE IF NOT EXISTS pool_alerts (
    way varchar(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    alarm varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    about varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    message varchar(1000) NOT NULL,
    since bigint NOT NULL,
    seen bigint NOT NULL,
    state varchar(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    due bigint NOT NULL,
    told bigint NOT NULL,
    PRIMARY KEY (way, alarm, about)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
