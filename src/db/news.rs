//! What of a change to a ticket its owner may be told. Pure.

use crate::decred::Height;
use crate::domain::{FeeVerdict, NewsKind, TicketRecord, TicketStatus};

/// Blocks after which it is no news any more that a ticket voted: three days on mainnet.
const OLD: u32 = 864;

/// From which height on there is news, and where the voter that tells the change is.
#[derive(Debug, Clone, Copy)]
pub struct Horizon {
    /// What happened up to here was there before anybody was told anything.
    pub mark: Height,
    pub tip: Height,
}

/// What happened, and at which height. `old`: what was known of the ticket before, if anything.
pub fn news(
    old: Option<&TicketRecord>,
    new: &TicketRecord,
    horizon: Horizon,
) -> Vec<(NewsKind, Height)> {
    [ended(old, new, horizon), low_fee(old, new, horizon)]
        .into_iter()
        .flatten()
        .collect()
}

fn ended(
    old: Option<&TicketRecord>,
    new: &TicketRecord,
    Horizon { mark, tip }: Horizon,
) -> Option<(NewsKind, Height)> {
    if old.is_some_and(|old| old.status == new.status) {
        return None;
    }
    // Nobody says at which block a ticket was missed: it was not known before, and the voter may have been
    // a block further than it had said.
    let lately = old.is_some() || is_mined_above(new, mark);
    let by = Height(tip.0.saturating_add(1));
    let since_unknown = |kind| lately.then_some((kind, by));
    match new.status {
        TicketStatus::Missed => since_unknown(NewsKind::Missed),
        TicketStatus::Expired => since_unknown(NewsKind::Expired),
        TicketStatus::Voted => {
            let at = new.vote.as_ref()?.height;
            let fresh = at > mark && tip.0.saturating_sub(at.0) <= OLD;
            fresh.then_some((NewsKind::Voted, at))
        }
        TicketStatus::Mempool | TicketStatus::Immature | TicketStatus::Live => None,
    }
}

fn low_fee(
    old: Option<&TicketRecord>,
    new: &TicketRecord,
    Horizon { mark, .. }: Horizon,
) -> Option<(NewsKind, Height)> {
    let known = old.is_some_and(|old| old.verdict == FeeVerdict::Low);
    let (_, mined) = new.mined?;
    let news = !known && is_ignored(new) && mined > mark;
    news.then_some((NewsKind::LowFee, mined))
}

fn is_mined_above(ticket: &TicketRecord, mark: Height) -> bool {
    ticket.mined.is_some_and(|(_, height)| height > mark)
}

/// Whether it could still vote, and is not voted for its fee.
fn is_ignored(ticket: &TicketRecord) -> bool {
    let open = matches!(ticket.status, TicketStatus::Immature | TicketStatus::Live);
    open && ticket.verdict == FeeVerdict::Low
}

