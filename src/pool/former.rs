//! Taking over the users of the Go program: which key is whose, and which address is whose. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use crate::db::{FormerUser, TakenUser};
use crate::decred::address::Address;
use crate::decred::hdkey::{Branch, ExtendedKeyError, ExtendedPubKey};
use crate::decred::params::Network;
use crate::domain::{KeyIndex, UserId};

/// Indexes that are searched at least. Before version 1.1 a user got whatever address the wallet came to next.
const SEARCHED: u32 = 100_000;

/// The pool's public keys.
#[derive(Debug)]
pub struct FormerKeys {
    network: Network,
    voting: Branch,
    cold: Branch,
}

/// What was found out.
#[derive(Debug, Default)]
pub struct TakeOver {
    pub users: Vec<TakenUser>,
    /// Whose key has another number than the user.
    pub elsewhere: Vec<(UserId, KeyIndex)>,
    /// Who has the address of an older account, which keeps it; and that one.
    pub same_email: Vec<(UserId, UserId)>,
    /// Who has no address at all.
    pub no_email: Vec<UserId>,
    /// Whose fees go to another address than today's cold wallet has for them.
    pub other_fee_address: Vec<UserId>,
    /// The highest index in use.
    pub highest_key: KeyIndex,
}

/// Why it cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum TakeOverError {
    #[error(
        "none of the {0} scripts has a key of pool.voting_wallet_extpub: it is of another wallet"
    )]
    AnotherWallet(usize),
    #[error("the pool's keys in the scripts of these users are not among the first {searched} of \
             pool.voting_wallet_extpub: {}", listed(.users))]
    Unknown { users: Vec<UserId>, searched: u32 },
    #[error("these users have the same key of the pool: {}", listed(.0))]
    Shared(Vec<UserId>),
    #[error(transparent)]
    Pool(#[from] Error),
}

impl FormerKeys {
    /// `problem` names the key that cannot be read.
    pub fn new(network: Network, voting: &str, cold: &str) -> Result<Self, Error> {
        let branch = |name: &str, text: &str| {
            ExtendedPubKey::parse(network, text)
                .and_then(|key| key.external_branch())
                .map_err(|error| Error::Internal(format!("{name}: {error}")))
        };
        Ok(Self {
            network,
            voting: branch("pool.voting_wallet_extpub", voting)?,
            cold: branch("pool.cold_wallet_extpub", cold)?,
        })
    }

    /// What our own rows must say about these users, who are all there are, by id. `progress` hears how many keys
    /// were looked at.
    pub fn take_over(
        &self,
        users: &[FormerUser],
        progress: impl Fn(u32),
    ) -> Result<TakeOver, TakeOverError> {
        let mut indexes = self.indexes(users, progress)?;
        let elsewhere = indexes
            .iter()
            .filter(|(user, index)| i64::from(index.0) != user.0);
        let mut found = TakeOver {
            elsewhere: elsewhere.map(|(user, index)| (*user, *index)).collect(),
            ..TakeOver::default()
        };
        spare(users, &mut indexes)?;
        found.highest_key = indexes.values().copied().max().unwrap_or_default();
        let owners = owners(users);
        for user in users {
            let Some(key_index) = indexes.get(&user.id).copied() else {
                continue;
            };
            let email = plain(&user.email);
            let owner = owners.get(&email).copied();
            match owner {
                _ if email.is_empty() => found.no_email.push(user.id),
                Some(owner) if owner != user.id => found.same_email.push((user.id, owner)),
                _ => {}
            }
            let fee_address = self.fee_address(user, key_index)?;
            if fee_address
                .as_ref()
                .is_some_and(|own| !user.fee_address.is_empty() && *own != user.fee_address)
            {
                found.other_fee_address.push(user.id);
            }
            found.users.push(TakenUser {
                id: user.id,
                email: (owner == Some(user.id) && !email.is_empty()).then(|| user.email.clone()),
                key_index,
                fee_address: fee_address.filter(|_| user.fee_address.is_empty()),
            });
        }
        Ok(found)
    }

