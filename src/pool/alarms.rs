//! What a person must look at, each with the moment at which it began.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use super::alerts::Standing;
use super::upkeep::CLOCK_SECS;
use super::voters::{Peer, View};
use super::{Halt, Pool, clocks};
use crate::db::MailCounts;
use crate::decred::Height;
use crate::domain::TicketCounts;
use crate::rpc::wire::{Alarm, Status};

/// Stable names, for monitors; a voter's own alarms have theirs.
pub mod id {
    /// There are backups of the database, and the last one is too old.
    pub const BACKUP_OLD: &str = "backup_old";
    /// The site's; a voter has an alarm of the same name.
    pub const CERTIFICATE_EXPIRES: &str = "certificate_expires";
    /// Of a voter's machine or the database's, against web's.
    pub const CLOCK_WRONG: &str = "clock_wrong";
    pub const DATABASE_AWAY: &str = "database_away";
    /// Voters know more than the database: a backup was restored, or it is the wrong one.
    pub const DATABASE_IS_OLDER: &str = "database_is_older";
    pub const DATABASE_SLOW: &str = "database_slow";
    pub const HALTED: &str = "halted";
    /// A mail has waited for long: the mail server is away, or does not take it.
    pub const MAIL_STUCK: &str = "mail_stuck";
    pub const OTHER_BRANCH: &str = "other_branch";
    pub const TOO_FEW_VOTERS: &str = "too_few_voters";
    /// Tickets that were called in the last day are not voted, and cannot be any more.
    pub const VOTE_MISSED: &str = "vote_missed";
    pub const VOTER_AWAY: &str = "voter_away";
    pub const VOTER_CONFIGURED_DIFFERENTLY: &str = "voter_configured_differently";
    pub const VOTER_LAGS: &str = "voter_lags";
    pub const VOTER_WRONG: &str = "voter_wrong";
    pub const VOTERS_DIFFER: &str = "voters_differ";
}

/// Two voters count the tickets of a new block at different moments.
const DIFFER_SECS: i64 = 10;
/// What two web processes push at the same moment is settled at the next look.
const OLDER_SECS: i64 = 10;
/// A mail server may be away for a while.
const MAIL_SECS: i64 = 15 * 60;
/// Branches of one block end with the next one.
const BRANCH_SECS: i64 = 60;

/// What is found at one look.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    Holds(Reason),
    /// This time it cannot be told whether the reason holds: what was found before stays.
    Unclear(Key),
}

/// Which alarm, and about which voter.
type Key = (&'static str, String);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reason {
    key: Key,
    pub message: String,
    /// When it began (unix seconds), where that is known; else it is when it was found.
    since: Option<i64>,
    /// Nobody is told before it has lasted for so many seconds.
    patience: i64,
}

impl Reason {
    pub fn new(id: &'static str, about: &str, message: String) -> Self {
        Self {
            key: (id, about.to_owned()),
            message,
            since: None,
            patience: 0,
        }
    }

    pub fn since(self, since: i64) -> Self {
        Self {
            since: Some(since),
            ..self
        }
    }

    pub fn patience(self, patience: i64) -> Self {
        Self { patience, ..self }
    }
}

/// The reasons for alarms over time; pure.
#[derive(Debug, Default)]
pub struct Reasons(BTreeMap<Key, Lasting>);

#[derive(Debug)]
struct Lasting {
    message: String,
    since: i64,
    told: bool,
}

/// What one update changed.
#[derive(Debug, Default, PartialEq, Eq)]
struct News {
    begun: Vec<Alarm>,
    over: Vec<Alarm>,
}

impl Reasons {
    fn update(&mut self, found: Vec<Finding>, now: i64) -> News {
        let mut former = std::mem::take(&mut self.0);
        let mut news = News::default();
        for finding in found {
            match finding {
                Finding::Unclear(key) => {
                    if let Some(lasting) = former.remove(&key) {
                        self.0.insert(key, lasting);
                    }
                }
                Finding::Holds(reason) => {
                    let before = former.remove(&reason.key);
                    let found_at = before.as_ref().map_or(now, |before| before.since);
                    // The clock may have been set back.
                    let since = reason.since.unwrap_or(found_at).min(now);
                    let told_before = before.is_some_and(|before| before.told);
                    let lasted = now.saturating_sub(since) >= reason.patience;
                    let lasting = Lasting {
                        message: reason.message,
                        since,
                        told: told_before || lasted,
                    };
                    if lasting.told && !told_before {
                        news.begun.push(lasting.alarm(reason.key.0));
                    }
                    self.0.insert(reason.key, lasting);
                }
            }
        }
        let over = former.iter().filter(|(_, lasting)| lasting.told);
        news.over = over.map(|((id, _), lasting)| lasting.alarm(id)).collect();
        news
    }

