//! What voters must hold, as numbers and digests: kept up to date change by change, so that nothing costs
//! more the more users there are; pure.

use std::collections::HashMap;

use crate::db::VoterUser;
use crate::decred::{VoteBits, VoteVersion};
use crate::domain::{Digest, KeyIndex, Preference, Revision, UserId};

/// All enrolled users.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// How each votes; the ticket address of a user never changes.
    choices: HashMap<UserId, Choice>,
    scripts: Digest,
    preferences: Digest,
    highest_key: Option<KeyIndex>,
    revision: Revision,
}

#[derive(Debug, Clone, Copy)]
struct Choice {
    version: VoteVersion,
    bits: VoteBits,
    revision: Revision,
}

impl Held {
    /// Someone enrolled or chose, or is read for the first time.
    pub fn take(&mut self, user: &VoterUser) {
        let new = &user.preference;
        let choice = Choice {
            version: new.version,
            bits: new.bits,
            revision: new.revision,
        };
        match self.choices.insert(new.user_id, choice) {
            None => {
                let script = hex::decode(&user.redeem_script).unwrap_or_default();
                self.scripts.add(&script);
                self.highest_key = self.highest_key.max(Some(user.key_index));
            }
            Some(former) => self.preferences.remove_preference(&Preference {
                version: former.version,
                bits: former.bits,
                revision: former.revision,
                ..new.clone()
            }),
        }
        self.preferences.add_preference(new);
        self.revision = self.revision.max(new.revision);
    }

    pub fn users(&self) -> u64 {
        u64::try_from(self.choices.len()).unwrap_or(u64::MAX)
    }

    pub fn highest_key(&self) -> Option<KeyIndex> {
        self.highest_key
    }

    /// The newest of all.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    pub fn scripts_digest(&self) -> String {
        self.scripts.to_hex()
    }

    pub fn preferences_digest(&self) -> String {
        self.preferences.to_hex()
    }

    /// Users whose stored bits are not valid for the version they are stored for.
    pub fn with_bits<'a>(
        &'a self,
        version: VoteVersion,
        is_wanted: impl Fn(VoteBits) -> bool + 'a,
    ) -> impl Iterator<Item = (UserId, VoteBits)> + 'a {
        let chosen = self.choices.iter();
        let chosen = chosen.filter(move |(_, it)| it.version == version && is_wanted(it.bits));
        chosen.map(|(user, it)| (*user, it.bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::Height;
    use crate::domain::{preferences_digest, scripts_digest};

    fn user(id: u32, bits: u16, revision: i64) -> VoterUser {
        VoterUser {
            key_index: KeyIndex(id),
            redeem_script: hex::encode(id.to_be_bytes()),
            height_registered: Height(7),
            preference: Preference {
                user_id: UserId(id.into()),
                ticket_address: format!("Sc{id}"),
                version: VoteVersion(12),
                bits: VoteBits(bits),
                revision: Revision(revision),
            },
        }
    }

    #[test]
    fn changes_one_by_one_come_to_the_same_as_all_at_once() {
        let mut held = Held::default();
        for id in 1..=3 {
            held.take(&user(id, 1, i64::from(id)));
        }
        held.take(&user(2, 5, 4));
        held.take(&user(2, 5, 4));
        let all = [user(1, 1, 1), user(2, 5, 4), user(3, 1, 3)];
        let preferences = all.iter().map(|user| &user.preference);
        assert_eq!(held.preferences_digest(), preferences_digest(preferences));
        let scripts = [1_u32, 2, 3].map(u32::to_be_bytes);
        let scripts = scripts.iter().map(|script| &script[..]);
        assert_eq!(held.scripts_digest(), scripts_digest(scripts));
        assert_eq!((held.users(), held.highest_key()), (3, Some(KeyIndex(3))));
        assert_eq!(held.revision(), Revision(4));
        let five: Vec<_> = held
            .with_bits(VoteVersion(12), |bits| bits.0 == 5)
            .collect();
        assert_eq!(five, [(UserId(2), VoteBits(5))]);
    }
}