/// Whether it is so, now that some blocks have passed.
pub fn is_true(kind: NewsKind, ticket: &TicketRecord) -> bool {
    match kind {
        NewsKind::Missed => ticket.status == TicketStatus::Missed,
        NewsKind::Voted => ticket.status == TicketStatus::Voted,
        NewsKind::Expired => ticket.status == TicketStatus::Expired,
        NewsKind::LowFee => is_ignored(ticket),
        NewsKind::VoteVersion => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::{Atoms, Hash, VoteBits, VoteVersion};
    use crate::domain::{UserId, VoteRecord};

    const HORIZON: Horizon = Horizon {
        mark: Height(1_000),
        tip: Height(3_000),
    };

    fn ticket(status: TicketStatus, mined: u32) -> TicketRecord {
        TicketRecord {
            hash: Hash([1; 32]),
            user_id: UserId(1),
            ticket_address: "Sc".into(),
            price: Atoms(2),
            fee_paid: Atoms(1),
            mined: Some((Hash([2; 32]), Height(mined))),
            status,
            verdict: FeeVerdict::Good,
            vote: None,
            revocation: None,
        }
    }

    fn voted(mined: u32, at: u32) -> TicketRecord {
        let vote = VoteRecord {
            hash: Hash([3; 32]),
            block: Hash([4; 32]),
            height: Height(at),
            bits: VoteBits(1),
            version: VoteVersion(12),
            reward: Atoms(1),
        };
        TicketRecord {
            vote: Some(vote),
            ..ticket(TicketStatus::Voted, mined)
        }
    }

    fn low(mined: u32, status: TicketStatus) -> TicketRecord {
        TicketRecord {
            verdict: FeeVerdict::Low,
            ..ticket(status, mined)
        }
    }

    #[test]
    fn the_end_of_a_known_ticket_is_news() {
        let live = ticket(TicketStatus::Live, 500);
        for (status, kind) in [
            (TicketStatus::Missed, NewsKind::Missed),
            (TicketStatus::Expired, NewsKind::Expired),
        ] {
            let ended = ticket(status, 500);
            let found = news(Some(&live), &ended, HORIZON);
            assert_eq!(found, [(kind, Height(3_001))], "{status:?}");
            assert_eq!(news(Some(&ended), &ended, HORIZON), []);
            assert!(is_true(kind, &ended) && !is_true(kind, &live));
        }
        let vote = voted(500, 2_990);
        assert_eq!(
            news(Some(&live), &vote, HORIZON),
            [(NewsKind::Voted, Height(2_990))]
        );
        assert_eq!(news(Some(&vote), &vote, HORIZON), []);
        assert_eq!(news(Some(&live), &live, HORIZON), []);
    }

    #[test]
    fn a_history_that_is_read_for_the_first_time_is_no_news() {
        for mined in [500, 1_000] {
            for status in [TicketStatus::Missed, TicketStatus::Expired] {
                assert_eq!(news(None, &ticket(status, mined), HORIZON), []);
            }
            assert_eq!(news(None, &low(mined, TicketStatus::Live), HORIZON), []);
        }
        assert_eq!(news(None, &voted(500, 1_000), HORIZON), []);
        // Votes of a week ago, in a database that was restored.
        assert_eq!(news(None, &voted(500, 3_000 - OLD - 1), HORIZON), []);
        let live = ticket(TicketStatus::Live, 500);
        assert_eq!(news(Some(&live), &voted(500, 2_000), HORIZON), []);
    }

    #[test]
    fn what_was_bought_and_ended_while_nobody_looked_is_news() {
        let missed = ticket(TicketStatus::Missed, 1_001);
        assert_eq!(
            news(None, &missed, HORIZON),
            [(NewsKind::Missed, Height(3_001))]
        );
        assert_eq!(
            news(None, &voted(500, 2_500), HORIZON),
            [(NewsKind::Voted, Height(2_500))]
        );
    }

    #[test]
    fn a_low_fee_is_news_once_and_while_something_can_be_done() {
        let fresh = low(2_999, TicketStatus::Immature);
        let expected = [(NewsKind::LowFee, Height(2_999))];
        assert_eq!(news(None, &fresh, HORIZON), expected);
        let unmined = TicketRecord {
            mined: None,
            verdict: FeeVerdict::Pending,
            ..ticket(TicketStatus::Mempool, 1)
        };
        assert_eq!(news(Some(&unmined), &fresh, HORIZON), expected);
        let live = low(2_999, TicketStatus::Live);
        assert_eq!(news(Some(&fresh), &live, HORIZON), []);
        let missed = low(2_999, TicketStatus::Missed);
        assert_eq!(
            news(None, &missed, HORIZON),
            [(NewsKind::Missed, Height(3_001))]
        );
        assert!(is_true(NewsKind::LowFee, &live) && !is_true(NewsKind::LowFee, &missed));
        let added = TicketRecord {
            verdict: FeeVerdict::Added,
            ..live
        };
        assert!(!is_true(NewsKind::LowFee, &added));
    }
}