    /// Of those who have a script.
    fn indexes(
        &self,
        users: &[FormerUser],
        progress: impl Fn(u32),
    ) -> Result<BTreeMap<UserId, KeyIndex>, TakeOverError> {
        let mut found = BTreeMap::new();
        let mut sought: BTreeMap<&str, UserId> = BTreeMap::new();
        for user in users.iter().filter(|user| !user.ticket_address.is_empty()) {
            let own = u32::try_from(user.id.0).ok().filter(|id| *id < 1 << 31);
            if let Some(index) = user.key_index {
                found.insert(user.id, index);
            } else if let Some(id) = own
                && self.pool_address(id)? == user.pool_pubkey_address
            {
                found.insert(user.id, KeyIndex(id));
            } else if let Some(other) = sought.insert(&user.pool_pubkey_address, user.id) {
                return Err(TakeOverError::Shared(vec![other, user.id]));
            }
        }
        let searched = SEARCHED.max(u32::try_from(users.len()).unwrap_or(0).saturating_mul(2));
        for index in 0..searched {
            if sought.is_empty() {
                break;
            }
            if index.is_multiple_of(10_000) {
                progress(index);
            }
            if let Some(user) = sought.remove(self.pool_address(index)?.as_str()) {
                found.insert(user, KeyIndex(index));
            }
        }
        if sought.is_empty() {
            return Ok(found);
        }
        if found.is_empty() {
            return Err(TakeOverError::AnotherWallet(sought.len()));
        }
        let users = sought.into_values().collect();
        Err(TakeOverError::Unknown { users, searched })
    }

    fn pool_address(&self, index: u32) -> Result<String, Error> {
        let key = self.voting.key(index).map_err(|error| deriving(&error))?;
        Ok(Address::pubkey(self.network, &key).to_string())
    }

    /// Today's, of who has a script.
    fn fee_address(&self, user: &FormerUser, index: KeyIndex) -> Result<Option<String>, Error> {
        if user.ticket_address.is_empty() {
            return Ok(None);
        }
        let key = self.cold.key(index.0).map_err(|error| deriving(&error))?;
        Ok(Some(
            Address::pubkey_hash(self.network, key.hash160()).to_string(),
        ))
    }
}

fn deriving(error: &ExtendedKeyError) -> Error {
    Error::Internal(format!("deriving keys: {error}"))
}

/// Gives indexes to those without a script: their own number, unless it is taken or too large.
fn spare(
    users: &[FormerUser],
    indexes: &mut BTreeMap<UserId, KeyIndex>,
) -> Result<(), TakeOverError> {
    let mut taken: BTreeMap<KeyIndex, UserId> = BTreeMap::new();
    for (user, index) in indexes.iter() {
        if let Some(other) = taken.insert(*index, *user) {
            return Err(TakeOverError::Shared(vec![other, *user]));
        }
    }
    let mut waiting = Vec::new();
    for user in users.iter().filter(|user| !indexes.contains_key(&user.id)) {
        let own = u32::try_from(user.id.0)
            .ok()
            .filter(|id| *id > 0 && *id < 1 << 31);
        match user.key_index.or(own.map(KeyIndex)) {
            Some(index) if !taken.contains_key(&index) => {
                taken.insert(index, user.id);
            }
            _ => waiting.push(user.id),
        }
    }
    let ids = users
        .iter()
        .filter_map(|user| u32::try_from(user.id.0).ok());
    let highest = taken
        .keys()
        .map(|index| index.0)
        .chain(ids)
        .max()
        .unwrap_or(0);
    for (user, index) in waiting.into_iter().zip(highest.saturating_add(1)..) {
        taken.insert(KeyIndex(index), user);
    }
    *indexes = taken
        .into_iter()
        .map(|(index, user)| (user, index))
        .collect();
    Ok(())
}

/// Who keeps an address that several accounts have: the oldest of those that are verified, else the oldest.
fn owners(users: &[FormerUser]) -> BTreeMap<String, UserId> {
    let mut owners = BTreeMap::new();
    for verified in [true, false] {
        for user in users.iter().filter(|user| user.verified == verified) {
            owners.entry(plain(&user.email)).or_insert(user.id);
        }
    }
    owners
}

fn plain(email: &str) -> String {
    email.trim().to_lowercase()
}

