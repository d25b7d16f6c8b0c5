//! What to keep when voters, one ahead of the other, tell of the same ticket. Pure.

use crate::domain::{FeeVerdict, TicketRecord, TicketStatus};

/// The record to store. `same_source`: `new` is from the very voter, in the same life, that told
/// `old`: it alone may take a step back (a reorganisation); another one may just be behind. One that is
/// known to be on the branch with more work counts as the same.
pub fn merge(old: &TicketRecord, new: &TicketRecord, same_source: bool) -> TicketRecord {
    let mut merged = if prevails(old, new, same_source) {
        new.clone()
    } else {
        old.clone()
    };
    merged.verdict = verdict(old, new, same_source);
    // A revocation stays known while its ticket is still missed or expired.
    if merged.revocation.is_none()
        && merged.status == old.status
        && matches!(old.status, TicketStatus::Missed | TicketStatus::Expired)
    {
        merged.revocation = old.revocation;
    }
    merged
}

/// Whether `new` tells where the ticket is now.
pub fn prevails(old: &TicketRecord, new: &TicketRecord, same_source: bool) -> bool {
    same_source || stage(new.status) >= stage(old.status)
}

/// How far a ticket has come.
fn stage(status: TicketStatus) -> u8 {
    match status {
        TicketStatus::Mempool => 0,
        TicketStatus::Immature => 1,
        TicketStatus::Live => 2,
        TicketStatus::Voted | TicketStatus::Missed | TicketStatus::Expired => 3,
    }
}

/// Made once, when the ticket is first seen mined; anew only if it is mined elsewhere. What an admin added
/// stays added until the admin removes it: then the voter that told it says low again. Another voter that
/// says so may not have heard yet; and how a ticket voted is history.
fn verdict(old: &TicketRecord, new: &TicketRecord, same_source: bool) -> FeeVerdict {
    let moved = new.mined.is_some() && old.mined != new.mined;
    let removed = same_source && stage(new.status) < stage(TicketStatus::Voted);
    match (old.verdict, new.verdict) {
        (FeeVerdict::Added, FeeVerdict::Low) if removed => FeeVerdict::Low,
        (FeeVerdict::Added, _) => FeeVerdict::Added,
        (_, FeeVerdict::Added) | (FeeVerdict::Pending, _) => new.verdict,
        (_, FeeVerdict::Good | FeeVerdict::Low) if moved => new.verdict,
        _ => old.verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::{Atoms, Hash, Height};
    use crate::domain::UserId;

    fn ticket(status: TicketStatus, verdict: FeeVerdict) -> TicketRecord {
        TicketRecord {
            hash: Hash([1; 32]),
            user_id: UserId(1),
            ticket_address: "Sc".into(),
            price: Atoms(2),
            fee_paid: Atoms(1),
            mined: (status != TicketStatus::Mempool).then_some((Hash([2; 32]), Height(9))),
            status,
            verdict,
            vote: None,
            revocation: None,
        }
    }

    #[test]
    fn a_voter_that_is_behind_takes_nothing_back() {
        let old = ticket(TicketStatus::Live, FeeVerdict::Good);
        let new = ticket(TicketStatus::Mempool, FeeVerdict::Pending);
        assert_eq!(merge(&old, &new, false), old);
        let ahead = ticket(TicketStatus::Missed, FeeVerdict::Good);
        assert_eq!(merge(&old, &ahead, false), ahead);
    }

    #[test]
    fn a_reorganisation_told_by_the_same_voter_counts() {
        let old = ticket(TicketStatus::Missed, FeeVerdict::Good);
        let new = ticket(TicketStatus::Live, FeeVerdict::Good);
        assert_eq!(merge(&old, &new, true).status, TicketStatus::Live);
        assert_eq!(merge(&old, &new, false).status, TicketStatus::Missed);
    }

    #[test]
    fn a_verdict_stands_unless_the_ticket_is_mined_elsewhere() {
        let good = ticket(TicketStatus::Live, FeeVerdict::Good);
        let mut low = ticket(TicketStatus::Live, FeeVerdict::Low);
        assert_eq!(merge(&good, &low, true).verdict, FeeVerdict::Good);
        low.mined = Some((Hash([3; 32]), Height(10)));
        assert_eq!(merge(&good, &low, true).verdict, FeeVerdict::Low);
        // Told in between that its block was taken back.
        let mut unmined = ticket(TicketStatus::Mempool, FeeVerdict::Good);
        unmined.mined = None;
        assert_eq!(merge(&unmined, &low, true).verdict, FeeVerdict::Low);
    }

    #[test]
    fn what_was_added_is_low_again_when_the_voter_that_told_it_says_so() {
        let added = ticket(TicketStatus::Live, FeeVerdict::Added);
        let low = ticket(TicketStatus::Live, FeeVerdict::Low);
        assert_eq!(merge(&low, &added, true).verdict, FeeVerdict::Added);
        assert_eq!(merge(&low, &added, false).verdict, FeeVerdict::Added);
        assert_eq!(merge(&added, &low, true).verdict, FeeVerdict::Low);
        assert_eq!(merge(&added, &low, false).verdict, FeeVerdict::Added);
        let good = ticket(TicketStatus::Live, FeeVerdict::Good);
        assert_eq!(merge(&added, &good, true).verdict, FeeVerdict::Added);
        for end in [
            TicketStatus::Voted,
            TicketStatus::Missed,
            TicketStatus::Expired,
        ] {
            let low = ticket(end, FeeVerdict::Low);
            assert_eq!(merge(&added, &low, true).verdict, FeeVerdict::Added);
        }
    }

    #[test]
    fn a_revocation_is_not_forgotten() {
        let mut old = ticket(TicketStatus::Expired, FeeVerdict::Good);
        old.revocation = Some(Hash([7; 32]));
        let new = ticket(TicketStatus::Expired, FeeVerdict::Good);
        assert_eq!(merge(&old, &new, false).revocation, old.revocation);
        let live = ticket(TicketStatus::Live, FeeVerdict::Good);
        assert_eq!(merge(&old, &live, true).revocation, None);
    }
}
