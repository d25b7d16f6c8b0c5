use super::*;
use crate::decred::agenda::{Agenda, Agendas, Choice as AgendaChoice};
use crate::decred::hash::Hash;
use crate::decred::ticket::Ticket;
use crate::decred::{VoteBits, VoteVersion};
use crate::domain::{Preference, Revision, UserId};
use crate::rpc::wire::{PreferencesPush, VoteOutcome, VoteReport};
use crate::voter::blocks;
use crate::voter::testing::{POOL, import, script, state, ticket};

const BLOCK: BlockHash = Hash([77; 32]);

fn prefer(state: &mut State, version: u32, bits: u16) {
    let preference = Preference {
        user_id: UserId(4),
        ticket_address: script(4).address().to_owned(),
        version: VoteVersion(version),
        bits: VoteBits(bits),
        revision: Revision(1),
    };
    state
        .preferences
        .push(PreferencesPush {
            pool_id: POOL,
            full: true,
            preferences: vec![preference],
            accept: false,
        })
        .unwrap();
}

/// A state at vote version 12 whose user 4 has a live ticket.
fn ready() -> State {
    let mut state = state();
    state.vote_version = VoteVersion(12);
    let choice = |id: &str, bits| AgendaChoice {
        id: id.into(),
        description: String::new(),
        bits,
        is_abstain: bits == 0,
        is_no: bits == 2,
    };
    state.agendas = Some(Agendas {
        version: VoteVersion(12),
        agendas: vec![Agenda {
            id: "maxtreasuryspend".into(),
            description: String::new(),
            mask: 6,
            status: "started".into(),
            choices: vec![choice("abstain", 0), choice("no", 2), choice("yes", 4)],
        }],
    });
    let ticket = ticket(1, &script(4));
    assert!(state.discover(&ticket, Some((Hash([1; 32]), Height(150)))));
    state
}

fn announce(state: &mut State, winners: &[TicketHash]) -> Steps {
    let now = Instant::now();
    state.rounds.announce(BLOCK, Height(170), now, winners);
    evaluate(state, BLOCK, now)
}

fn first_choice(steps: &Steps) -> (u16, u32, Reason) {
    let choice = steps.cast[0].choice;
    (choice.bits.0, choice.version.0, choice.reason)
}

#[test]
fn votes_with_the_owners_bits() {
    let mut state = ready();
    prefer(&mut state, 12, 5);
    let steps = announce(&mut state, &[Hash([1; 32])]);
    assert_eq!(first_choice(&steps), (5, 12, Reason::Chosen));
    assert_eq!(steps.cast[0].height, Height(170));
}

#[test]
fn votes_with_defaults_when_the_preference_is_for_another_version() {
    let mut state = ready();
    prefer(&mut state, 11, 5);
    let steps = announce(&mut state, &[Hash([1; 32])]);
    assert_eq!(first_choice(&steps), (1, 12, Reason::OtherVersion));
}

#[test]
fn votes_with_defaults_when_the_bits_are_invalid_and_says_so() {
    let mut state = ready();
    prefer(&mut state, 12, 0b111);
    let steps = announce(&mut state, &[Hash([1; 32])]);
    assert_eq!(first_choice(&steps), (1, 12, Reason::Invalid));
    assert_eq!(steps.invalid_bits, [Hash([1; 32])]);
}

#[test]
fn votes_with_defaults_when_the_owner_never_chose() {
    let mut state = ready();
    state.preferences.push(empty_push()).unwrap();
    let steps = announce(&mut state, &[Hash([1; 32])]);
    assert_eq!(first_choice(&steps), (1, 12, Reason::NoPreference));
}

fn empty_push() -> PreferencesPush {
    PreferencesPush {
        pool_id: POOL,
        full: false,
        preferences: Vec::new(),
        accept: false,
    }
}

#[test]
fn waits_for_the_preferences_to_be_confirmed_but_not_for_long() {
    let mut state = ready();
    let received = Instant::now();
    state
        .rounds
        .announce(BLOCK, Height(170), received, &[Hash([1; 32])]);
    assert!(evaluate(&mut state, BLOCK, received).cast.is_empty());
    let deadline = state.rounds.next_deadline(PATIENCE, received).unwrap();
    assert_eq!(deadline, received + PATIENCE);
    let steps = evaluate(&mut state, BLOCK, deadline);
    assert_eq!(steps.cast.len(), 1, "goes with the state from disk");
}

