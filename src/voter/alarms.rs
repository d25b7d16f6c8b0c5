//! What a person must look at; pure.

use std::collections::BTreeMap;

use crate::rpc::wire::Alarm;

/// Stable names, for monitors.
pub mod id {
    /// A certificate of this node ends soon.
    pub const CERTIFICATE_EXPIRES: &str = "certificate_expires";
    /// It owns something, and lies on a machine that is online.
    pub const WALLET_HAS_MONEY: &str = "wallet_has_money";
    pub const WALLET_LOCKED: &str = "wallet_locked";
    pub const WALLET_VOTES: &str = "wallet_votes";
    pub const WALLET_DISCONNECTED: &str = "wallet_disconnected";
    pub const WALLET_WITHOUT_DAEMON: &str = "wallet_without_daemon";
    /// After a reconnect the wallet failed the checks of the start.
    pub const WALLET_UNFIT: &str = "wallet_unfit";
    /// After a reconnect dcrd failed the checks of the start.
    pub const DCRD_UNFIT: &str = "dcrd_unfit";
    pub const DCRD_DISCONNECTED: &str = "dcrd_disconnected";
    pub const DCRD_BEHIND: &str = "dcrd_behind";
    /// dcrd believes to be up to date, and its best block is old.
    pub const TIP_OLD: &str = "tip_old";
    /// Blocks cannot be read: what is known of tickets grows old. Votes go on.
    pub const CHAIN_NOT_READ: &str = "chain_not_read";
    pub const PREFERENCES_REFUSED: &str = "preferences_refused";
    /// Many users' bits changed within an hour.
    pub const PREFERENCES_CHURN: &str = "preferences_churn";
    pub const INVALID_BITS: &str = "invalid_bits";
    pub const SIGNER_FELL_BACK: &str = "signer_fell_back";
    pub const VOTE_FAILED: &str = "vote_failed";
    pub const STATE_NOT_SAVED: &str = "state_not_saved";
    pub const STATE_NOT_READ: &str = "state_not_read";
    pub const DATABASE_AWAY: &str = "database_away";
}

/// The alarms that are on.
#[derive(Debug, Default)]
pub struct Alarms(BTreeMap<&'static str, Alarm>);

impl Alarms {
    /// Turns an alarm on, or changes its words. The alarm, if it was off.
    pub fn raise(&mut self, id: &'static str, message: String, now: i64) -> Option<Alarm> {
        if let Some(on) = self.0.get_mut(id) {
            on.message = message;
            return None;
        }
        let alarm = Alarm {
            id: id.to_owned(),
            message,
            since: now,
        };
        self.0.insert(id, alarm.clone());
        Some(alarm)
    }

    /// Turns it off; true if it was on.
    pub fn clear(&mut self, id: &str) -> bool {
        self.0.remove(id).is_some()
    }

    pub fn list(&self) -> Vec<Alarm> {
        self.0.values().cloned().collect()
    }
}