    fn standing(&self) -> Vec<Standing> {
        let told = self.0.iter().filter(|(_, lasting)| lasting.told);
        told.map(|((id, about), lasting)| Standing {
            alarm: (*id).to_owned(),
            about: about.clone(),
            message: lasting.message.clone(),
            since: lasting.since,
        })
        .collect()
    }

    fn tells(&self, id: &'static str, about: &str) -> bool {
        let lasting = self.0.get(&(id, about.to_owned()));
        lasting.is_some_and(|lasting| lasting.told)
    }
}

impl Lasting {
    fn alarm(&self, id: &str) -> Alarm {
        alarm(id, self.message.clone(), self.since)
    }
}

pub(super) fn alarm(id: &str, message: String, since: i64) -> Alarm {
    Alarm {
        id: id.to_owned(),
        message,
        since,
    }
}

impl Pool {
    fn reasons(&self) -> MutexGuard<'_, Reasons> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for reasons for alarms: at each look at a voter, so that each knows when it began.
    pub(super) fn note_reasons(&self) {
        let now = self.clock.unix_seconds();
        let found = self.findings(now);
        let news = self.reasons().update(found, now);
        for begun in news.begun.iter().filter(|alarm| !logged_elsewhere(alarm)) {
            tracing::warn!(alarm = begun.id, "{}", begun.message);
        }
        for over in news.over.iter().filter(|alarm| !logged_elsewhere(alarm)) {
            tracing::info!(alarm = over.id, "over: {}", over.message);
        }
    }

    /// All alarms: ours and the voters'.
    pub(super) fn alarms(&self, halt: Option<&Halt>) -> Vec<Alarm> {
        let standing = self.standing_alarms(halt).into_iter();
        standing
            .map(|it| alarm(&it.alarm, it.message, it.since))
            .collect()
    }

    /// The same, with whom they are about.
    pub(super) fn standing_alarms(&self, halt: Option<&Halt>) -> Vec<Standing> {
        self.note_reasons();
        let mut standing = Vec::new();
        if let Some(halt) = halt {
            standing.push(Standing {
                alarm: id::HALTED.to_owned(),
                about: String::new(),
                message: format!("enrolment is halted: {}: {}", halt.voter, halt.reason),
                since: halt.since,
            });
        }
        standing.extend(self.reasons().standing());
        for peer in &self.peers {
            let view = peer.view();
            let Some(status) = view.status.as_ref().filter(|_| view.connected) else {
                continue;
            };
            standing.extend(status.alarms.iter().map(|theirs| Standing {
                alarm: theirs.id.clone(),
                about: peer.name().to_owned(),
                message: format!("{}: {}", peer.name(), theirs.message),
                since: theirs.since,
            }));
        }
        standing
    }

    /// Whether this voter has been on another branch than the leader for long.
    pub(super) fn is_on_another_branch(&self, peer: &Peer) -> bool {
        self.reasons().tells(id::OTHER_BRANCH, peer.name())
    }

    /// Voters that can vote now.
    pub(super) fn able(&self) -> usize {
        let able = self.peers.iter().filter(|peer| peer.view().able());
        able.count()
    }