#[test]
fn a_confirmation_ends_the_waiting() {
    let mut state = ready();
    assert!(announce(&mut state, &[Hash([1; 32])]).cast.is_empty());
    prefer(&mut state, 12, 3);
    let steps = evaluate(&mut state, BLOCK, Instant::now());
    assert_eq!(first_choice(&steps), (3, 12, Reason::Chosen));
}

#[test]
fn a_repeated_announcement_leaves_a_vote_under_way_alone() {
    let mut state = ready();
    prefer(&mut state, 12, 5);
    assert_eq!(announce(&mut state, &[Hash([1; 32])]).cast.len(), 1);
    assert!(announce(&mut state, &[Hash([1; 32])]).cast.is_empty());
}

#[test]
fn a_repeated_announcement_sends_the_same_vote_again() {
    let mut state = ready();
    prefer(&mut state, 12, 5);
    announce(&mut state, &[Hash([1; 32])]);
    let report = |outcome| VoteReport {
        ticket: Hash([1; 32]),
        bits: VoteBits(5),
        version: VoteVersion(12),
        outcome,
        reason: String::new(),
        looked_up_us: 0,
        signed_us: 0,
        sent_us: 0,
        answered_us: 0,
    };
    let outcome = |state: &State| state.rounds.get(&BLOCK).unwrap().votes().votes[0].outcome;
    let finish = |state: &mut State, outcome| {
        let round = state.rounds.get_mut(&BLOCK).unwrap();
        round.finish(report(outcome));
    };
    finish(&mut state, VoteOutcome::Accepted);
    state.preferences.push(empty_push()).unwrap();
    state.vote_version = VoteVersion(13);
    let steps = announce(&mut state, &[Hash([1; 32])]);
    assert_eq!(first_choice(&steps), (5, 12, Reason::CastBefore));
    finish(&mut state, VoteOutcome::AlreadyKnown);
    assert_eq!(outcome(&state), VoteOutcome::Accepted, "it was ours");
    assert!(state.rounds.get(&BLOCK).unwrap().is_settled());
}

#[test]
fn each_sibling_tip_is_voted_on() {
    let mut state = ready();
    prefer(&mut state, 12, 5);
    assert_eq!(announce(&mut state, &[Hash([1; 32])]).cast.len(), 1);
    let sibling = Hash([78; 32]);
    let now = Instant::now();
    state
        .rounds
        .announce(sibling, Height(170), now, &[Hash([1; 32])]);
    let steps = evaluate(&mut state, sibling, now);
    assert_eq!(steps.cast[0].block, sibling);
}

#[test]
fn an_unknown_winner_is_asked_for_and_voted_late() {
    let mut state = ready();
    prefer(&mut state, 12, 5);
    let late = ticket(2, &script(4));
    let steps = announce(&mut state, &[late.hash]);
    assert_eq!(steps.ask, [late.hash]);
    let steps = evaluate(&mut state, BLOCK, Instant::now());
    assert!(steps.ask.is_empty(), "asked once");
    state.discover(&late, Some((Hash([1; 32]), Height(150))));
    assert_eq!(evaluate(&mut state, BLOCK, Instant::now()).cast.len(), 1);
}

#[test]
fn a_ticket_that_matures_and_wins_in_one_block() {
    let mut state = ready();
    prefer(&mut state, 12, 5);
    let ticket = ticket(2, &script(4));
    let block = |height: u32, tickets| blocks::Block {
        tip: crate::rpc::wire::Tip {
            hash: Hash([u8::try_from(height).unwrap(); 32]),
            height: Height(height),
            chain_work: String::new(),
            time: 0,
        },
        previous: Hash::ZERO,
        tickets,
        votes: Vec::new(),
        revocations: Vec::new(),
    };
    blocks::connect(&mut state, &block(154, vec![ticket.clone()]));
    // The winners of block 170 come before anything else of block 170, in which the ticket matures.
    let steps = announce(&mut state, &[ticket.hash]);
    assert_eq!(steps.cast.len(), 1);
}

