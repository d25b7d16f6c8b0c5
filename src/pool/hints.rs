//! What to do about an alarm.

/// By the alarm's id, which monitors know.
pub fn for_alarm(id: &str) -> &'static str {
    match id {
        "wallet_locked" => {
            "unlock it by walletpassphrase, with the right passphrase: a wrong one locks a wallet"
        }
        "wallet_has_money" => {
            "send it to the cold wallet; whoever paid used a wrong address of the pool"
        }
        "wallet_votes" => "start dcrwallet without enablevoting",
        "wallet_disconnected" => {
            "start dcrwallet, or see why it does not answer; it is tried again"
        }
        "wallet_without_daemon" => "see dcrwallet's log for why it does not reach its dcrd",
        "wallet_unfit" => "put the right wallet back; the voter goes on by itself then",
        "dcrd_disconnected" => "start dcrd, or see why it does not answer; it is tried again",
        "dcrd_unfit" => "put the right dcrd back; the voter goes on by itself then",
        "dcrd_behind" | "tip_old" | "voter_lags" => {
            "see whether dcrd has peers and the machine's clock is right"
        }
        "chain_not_read" => "see the voter's log for the block that cannot be read",
        "other_branch" => "see whether dcrd has peers: its chain is not that of the other nodes",
        "preferences_refused" => {
            "see that web uses the right database; if it does: dcrstakepool resume --accept-preferences"
        }
        "preferences_churn" => "see in the audit log who changed so many preferences",
        "invalid_bits" => "the users' bits do not fit their vote version: have them choose again",
        "signer_fell_back" => "unlock the wallet: the memory signer takes its key from there",
        "vote_missed" => "see which on /status, and what each voter's log says of those blocks",
        "vote_failed" => "see /status and the voter's log for what became of it",
        "state_not_saved" => "see whether the disk of voter.data_dir is full or read-only",
        "state_not_read" => "see the voter's log at its start; what is missing is learnt again",
        "database_away" => "see why the database does not answer; votes do not need it",
        "database_is_older" => "a backup was restored: see deploy/RUNBOOK.md before users sign up",
        "database_slow" => "see disk, memory and slow query log of the database's machine",
        "backup_old" => "see systemctl status dcrstakepool-backup.timer dcrstakepool-backup",
        "certificate_expires" => {
            "renew it: the site's by certbot or Caddy; dcrd, dcrwallet and voter make another one when theirs and its key are away, to be copied to who pins it"
        }
        "clock_wrong" => "see timedatectl there and here: chrony or systemd-timesyncd must run",
        "mail_stuck" => "see the line mail, and web's log for what the mail server said",
        "voters_differ" => "compare the voters on /status; the one with the most work is believed",
        _ => "see deploy/RUNBOOK.md",
    }
}
