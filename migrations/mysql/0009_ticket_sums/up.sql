-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- What is summed up of a user's tickets is read from these alone, and not from thousands of rows. MySQL knows
-- no CREATE INDEX IF NOT EXISTS.
SET @sql = IF(EXISTS (SELECT * FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'Tickets' AND index_name = 'Tickets_waiting'),
    'DO 0', 'CREATE INDEX Tickets_waiting ON Tickets (user_id, status, verdict, mined_height)');
PREPARE statement FROM @sql;
EXECUTE statement;
DEALLOCATE PREPARE statement;

SET @sql = IF(EXISTS (SELECT * FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'Tickets' AND index_name = 'Tickets_earned'),
    'DO 0', 'CREATE INDEX Tickets_earned ON Tickets (user_id, vote_height, vote_reward)');
PREPARE statement FROM @sql;
EXECUTE statement;
DEALLOCATE PREPARE statement;
