//! Winners and state in, votes to cast out; pure.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::index::Entry;
use super::policy::{self, Choice, Reason};
use super::rounds::{Round, Slot};
use super::state::State;
use crate::decred::{Atoms, BlockHash, Height, TicketHash};
use crate::domain::FeeVerdict;

/// How long a vote waits after the block's notification for web or database to confirm the
/// preferences, once after a start.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// A vote to cast.
#[derive(Debug, Clone)]
pub struct Ballot {
    /// Ticket and script.
    pub entry: Arc<Entry>,
    pub block: BlockHash,
    pub height: Height,
    pub choice: Choice,
    /// Of one vote in the next block; `None`: ask.
    pub subsidy: Option<Atoms>,
    pub received: Instant,
    pub looked_up: Instant,
}

/// What to do for a round now.
#[derive(Debug, Default)]
pub struct Steps {
    pub cast: Vec<Ballot>,
    /// Winners that nobody here knows.
    pub ask: Vec<TicketHash>,
    /// Tickets whose stored bits are invalid.
    pub invalid_bits: Vec<TicketHash>,
}

/// Looks at every winner of the block that is not decided yet and notes where it stands. A foreign one may be ours
/// when its script comes, as after a start on an empty disk.
pub fn evaluate(state: &mut State, block: BlockHash, now: Instant) -> Steps {
    let mut steps = Steps::default();
    let Some(mut round) = state.rounds.get(&block).cloned() else {
        return steps;
    };
    let undecided: Vec<TicketHash> = round
        .winners
        .iter()
        .filter(|(_, slot)| {
            matches!(
                slot,
                Slot::Open | Slot::Waiting | Slot::Asked | Slot::LowFee | Slot::Foreign
            )
        })
        .map(|(ticket, _)| *ticket)
        .collect();
    for ticket in undecided {
        let before = round.winners.get(&ticket).cloned();
        let slot = match (decide(state, &round, ticket, now, &mut steps), before) {
            // What was known of it is forgotten with its vote: it stays somebody else's.
            (Slot::Asked, Some(Slot::Foreign)) => Slot::Foreign,
            (slot, before) => {
                if slot == Slot::Asked && before != Some(Slot::Asked) {
                    steps.ask.push(ticket);
                }
                slot
            }
        };
        round.winners.insert(ticket, slot);
    }
    if let Some(stored) = state.rounds.get_mut(&block) {
        *stored = round;
    }
    steps
}

fn decide(
    state: &State,
    round: &Round,
    ticket: TicketHash,
    now: Instant,
    steps: &mut Steps,
) -> Slot {
    let Some(entry) = state.tickets.filed(&ticket) else {
        return if state.foreign.contains_key(&ticket) {
            Slot::Foreign
        } else {
            Slot::Asked
        };
    };
    match entry.verdict {
        FeeVerdict::Low => return Slot::LowFee,
        FeeVerdict::Pending => return Slot::Waiting,
        FeeVerdict::Good | FeeVerdict::Added => {}
    }
    let patient = !state.preferences.confirmed() && now < round.received + PATIENCE;
    if patient {
        return Slot::Waiting;
    }
    let script = &entry.owner;
    let choice = match round.reports.get(&ticket) {
        Some(cast) => Choice {
            bits: cast.bits,
            version: cast.version,
            reason: Reason::CastBefore,
        },
        None => policy::choose(
            state.preferences.of_owner(script),
            state.vote_version,
            state.agendas.as_ref(),
        ),
    };
    if choice.reason == Reason::Invalid {
        steps.invalid_bits.push(ticket);
    }
    steps.cast.push(Ballot {
        entry: entry.clone(),
        block: round.block,
        height: round.height,
        choice,
        subsidy: state.subsidies.get(&next(round.height)).copied(),
        received: round.received,
        looked_up: now,
    });
    Slot::Casting(choice)
}

/// The height of the block that will hold the votes on one at `height`.
pub fn next(height: Height) -> Height {
    Height(height.0.saturating_add(1))
}

#[cfg(test)]
mod tests;
