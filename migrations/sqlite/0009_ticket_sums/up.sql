-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- What is summed up of a user's tickets is read from these alone, and not from thousands of rows.
CREATE INDEX IF NOT EXISTS Tickets_waiting ON Tickets (user_id, status, verdict, mined_height);
CREATE INDEX IF NOT EXISTS Tickets_earned ON Tickets (user_id, vote_height, vote_reward);
