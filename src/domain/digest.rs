//! Digests by which web and a voter see that they hold the same, without sending it.

use super::preference::Preference;
use crate::decred::hash::blake256;

/// The sum of the BLAKE-256 hashes of all items: their order does not matter, and one that comes, goes or
/// changes costs no look at the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Digest {
    /// Modulo 2^256, the lower half first.
    sum: [u128; 2],
}

impl Digest {
    pub fn add(&mut self, item: &[u8]) {
        let ([low, high], [own_low, own_high]) = (halves(item), self.sum);
        let (low, carry) = own_low.overflowing_add(low);
        let high = own_high.wrapping_add(high).wrapping_add(carry.into());
        self.sum = [low, high];
    }

    /// Takes out what was added.
    pub fn remove(&mut self, item: &[u8]) {
        let ([low, high], [own_low, own_high]) = (halves(item), self.sum);
        let (low, borrow) = own_low.overflowing_sub(low);
        let high = own_high.wrapping_sub(high).wrapping_sub(borrow.into());
        self.sum = [low, high];
    }

    pub fn add_preference(&mut self, preference: &Preference) {
        self.add(line(preference).as_bytes());
    }

    pub fn remove_preference(&mut self, preference: &Preference) {
        self.remove(line(preference).as_bytes());
    }

    pub fn to_hex(&self) -> String {
        let [low, high] = self.sum;
        format!("{high:032x}{low:032x}")
    }
}

fn halves(item: &[u8]) -> [u128; 2] {
    let hash = blake256(item);
    let half = |from: usize| {
        let half = hash.get(from..).and_then(|rest| rest.first_chunk());
        u128::from_le_bytes(half.copied().unwrap_or_default())
    };
    [half(0), half(16)]
}

/// Hex of all preferences.
pub fn preferences_digest<'a>(preferences: impl IntoIterator<Item = &'a Preference>) -> String {
    let mut digest = Digest::default();
    for preference in preferences {
        digest.add_preference(preference);
    }
    digest.to_hex()
}

fn line(p: &Preference) -> String {
    format!(
        "{} {} {} {} {}\n",
        p.user_id, p.ticket_address, p.version, p.bits.0, p.revision
    )
}

/// Hex of all redeem scripts.
pub fn scripts_digest<'a>(scripts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut digest = Digest::default();
    for script in scripts {
        digest.add(script);
    }
    digest.to_hex()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::{VoteBits, VoteVersion};
    use crate::domain::{Revision, UserId};

    fn preference(user: i64, bits: u16) -> Preference {
        Preference {
            user_id: UserId(user),
            ticket_address: "Sc".into(),
            version: VoteVersion(12),
            bits: VoteBits(bits),
            revision: Revision(1),
        }
    }

    #[test]
    fn digests_know_content_and_not_order() {
        let (one, two) = (preference(4, 1), preference(10, 5));
        assert_eq!(
            preferences_digest([&one, &two]),
            preferences_digest([&two, &one])
        );
        assert_ne!(
            preferences_digest([&one, &two]),
            preferences_digest([&one, &preference(10, 3)])
        );
        assert_eq!(
            scripts_digest([b"a".as_slice(), b"b"]),
            scripts_digest([b"b".as_slice(), b"a"])
        );
    }

    #[test]
    fn what_is_taken_out_was_never_there() {
        let items: Vec<[u8; 4]> = (0..1_000_u32).map(u32::to_be_bytes).collect();
        let mut digest = Digest::default();
        for item in &items {
            digest.add(item);
        }
        assert_eq!(
            digest.to_hex(),
            scripts_digest(items.iter().map(|it| &it[..]))
        );
        for item in &items[1..] {
            digest.remove(item);
        }
        assert_eq!(digest.to_hex(), scripts_digest([&items[0][..]]));
        digest.remove(&items[0]);
        assert_eq!(digest, Digest::default());
    }
}
