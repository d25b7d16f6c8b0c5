//! The users' voting preferences and the rules by which a push is refused. Nothing known is forgotten
//! because someone sends less; pure.

use std::collections::{BTreeMap, BTreeSet};

use super::scripts::Script;
use crate::decred::VoteBits;
use crate::domain::{Digest, PoolId, Preference, Revision, UserId};
use crate::rpc::wire::{PreferencesPush, code};

/// A full push may lack this many known users, or one percent of them, whichever is more.
const SHRINKING_USERS: usize = 2;

/// Why a push is not taken; the alarm's text too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the push is of pool {theirs}, this voter belongs to pool {ours}")]
    OtherPool { ours: PoolId, theirs: PoolId },
    #[error("user {user} comes with revision {theirs}, older than revision {ours} held here")]
    Older {
        user: UserId,
        ours: Revision,
        theirs: Revision,
    },
    #[error("the push lacks {missing} of {known} known users")]
    Shrinking { missing: usize, known: usize },
}

impl Refusal {
    /// The code web sees.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::OtherPool { .. } => code::WRONG_POOL,
            Refusal::Older { .. } => code::STALE,
            Refusal::Shrinking { .. } => code::SHRINKING,
        }
    }
}

/// What changed since the preferences were written to disk.
#[derive(Debug, Clone)]
enum Unsaved {
    Users(BTreeSet<UserId>),
    /// Some are gone.
    All,
}

impl Default for Unsaved {
    fn default() -> Self {
        Self::Users(BTreeSet::new())
    }
}

/// What is held of the users' preferences.
#[derive(Debug, Clone, Default)]
pub struct Preferences {
    pool: Option<PoolId>,
    by_user: BTreeMap<UserId, Preference>,
    /// Of them all, and its text.
    digest: Digest,
    digest_text: String,
    /// The highest.
    revision: Revision,
    unsaved: Unsaved,
    confirmed: bool,
    refused: Option<Refusal>,
}

impl Preferences {
    /// As read back from disk: held, not yet confirmed.
    pub fn restore(pool: Option<PoolId>, preferences: Vec<Preference>) -> Self {
        let mut held = Self {
            pool,
            ..Self::default()
        };
        held.take(preferences);
        held
    }

    pub fn of(&self, user: UserId) -> Option<&Preference> {
        self.by_user.get(&user)
    }

    /// What the owner of a script chose. A preference that was stored for another address is another
    /// person's.
    pub fn of_owner(&self, script: &Script) -> Option<&Preference> {
        self.of(script.user_id)
            .filter(|held| held.ticket_address == script.address())
    }

    /// Users whose held bits this push changes. A reset to the default by a new vote version is no
    /// change that anybody made, and what an operator accepts was looked at.
    pub fn changed_by(&self, push: &PreferencesPush) -> Vec<UserId> {
        let changed = |new: &&Preference| {
            self.of(new.user_id).is_some_and(|held| {
                let reset = new.version > held.version && new.bits == VoteBits::DEFAULT;
                held.bits != new.bits && !reset
            })
        };
        let pushed = push.preferences.iter().filter(|_| !push.accept);
        pushed.filter(changed).map(|new| new.user_id).collect()
    }

    pub fn all(&self) -> impl Iterator<Item = &Preference> {
        self.by_user.values()
    }

    pub fn count(&self) -> usize {
        self.by_user.len()
    }

    pub fn pool(&self) -> Option<PoolId> {
        self.pool
    }

    pub fn digest(&self) -> &str {
        &self.digest_text
    }

    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Users whose preferences changed since they were written; more than there are when all must be.
    pub fn unsaved(&self) -> usize {
        match &self.unsaved {
            Unsaved::Users(users) => users.len(),
            Unsaved::All => usize::MAX,
        }
    }

    /// Counts as written what it gives.
    pub fn take_unsaved(&mut self) -> Vec<Preference> {
        match std::mem::take(&mut self.unsaved) {
            Unsaved::Users(users) => {
                let changed = users.iter().filter_map(|user| self.by_user.get(user));
                changed.cloned().collect()
            }
            Unsaved::All => self.all().cloned().collect(),
        }
    }

