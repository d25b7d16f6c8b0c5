//! Which low-fee tickets are voted all the same; pure.

use super::index::Entry;
use super::state::State;
use crate::domain::FeeVerdict;
use crate::rpc::wire::{LowFeeLists, LowFeeTicket};

/// Takes the whole of what admins added. True: it is not what was added before.
pub fn take(state: &mut State, asked: Vec<LowFeeTicket>) -> (LowFeeLists, bool) {
    let is_named_rightly = |asked: &LowFeeTicket| {
        let known = state.tickets.get(&asked.ticket_hash);
        known.is_none_or(|entry| entry.owner.address() == asked.ticket_address)
    };
    let (mut accepted, mut ignored): (Vec<_>, Vec<_>) =
        asked.into_iter().partition(is_named_rightly);
    let added = accepted.iter().map(|ticket| ticket.ticket_hash).collect();
    let changed = added != state.added;
    state.set_added(added);

    let all = state.tickets.all();
    let low = all.filter(|entry| entry.verdict == FeeVerdict::Low);
    ignored.extend(low.map(|entry| named(entry)));
    for list in [&mut accepted, &mut ignored] {
        list.sort_unstable();
        list.dedup();
    }
    (LowFeeLists { accepted, ignored }, changed)
}

fn named(entry: &Entry) -> LowFeeTicket {
    LowFeeTicket {
        ticket_hash: entry.ticket.hash,
        ticket_address: entry.owner.address().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::decred::hash::Hash;
    use crate::decred::{Atoms, Height};
    use crate::voter::testing::{script, state, ticket};

    fn asked(number: u8, user: u8) -> LowFeeTicket {
        LowFeeTicket {
            ticket_hash: Hash([number; 32]),
            ticket_address: script(user).address().to_owned(),
        }
    }

    #[test]
    fn what_is_asked_for_is_voted_and_the_rest_is_named() {
        let mut state = state();
        for number in [1, 2, 3] {
            let mut cheap = (*ticket(number, &script(4))).clone();
            cheap.commitments[0].amount = Atoms(1);
            state.discover(&Arc::new(cheap), Some((Hash([150; 32]), Height(150))));
        }
        // The second by another user's address; the ninth was never seen.
        let (lists, changed) = take(&mut state, vec![asked(9, 5), asked(1, 4), asked(2, 5)]);
        assert!(changed);
        assert_eq!(lists.accepted, [asked(1, 4), asked(9, 5)]);
        let mut ignored = vec![asked(2, 4), asked(2, 5), asked(3, 4)];
        ignored.sort();
        assert_eq!(lists.ignored, ignored);
        let votes = |state: &State, number| {
            let entry = state.tickets.get(&Hash([number; 32])).unwrap();
            entry.verdict.votes()
        };
        assert!(votes(&state, 1) && !votes(&state, 2) && !votes(&state, 3));

        let again = take(&mut state, vec![asked(1, 4), asked(9, 5), asked(2, 5)]);
        assert_eq!(again, (lists, false));
        let (lists, changed) = take(&mut state, vec![]);
        assert!(changed && lists.accepted.is_empty() && !votes(&state, 1));
        assert_eq!(lists.ignored, [asked(1, 4), asked(2, 4), asked(3, 4)]);
    }
}
