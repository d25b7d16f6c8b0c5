-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- For what is looked up when an account is closed (its sign-up, its mails), and by operators in the audit log. MySQL knows
-- no CREATE INDEX IF NOT EXISTS.
SET @sql = IF(EXISTS (SELECT * FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'pool_sign_ups' AND index_name = 'pool_sign_ups_user'),
    'DO 0', 'CREATE INDEX pool_sign_ups_user ON pool_sign_ups (user_id)');
PREPARE statement FROM @sql;
EXECUTE statement;
DEALLOCATE PREPARE statement;

SET @sql = IF(EXISTS (SELECT * FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'pool_mails' AND index_name = 'pool_mails_recipient'),
    'DO 0', 'CREATE INDEX pool_mails_recipient ON pool_mails (recipient)');
PREPARE statement FROM @sql;
EXECUTE statement;
DEALLOCATE PREPARE statement;

SET @sql = IF(EXISTS (SELECT * FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'pool_audit' AND index_name = 'pool_audit_event'),
    'DO 0', 'CREATE INDEX pool_audit_event ON pool_audit (event, happened)');
PREPARE statement FROM @sql;
EXECUTE statement;
DEALLOCATE PREPARE statement;

SET @sql = IF(EXISTS (SELECT * FROM information_schema.statistics WHERE table_schema = DATABASE()
        AND table_name = 'pool_audit' AND index_name = 'pool_audit_detail'),
    'DO 0', 'CREATE INDEX pool_audit_detail ON pool_audit (detail(64))');
PREPARE statement FROM @sql;
EXECUTE statement;
DEALLOCATE PREPARE statement;