    /// Whether web or the database has spoken since the start.
    pub fn confirmed(&self) -> bool {
        self.confirmed
    }

    pub fn refused(&self) -> Option<&Refusal> {
        self.refused.as_ref()
    }

    /// A new voter belongs to the first pool that speaks to it.
    pub fn adopt(&mut self, pool: PoolId) -> Result<(), Refusal> {
        match self.pool {
            None => self.pool = Some(pool),
            Some(ours) if ours == pool => {}
            Some(ours) => return Err(Refusal::OtherPool { ours, theirs: pool }),
        }
        Ok(())
    }

    /// Takes a push or refuses all of it; `accept` overrides the refusal, never the pool's identity
    /// without saying so. True when something changed.
    pub fn push(&mut self, push: PreferencesPush) -> Result<bool, Refusal> {
        if let Some(refusal) = self.objection(&push).filter(|_| !push.accept) {
            self.refused = Some(refusal.clone());
            return Err(refusal);
        }
        let before = self.digest;
        if push.full && push.accept {
            self.by_user.clear();
            self.digest = Digest::default();
            self.revision = Revision::default();
            self.unsaved = Unsaved::All;
        }
        self.pool = Some(push.pool_id);
        self.take(push.preferences);
        self.confirmed = true;
        self.refused = None;
        Ok(before != self.digest)
    }

    fn objection(&self, push: &PreferencesPush) -> Option<Refusal> {
        if let Some(ours) = self.pool.filter(|ours| *ours != push.pool_id) {
            let theirs = push.pool_id;
            return Some(Refusal::OtherPool { ours, theirs });
        }
        self.older(push).or_else(|| self.shrinking(push))
    }

    fn older(&self, push: &PreferencesPush) -> Option<Refusal> {
        push.preferences.iter().find_map(|new| {
            let held = self.by_user.get(&new.user_id)?;
            (new.revision < held.revision).then_some(Refusal::Older {
                user: new.user_id,
                ours: held.revision,
                theirs: new.revision,
            })
        })
    }

    fn shrinking(&self, push: &PreferencesPush) -> Option<Refusal> {
        if !push.full {
            return None;
        }
        let sent: std::collections::HashSet<_> =
            push.preferences.iter().map(|p| p.user_id).collect();
        let known = self.by_user.len();
        let missing = self
            .by_user
            .keys()
            .filter(|user| !sent.contains(user))
            .count();
        (missing > SHRINKING_USERS && missing.saturating_mul(100) > known)
            .then_some(Refusal::Shrinking { missing, known })
    }

    fn take(&mut self, preferences: Vec<Preference>) {
        for new in preferences {
            self.digest.add_preference(&new);
            self.revision = self.revision.max(new.revision);
            if let Unsaved::Users(users) = &mut self.unsaved {
                users.insert(new.user_id);
            }
            if let Some(former) = self.by_user.insert(new.user_id, new) {
                self.digest.remove_preference(&former);
                if former.revision == self.revision {
                    self.revision = highest(&self.by_user);
                }
            }
        }
        self.digest_text = self.digest.to_hex();
    }
}