    fn findings(&self, now: i64) -> Vec<Finding> {
        let mut found = Vec::new();
        let (able, needed) = (self.able(), self.settings.min_voters);
        // At the start those that were not asked yet are not missing.
        let asked = |view: &View| view.seen_at.is_some() || view.problem.is_some();
        if able < needed && self.peers.iter().all(|peer| asked(&peer.view())) {
            let message = format!("{able} voters of at least {needed} can vote");
            found.push(Finding::Holds(Reason::new(id::TOO_FEW_VOTERS, "", message)));
        }
        let best = self.best_height();
        let leader = self.shown().leader.clone();
        let leader = leader.and_then(|name| self.peers.iter().find(|peer| peer.name() == name));
        let leading = leader.map(|peer| (peer.name(), peer.view().clone()));
        for peer in &self.peers {
            let view = peer.view().clone();
            self.look_at_one(peer.name(), &view, best, now, &mut found);
            if let Some((leader, leading)) = &leading
                && *leader != peer.name()
            {
                compare((peer.name(), &view), (leader, leading), &mut found);
            }
        }
        let missed = self.history().map_or(0, |history| history.missed_lately);
        if missed > 0 {
            let message = format!("tickets that missed their vote within a day: {missed}");
            found.push(Finding::Holds(Reason::new(id::VOTE_MISSED, "", message)));
        }
        if let Some((mails, since)) = self.post.counts().and_then(waiting) {
            let message = format!("the mail server does not take mails: {mails} wait");
            let reason = Reason::new(id::MAIL_STUCK, "", message).since(since);
            found.push(Finding::Holds(reason.patience(MAIL_SECS)));
        }
        found.extend(self.upkeep().reasons(now).into_iter().map(Finding::Holds));
        found
    }

    fn look_at_one(
        &self,
        name: &str,
        view: &View,
        best: Option<Height>,
        now: i64,
        found: &mut Vec<Finding>,
    ) {
        let mut holds = |reason: Reason| found.push(Finding::Holds(reason));
        if let Some(problem) = &view.problem {
            let id = if problem.wrong {
                id::VOTER_WRONG
            } else {
                id::VOTER_AWAY
            };
            let message = format!("{name}: {}", problem.text);
            holds(Reason::new(id, name, message).since(problem.since));
        }
        if !view.differing_keys.is_empty() {
            let keys = view.differing_keys.join(", ");
            let message = format!("{name} is configured differently: {keys}");
            holds(Reason::new(id::VOTER_CONFIGURED_DIFFERENTLY, name, message));
        }
        if let Some(ahead) = &view.ahead {
            let message = format!("{name} {ahead}");
            holds(Reason::new(id::DATABASE_IS_OLDER, name, message).patience(OLDER_SECS));
        }
        let ahead = view.clock_ahead.filter(|_| view.connected);
        if let Some(message) = ahead.and_then(|ahead| clocks::wrong(name, ahead)) {
            holds(Reason::new(id::CLOCK_WRONG, name, message).patience(CLOCK_SECS));
        }
        let status = view.status.as_ref().filter(|_| view.connected);
        let tip = status.and_then(|status| status.best.as_ref());
        if let (Some(tip), Some(best)) = (tip, best)
            && self.lags(tip.height, best, now)
        {
            let message = format!("{name} is at block {}, the best at {best}", tip.height);
            holds(Reason::new(id::VOTER_LAGS, name, message));
        }
    }
}

fn waiting(mails: MailCounts) -> Option<(u64, i64)> {
    mails.waiting_since.map(|since| (mails.waiting, since))
}

/// Where a voter differs from the one that is believed.
fn compare((name, view): (&str, &View), leader: (&str, &View), found: &mut Vec<Finding>) {
    if !view.connected || !leader.1.connected {
        return;
    }
    if let Some(height) = view.trail.parts_from(&leader.1.trail) {
        let message = format!(
            "{name} has another block at height {height} than {}, which is followed",
            leader.0
        );
        let reason = Reason::new(id::OTHER_BRANCH, name, message).patience(BRANCH_SECS);
        found.push(Finding::Holds(reason));
    }
    let (Some(ours), Some(theirs)) = (loaded(view), loaded(leader.1)) else {
        return;
    };
    let block = |status: &Status| status.best.as_ref().map(|tip| tip.hash);
    if block(ours).is_none() || block(ours) != block(theirs) {
        let key = (id::VOTERS_DIFFER, name.to_owned());
        return found.push(Finding::Unclear(key));
    }
    let differing = differing_counts(&ours.tickets, &theirs.tickets);
    if !differing.is_empty() {
        let differing = differing.join(", ");
        let message = format!(
            "{name} and {} count tickets differently: {differing}",
            leader.0
        );
        let reason = Reason::new(id::VOTERS_DIFFER, name, message).patience(DIFFER_SECS);
        found.push(Finding::Holds(reason));
    }
}

