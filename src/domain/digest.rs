//! Digests by which web and a voter see that they hold the same, without sending it.

use super::preference::Preference;
use crate::decred::hash::blake256;

/// BLAKE-256 hex over all preferences, one line each, by user: the order given does not matter.
pub fn preferences_digest<'a>(preferences: impl IntoIterator<Item = &'a Preference>) -> String {
    let mut lines: Vec<_> = preferences
        .into_iter()
        .map(|p| (p.user_id, line(p)))
        .collect();
    lines.sort();
    let text: String = lines.into_iter().map(|(_, line)| line).collect();
    hex::encode(blake256(text.as_bytes()))
}

fn line(p: &Preference) -> String {
    format!(
        "{} {} {} {} {}\n",
        p.user_id, p.ticket_address, p.version, p.bits.0, p.revision
    )
}

/// BLAKE-256 hex over the sorted redeem scripts, one after another.
pub fn scripts_digest<'a>(scripts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut scripts: Vec<_> = scripts.into_iter().collect();
    scripts.sort_unstable();
    hex::encode(blake256(&scripts.concat()))
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
}