fn listed(users: &[UserId]) -> String {
    const SHOWN: usize = 20;
    let distinct: BTreeSet<_> = users.iter().collect();
    let shown: Vec<_> = distinct
        .iter()
        .take(SHOWN)
        .map(ToString::to_string)
        .collect();
    let more = distinct.len().saturating_sub(SHOWN);
    match more {
        0 => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTPUB: &str = "spubVUkaTP2Zou5goHKCg4oskYSmojxFuf7vf99REjYMXYioE2iWc4kcDXLq3wF9keARCdHTWdXgUbEdXJwKftCDUacbYLZRqMYMZU7dPf8qgBT";

    fn keys() -> FormerKeys {
        FormerKeys::new(Network::Simnet, EXTPUB, EXTPUB).unwrap()
    }

    /// With the pool's key of that index, if one is given.
    fn user(id: i64, index: Option<u32>) -> FormerUser {
        FormerUser {
            id: UserId(id),
            email: format!("user{id}@example.com"),
            verified: true,
            ticket_address: index.map(|_| format!("Sc{id}")).unwrap_or_default(),
            pool_pubkey_address: index
                .map(|index| keys().pool_address(index).unwrap())
                .unwrap_or_default(),
            fee_address: String::new(),
            key_index: None,
        }
    }

    fn take_over(users: &[FormerUser]) -> Result<TakeOver, TakeOverError> {
        keys().take_over(users, |_| {})
    }

    fn indexes(found: &TakeOver) -> Vec<(i64, u32)> {
        found
            .users
            .iter()
            .map(|user| (user.id.0, user.key_index.0))
            .collect()
    }

    #[test]
    fn keys_are_found_wherever_they_are_and_never_given_twice() {
        // 3 has the key that is 5's number, 4 one far away, 5 and 9 have none yet.
        let users = [
            user(2, Some(2)),
            user(3, Some(5)),
            user(4, Some(431)),
            user(5, None),
            user(9, None),
        ];
        let found = take_over(&users).unwrap();
        assert_eq!(
            indexes(&found),
            [(2, 2), (3, 5), (4, 431), (5, 432), (9, 9)]
        );
        assert_eq!(
            found.elsewhere,
            [(UserId(3), KeyIndex(5)), (UserId(4), KeyIndex(431))]
        );
        assert_eq!(found.highest_key, KeyIndex(432));
    }

    #[test]
    fn what_was_done_before_a_crash_stays() {
        let mut users = vec![user(2, Some(7)), user(7, None)];
        users[0].key_index = Some(KeyIndex(7));
        users[1].key_index = Some(KeyIndex(8));
        users.push(user(8, None));
        assert_eq!(
            indexes(&take_over(&users).unwrap()),
            [(2, 7), (7, 8), (8, 9)]
        );
    }

    #[test]
    fn keys_of_another_wallet_are_refused() {
        let stranger = |id| FormerUser {
            pool_pubkey_address: "SkStranger".into(),
            ..user(id, Some(1))
        };
        let error = take_over(&[stranger(1)]).unwrap_err();
        assert!(matches!(error, TakeOverError::AnotherWallet(1)), "{error}");
        let error = take_over(&[user(1, Some(1)), stranger(2)]).unwrap_err();
        assert!(
            error.to_string().ends_with("pool.voting_wallet_extpub: 2"),
            "{error}"
        );
        let error = take_over(&[user(1, Some(4)), user(2, Some(4))]).unwrap_err();
        assert!(matches!(error, TakeOverError::Shared(_)), "{error}");
        let error = take_over(&[user(1, Some(4)), user(4, Some(4))]).unwrap_err();
        assert!(matches!(error, TakeOverError::Shared(_)), "{error}");
    }

    #[test]
    fn the_oldest_verified_account_keeps_an_address() {
        let mut users = vec![user(1, None), user(2, None), user(3, None), user(4, None)];
        users[0].email = "Kim@Example.com".into();
        users[0].verified = false;
        users[1].email = " kim@example.com".into();
        users[2].email = "kim@example.com".into();
        users[3].email = String::new();
        let found = take_over(&users).unwrap();
        let kept: Vec<_> = found
            .users
            .iter()
            .map(|user| user.email.is_some())
            .collect();
        assert_eq!(kept, [false, true, false, false]);
        assert_eq!(
            found.same_email,
            [(UserId(1), UserId(2)), (UserId(3), UserId(2))]
        );
        assert_eq!(found.no_email, [UserId(4)]);
    }

    #[test]
    fn fee_addresses_are_kept_and_only_lacking_ones_derived() {
        let mut users = vec![user(1, Some(1)), user(2, Some(2)), user(3, None)];
        users[1].fee_address = "SsOfAFormerColdWallet".into();
        let found = take_over(&users).unwrap();
        let derived: Vec<_> = found
            .users
            .iter()
            .map(|user| user.fee_address.is_some())
            .collect();
        assert_eq!(derived, [true, false, false]);
        assert_eq!(found.other_fee_address, [UserId(2)]);
    }
}
