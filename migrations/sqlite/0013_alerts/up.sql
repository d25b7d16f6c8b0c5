-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- Alarms that people are told of, by each way (mail, webhook). since, seen, due, told: unix seconds; seen: when it
-- was last found to stand; due: not to be told before; told: 0 while nobody was. State new, told or over.
CREATE TABLE IF NOT EXISTS pool_alerts (
    way text NOT NULL,
    alarm text NOT NULL,
    about text NOT NULL,
    message text NOT NULL,
    since integer NOT NULL,
    seen integer NOT NULL,
    state text NOT NULL,
    due integer NOT NULL,
    told integer NOT NULL,
    PRIMARY KEY (way, alarm, about)
);