/// The status, if all tickets are in it.
fn loaded(view: &View) -> Option<&Status> {
    let status = view.status.as_deref()?;
    (status.tickets_loaded && status.dcrd.connected).then_some(status)
}

/// The counts in which both differ, in words. Each has its own mempool.
fn differing_counts(one: &TicketCounts, other: &TicketCounts) -> Vec<String> {
    let counts = [
        ("immature", one.immature, other.immature),
        ("live", one.live, other.live),
        ("voted", one.voted, other.voted),
        ("missed", one.missed, other.missed),
        ("expired", one.expired, other.expired),
        ("revoked", one.revoked, other.revoked),
        ("low fee", one.low_fee, other.low_fee),
    ];
    let differing = counts.iter().filter(|(_, one, other)| one != other);
    differing
        .map(|(name, one, other)| format!("{name} {one} and {other}"))
        .collect()
}

/// The watcher of the voter says these itself.
fn logged_elsewhere(alarm: &Alarm) -> bool {
    [
        id::VOTER_AWAY,
        id::VOTER_WRONG,
        id::VOTER_CONFIGURED_DIFFERENTLY,
    ]
    .contains(&alarm.id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(message: &str, patience: i64) -> Vec<Finding> {
        let reason = Reason::new(id::VOTERS_DIFFER, "v1", message.into());
        vec![Finding::Holds(reason.patience(patience))]
    }

    fn unclear() -> Vec<Finding> {
        vec![Finding::Unclear((id::VOTERS_DIFFER, "v1".into()))]
    }

    #[test]
    fn a_reason_is_told_once_it_has_lasted_and_knows_when_it_began() {
        let mut reasons = Reasons::default();
        assert_eq!(reasons.update(holds("1 and 2", 10), 100), News::default());
        assert!(reasons.standing().is_empty());
        let news = reasons.update(holds("1 and 3", 10), 110);
        let told = alarm(id::VOTERS_DIFFER, "1 and 3".into(), 100);
        assert_eq!(news.begun, std::slice::from_ref(&told));
        let [standing] = reasons.standing().try_into().unwrap();
        assert_eq!((standing.about.as_str(), standing.since), ("v1", 100));
        assert!(reasons.tells(id::VOTERS_DIFFER, "v1"));
        assert!(!reasons.tells(id::VOTERS_DIFFER, "v2"));
        assert_eq!(reasons.update(holds("1 and 3", 10), 111), News::default());
        assert_eq!(reasons.update(Vec::new(), 112).over, [told]);
        assert!(reasons.standing().is_empty());
    }

    #[test]
    fn what_ends_in_time_is_never_told_and_begins_anew() {
        let mut reasons = Reasons::default();
        reasons.update(holds("x", 10), 100);
        assert_eq!(reasons.update(Vec::new(), 105), News::default());
        reasons.update(holds("x", 10), 109);
        assert!(reasons.update(holds("x", 10), 118).begun.is_empty());
        assert_eq!(reasons.update(holds("x", 10), 119).begun.len(), 1);
    }

    #[test]
    fn a_clock_that_is_set_back_silences_no_alarm() {
        let mut reasons = Reasons::default();
        reasons.update(holds("x", 10), 1_000);
        assert!(reasons.update(holds("x", 10), 100).begun.is_empty());
        assert_eq!(reasons.update(holds("x", 10), 110).begun.len(), 1);
    }

    #[test]
    fn a_look_that_cannot_tell_changes_nothing() {
        let mut reasons = Reasons::default();
        reasons.update(unclear(), 90);
        assert!(reasons.standing().is_empty());
        reasons.update(holds("x", 10), 100);
        reasons.update(unclear(), 105);
        assert_eq!(reasons.update(holds("x", 10), 110).begun.len(), 1);
        assert_eq!(reasons.update(unclear(), 111), News::default());
        assert_eq!(reasons.standing().len(), 1);
    }

    #[test]
    fn counts_that_differ_are_named() {
        let one = TicketCounts {
            mempool: 1,
            live: 10,
            missed: 2,
            ..TicketCounts::default()
        };
        let other = TicketCounts {
            live: 11,
            missed: 1,
            ..TicketCounts::default()
        };
        assert_eq!(
            differing_counts(&one, &other),
            ["live 10 and 11", "missed 2 and 1"]
        );
        assert!(differing_counts(&one, &one).is_empty());
    }
}
