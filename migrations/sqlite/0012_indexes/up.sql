-- Every statement can be repeated: MySQL commits each one, so a crash leaves some of them done.

-- For what is looked up when an account is closed (its sign-up, its mails), and by operators in the audit log.
CREATE INDEX IF NOT EXISTS pool_sign_ups_user ON pool_sign_ups (user_id);
CREATE INDEX IF NOT EXISTS pool_mails_recipient ON pool_mails (recipient);
CREATE INDEX IF NOT EXISTS pool_audit_event ON pool_audit (event, happened);
CREATE INDEX IF NOT EXISTS pool_audit_detail ON pool_audit (detail);