fn highest(preferences: &BTreeMap<UserId, Preference>) -> Revision {
    let revisions = preferences.values().map(|it| it.revision);
    revisions.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::decred::VoteVersion;

    fn preference(user: i64, bits: u16, revision: i64) -> Preference {
        Preference {
            user_id: UserId(user),
            ticket_address: format!("Sc{user}"),
            version: VoteVersion(12),
            bits: VoteBits(bits),
            revision: Revision(revision),
        }
    }

    fn push(pool: u128, full: bool, preferences: Vec<Preference>) -> PreferencesPush {
        PreferencesPush {
            pool_id: PoolId(Uuid::from_u128(pool)),
            full,
            preferences,
            accept: false,
        }
    }

    fn users(range: std::ops::Range<i64>) -> Vec<Preference> {
        range.map(|user| preference(user, 1, 1)).collect()
    }

    #[test]
    fn a_new_voter_takes_the_pool_of_the_first_push() {
        let mut held = Preferences::default();
        assert_eq!(held.push(push(7, true, users(0..3))), Ok(true));
        assert_eq!(held.pool(), Some(PoolId(Uuid::from_u128(7))));
        assert!(held.confirmed());
        assert_eq!(held.push(push(7, true, users(0..3))), Ok(false));
    }

    #[test]
    fn another_pool_is_refused_until_an_operator_accepts() {
        let mut held = Preferences::default();
        held.push(push(7, true, users(0..3))).unwrap();
        let mut foreign = push(8, true, vec![preference(0, 5, 9)]);
        let refusal = held.push(foreign.clone()).unwrap_err();
        assert_eq!(refusal.code(), code::WRONG_POOL);
        assert_eq!(held.of(UserId(0)).unwrap().bits, VoteBits(1));
        assert_eq!(held.refused(), Some(&refusal));
        foreign.accept = true;
        held.push(foreign).unwrap();
        assert_eq!((held.count(), held.refused()), (1, None));
    }

    #[test]
    fn an_older_revision_is_refused_whole() {
        let mut held = Preferences::default();
        held.push(push(
            7,
            true,
            vec![preference(0, 1, 4), preference(1, 1, 1)],
        ))
        .unwrap();
        let refusal = held
            .push(push(
                7,
                false,
                vec![preference(1, 5, 2), preference(0, 5, 3)],
            ))
            .unwrap_err();
        assert_eq!(refusal.code(), code::STALE);
        assert_eq!(held.of(UserId(1)).unwrap().bits, VoteBits(1));
    }

    #[test]
    fn a_push_without_many_known_users_is_refused() {
        let mut held = Preferences::default();
        held.push(push(7, true, users(0..200))).unwrap();
        let refusal = held.push(push(7, true, users(0..197))).unwrap_err();
        assert_eq!(refusal.code(), code::SHRINKING);
        held.push(push(7, true, users(0..198))).unwrap();
        assert_eq!(held.count(), 200, "nobody is forgotten");
        held.push(push(7, false, users(0..1))).unwrap();
    }

    #[test]
    fn three_of_a_thousand_are_below_one_percent() {
        let mut held = Preferences::default();
        held.push(push(7, true, users(0..1000))).unwrap();
        held.push(push(7, true, users(3..1000))).unwrap();
        assert!(held.push(push(7, true, users(11..1000))).is_err());
    }

    #[test]
    fn a_change_of_bits_is_one_unless_a_new_version_or_an_operator_made_it() {
        let mut held = Preferences::default();
        held.push(push(
            7,
            true,
            (0..5).map(|user| preference(user, 5, 1)).collect(),
        ))
        .unwrap();
        let mut reset = preference(1, 1, 2);
        reset.version = VoteVersion(13);
        let mut chosen_anew = preference(2, 3, 2);
        chosen_anew.version = VoteVersion(13);
        let news = vec![
            preference(0, 5, 2),
            reset,
            chosen_anew,
            preference(3, 1, 2),
            preference(9, 3, 2),
        ];
        let mut pushed = push(7, false, news);
        assert_eq!(held.changed_by(&pushed), [UserId(2), UserId(3)]);
        pushed.accept = true;
        assert!(held.changed_by(&pushed).is_empty());
    }

    #[test]
    fn an_empty_database_changes_nobodys_votes() {
        let mut held = Preferences::default();
        held.push(push(7, true, users(0..5))).unwrap();
        assert!(held.push(push(7, true, Vec::new())).is_err());
        assert_eq!(held.count(), 5);
    }

    #[test]
    fn state_from_disk_waits_for_confirmation() {
        let mut held =
            Preferences::restore(Some(PoolId(Uuid::from_u128(7))), vec![preference(3, 5, 2)]);
        assert!(!held.confirmed());
        assert_eq!(held.of(UserId(3)).unwrap().bits, VoteBits(5));
        held.push(push(7, false, Vec::new())).unwrap();
        assert!(held.confirmed());
    }
}