#[test]
fn foreign_and_low_fee_tickets_are_not_voted() {
    let mut state = ready();
    prefer(&mut state, 12, 5);
    let foreign = ticket(2, &script(99));
    assert!(!state.discover(&foreign, Some((Hash([1; 32]), Height(150)))));
    let mut cheap = Ticket::clone(&ticket(3, &script(5)));
    cheap.commitments[0].amount = Atoms(1);
    let cheap = Arc::new(cheap);
    state.discover(&cheap, Some((Hash([1; 32]), Height(150))));
    let steps = announce(&mut state, &[foreign.hash, cheap.hash]);
    assert!(steps.cast.is_empty() && steps.ask.is_empty());
    state.set_added([cheap.hash].into());
    let steps = evaluate(&mut state, BLOCK, Instant::now());
    assert_eq!(steps.cast.len(), 1, "an admin added it");
}

/// As after a start on an empty disk, while a block waits for its votes.
#[test]
fn a_winner_whose_script_comes_in_time_is_voted() {
    let mut state = ready();
    prefer(&mut state, 12, 5);
    let (owner, mined) = (script(6), Some((Hash([1; 32]), Height(150))));
    let ticket = ticket(2, &owner);
    assert!(!state.discover(&ticket, mined));
    assert!(announce(&mut state, &[ticket.hash]).cast.is_empty());
    state.scripts.import(&[import(&owner)]).unwrap();
    assert!(state.discover(&ticket, mined));
    let steps = evaluate(&mut state, BLOCK, Instant::now());
    assert_eq!(steps.cast.len(), 1);
    let steps = evaluate(&mut state, BLOCK, Instant::now());
    assert!(steps.cast.is_empty(), "it is under way");
}

/// Their votes make them forgotten; nobody asks for them again, or counts them as missed.
#[test]
fn strangers_stay_strangers_when_they_have_voted() {
    let mut state = ready();
    let stranger = ticket(2, &script(6));
    let mined = Some((Hash([1; 32]), Height(150)));
    assert!(!state.discover(&stranger, mined));
    assert!(announce(&mut state, &[stranger.hash]).ask.is_empty());
    state.foreign.remove(&stranger.hash);
    let steps = evaluate(&mut state, BLOCK, Instant::now());
    assert!(steps.ask.is_empty() && steps.cast.is_empty());
    assert!(state.rounds.give_up_late(Height(1_000)).is_empty());
}

#[test]
fn a_ticket_is_voted_whatever_its_status_is_believed_to_be() {
    let mut state = ready();
    prefer(&mut state, 12, 5);
    state.tickets.advance(Height(600));
    assert_eq!(announce(&mut state, &[Hash([1; 32])]).cast.len(), 1);
}

#[test]
fn bits_are_never_judged_by_the_agendas_of_another_version() {
    let mut state = ready();
    // Valid for version 13 only.
    prefer(&mut state, 13, 0b1001);
    let bits = |state: &mut State, block: u8| {
        let now = Instant::now();
        let block = Hash([block; 32]);
        state
            .rounds
            .announce(block, Height(170), now, &[Hash([1; 32])]);
        first_choice(&evaluate(state, block, now))
    };
    assert_eq!(bits(&mut state, 80), (1, 12, Reason::OtherVersion));

    let mut next = state.agendas.clone().unwrap();
    next.version = VoteVersion(13);
    next.agendas[0].mask = 0b1100;
    next.agendas[0].choices[2].bits = 0b1000;
    state.know_agendas(next.clone());
    assert_eq!(bits(&mut state, 81), (9, 13, Reason::Chosen));

    // Agendas without their version say nothing of it.
    state.vote_version = VoteVersion(14);
    prefer(&mut state, 14, 0b1_0001);
    assert_eq!(bits(&mut state, 82), (17, 14, Reason::Chosen));
}

#[test]
fn a_preference_stored_for_another_address_is_not_the_owners() {
    let mut state = ready();
    let preference = Preference {
        user_id: UserId(4),
        ticket_address: script(5).address().to_owned(),
        version: VoteVersion(12),
        bits: VoteBits(5),
        revision: Revision(1),
    };
    let mut push = empty_push();
    push.preferences = vec![preference];
    state.preferences.push(push).unwrap();
    let steps = announce(&mut state, &[Hash([1; 32])]);
    assert_eq!(first_choice(&steps), (1, 12, Reason::NoPreference));
}
