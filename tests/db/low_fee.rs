//! Low-fee tickets, and which of them an admin added.

use dcrstakepool::db::{
    Access, LowFeeAddition, LowFeeChange, LowFeeLife, LowFeeOwner, LowFeeRemoval, LowFeeTicket,
    Options, Store, TicketPage,
};
use dcrstakepool::decred::{Atoms, Hash, Height, VoteBits, VoteVersion};
use dcrstakepool::domain::{
    FeeVerdict, InstanceId, TicketRecord, TicketStatus, UserId, VoteRecord,
};
use uuid::Uuid;

use super::accounts::task;
use super::bed::{Bed, NOW, on_both, user};
use super::operations::audit_log;

on_both!(
    an_added_ticket_is_in_force_until_it_is_removed,
    a_ticket_is_added_once_however_many_add_it,
    an_added_ticket_goes_out_of_force_with_its_time_and_can_be_added_anew,
    a_vote_six_blocks_deep_takes_the_ticket_off_the_list,
    what_a_voter_said_too_early_is_mended,
    rows_of_the_go_program_count,
    low_fee_tickets_are_listed_with_their_owners,
);

const DAY: i64 = 24 * 3600;

fn ticket(number: u8, user_id: i64, verdict: FeeVerdict) -> TicketRecord {
    TicketRecord {
        hash: Hash([number; 32]),
        user_id: UserId(user_id),
        ticket_address: format!("Sc{user_id}"),
        price: Atoms(100_000_000),
        fee_paid: Atoms(5),
        mined: Some((Hash([99; 32]), Height(100 + u32::from(number)))),
        status: TicketStatus::Live,
        verdict,
        vote: None,
        revocation: None,
    }
}

fn voted_at(mut ticket: TicketRecord, height: u32) -> TicketRecord {
    ticket.status = TicketStatus::Voted;
    ticket.vote = Some(VoteRecord {
        hash: Hash([100; 32]),
        block: Hash([101; 32]),
        height: Height(height),
        bits: VoteBits(1),
        version: VoteVersion(11),
        reward: Atoms(1),
    });
    ticket
}

/// A voter tells of tickets.
async fn tell(store: &Store, voter: &str, tickets: &[TicketRecord]) {
    let page = TicketPage {
        voter: voter.into(),
        instance: InstanceId(Uuid::from_u128(7)),
        sequence: 1,
        tickets: tickets.to_vec(),
        gone: Vec::new(),
        overrules: false,
        tip: None,
    };
    store.store_tickets(page).await.expect("stored");
}

fn listing(number: u8) -> LowFeeTicket {
    LowFeeTicket {
        ticket_hash: Hash([number; 32]),
        ticket_address: "Sc1".into(),
        added_by: UserId(3),
        ticket_expiry: Height(500),
        created: NOW,
        expires: NOW + 30 * DAY,
    }
}

fn change() -> LowFeeChange {
    LowFeeChange {
        by: Some(UserId(3)),
        ip: "192.0.2.1".into(),
        now: NOW,
    }
}

async fn add(store: &Store, number: u8) -> LowFeeAddition {
    let answers = store.add_low_fee(vec![listing(number)], change()).await;
    answers.expect("an answer")[0]
}

async fn remove(store: &Store, number: u8) -> LowFeeRemoval {
    let hashes = vec![Hash([number; 32])];
    let answers = store.remove_low_fee(hashes, change()).await;
    answers.expect("an answer")[0]
}

async fn verdict(store: &Store, number: u8) -> FeeVerdict {
    let ticket = store.ticket(Hash([number; 32])).await.unwrap();
    ticket.expect("a ticket").verdict
}

async fn an_added_ticket_is_in_force_until_it_is_removed(bed: Bed) {
    let store = bed.store().await;
    tell(&store, "a", &[ticket(1, 1, FeeVerdict::Low)]).await;
    assert_eq!(add(&store, 1).await, LowFeeAddition::Added);
    assert_eq!(add(&store, 1).await, LowFeeAddition::Already);
    // Also a ticket that nobody told of yet.
    assert_eq!(add(&store, 2).await, LowFeeAddition::Added);
    assert_eq!(verdict(&store, 1).await, FeeVerdict::Added);
    let list = store.low_fee_in_force(NOW).await.unwrap();
    assert_eq!(list, [listing(1), listing(2)]);

    assert_eq!(remove(&store, 1).await, LowFeeRemoval::Removed);
    assert_eq!(remove(&store, 1).await, LowFeeRemoval::NotListed);
    assert_eq!(verdict(&store, 1).await, FeeVerdict::Low);
    assert_eq!(store.low_fee_in_force(NOW).await.unwrap(), [listing(2)]);

    let log = audit_log(&store).await;
    let mut events: Vec<_> = log.iter().map(|entry| entry.event.as_str()).collect();
    events.sort_unstable();
    assert_eq!(
        events,
        ["low_fee_added", "low_fee_added", "low_fee_removed"]
    );
    assert!(log.iter().all(|entry| entry.user_id == Some(UserId(3))));
    assert!(log[0].detail.ends_with(" of Sc1") && log[0].ip == "192.0.2.1");
}

async fn a_ticket_is_added_once_however_many_add_it(bed: Bed) {
    let store = bed.store().await;
    // A second process, as `add-invalid-tickets` beside web is one.
    let options = Options {
        access: Access::Guest,
        ..bed.options()
    };
    let guest = Store::connect(options).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let store = if number % 2 == 0 { &store } else { &guest };
            let store = store.clone();
            let rows = (1..=20).map(listing).collect();
            task(async move { store.add_low_fee(rows, change()).await })
        })
        .collect();
    let mut added = 0;
    for task in tasks {
        let answers = task.await.unwrap().unwrap();
        let new = |answer: &&LowFeeAddition| **answer == LowFeeAddition::Added;
        added += answers.iter().filter(new).count();
    }
    assert_eq!(added, 20);
    assert_eq!(store.low_fee_in_force(NOW).await.unwrap().len(), 20);
    assert_eq!(audit_log(&store).await.len(), 20);
}

async fn an_added_ticket_goes_out_of_force_with_its_time_and_can_be_added_anew(bed: Bed) {
    let store = bed.store().await;
    add(&store, 1).await;
    let later = NOW + 31 * DAY;
    assert_eq!(store.low_fee_in_force(later).await.unwrap(), []);
    let again = LowFeeTicket {
        expires: later + DAY,
        created: later,
        ..listing(1)
    };
    let change = LowFeeChange {
        now: later,
        ..change()
    };
    let answers = store.add_low_fee(vec![again.clone()], change).await;
    assert_eq!(answers.unwrap(), [LowFeeAddition::Added]);
    assert_eq!(store.low_fee_in_force(later).await.unwrap(), [again]);
}

async fn a_vote_six_blocks_deep_takes_the_ticket_off_the_list(bed: Bed) {
    let store = bed.store().await;
    tell(&store, "a", &[ticket(1, 1, FeeVerdict::Low)]).await;
    add(&store, 1).await;
    let voted = voted_at(ticket(1, 1, FeeVerdict::Added), 300);
    tell(&store, "a", &[voted]).await;
    assert!(!store.settle_low_fee(Height(304), NOW).await.unwrap());
    assert_eq!(store.low_fee_in_force(NOW).await.unwrap().len(), 1);
    assert!(store.settle_low_fee(Height(305), NOW).await.unwrap());
    assert_eq!(store.low_fee_in_force(NOW).await.unwrap(), []);
    assert_eq!(verdict(&store, 1).await, FeeVerdict::Added);
    assert!(!store.settle_low_fee(Height(306), NOW).await.unwrap());
    assert_eq!(add(&store, 1).await, LowFeeAddition::Voted);
    assert_eq!(remove(&store, 1).await, LowFeeRemoval::Voted);
    assert_eq!(verdict(&store, 1).await, FeeVerdict::Added);
}

async fn what_a_voter_said_too_early_is_mended(bed: Bed) {
    let store = bed.store().await;
    let low = [1, 2, 3].map(|number| ticket(number, 1, FeeVerdict::Low));
    tell(&store, "a", &low).await;
    add(&store, 1).await;
    // It has the list of before.
    tell(&store, "a", &low).await;
    assert_eq!(verdict(&store, 1).await, FeeVerdict::Low);
    tell(&store, "a", &[ticket(2, 1, FeeVerdict::Added)]).await;
    assert_eq!(verdict(&store, 2).await, FeeVerdict::Added);
    // By another address no voter takes it.
    let other = LowFeeTicket {
        ticket_address: "ScOther".into(),
        ..listing(3)
    };
    store.add_low_fee(vec![other], change()).await.unwrap();
    tell(&store, "a", &low[2..]).await;

    store.settle_low_fee(Height(200), NOW).await.unwrap();
    assert_eq!(verdict(&store, 1).await, FeeVerdict::Added);
    assert_eq!(verdict(&store, 2).await, FeeVerdict::Low);
    assert_eq!(verdict(&store, 3).await, FeeVerdict::Low);
    assert_eq!(store.low_fee_in_force(NOW).await.unwrap().len(), 2);
}

async fn rows_of_the_go_program_count(bed: Bed) {
    let store = bed.store().await;
    let hash = |number: u8| Hash([number; 32]).to_string();
    let rows = [
        // Twice, once with nonsense, once empty, once voted, once out of force.
        (hash(1), 0, NOW + DAY),
        (hash(1), 0, NOW + DAY),
        ("nonsense".into(), 0, NOW + DAY),
        (hash(2), 1, NOW + DAY),
        (hash(3), 0, NOW),
    ];
    for (hash, voted, expires) in rows {
        bed.execute(&format!(
            "INSERT INTO LowFeeTicket (AddedByUid, TicketAddress, TicketHash, TicketExpiry, Voted, \
             Created, Expires) VALUES (3, 'Sc1', '{hash}', 0, {voted}, {NOW}, {expires})"
        ));
    }
    bed.execute("INSERT INTO LowFeeTicket (Voted, Expires) VALUES (0, 99999999999)");
    let list = store.low_fee_in_force(NOW).await.unwrap();
    let list: Vec<_> = list.iter().map(|ticket| ticket.ticket_hash).collect();
    assert_eq!(list, [Hash([1; 32])]);
    assert_eq!(add(&store, 1).await, LowFeeAddition::Already);
    assert_eq!(add(&store, 2).await, LowFeeAddition::Voted);
    assert_eq!(add(&store, 3).await, LowFeeAddition::Added);
    assert_eq!(remove(&store, 1).await, LowFeeRemoval::Removed);
    let list = store.low_fee_in_force(NOW).await.unwrap();
    assert_eq!(list, [listing(3)], "both rows are gone");
}

async fn low_fee_tickets_are_listed_with_their_owners(bed: Bed) {
    let store = bed.store().await;
    let kim = user(&store, "kim@example.com").await;
    let lee = user(&store, "lee@example.com").await;
    let low = |number, user: UserId| ticket(number, user.0, FeeVerdict::Low);
    let mut missed = low(5, kim);
    missed.status = TicketStatus::Missed;
    let tickets = [
        low(1, kim),
        low(2, kim),
        low(3, lee),
        low(4, UserId(99)),
        missed,
        ticket(6, 1, FeeVerdict::Good),
    ];
    tell(&store, "a", &tickets).await;
    add(&store, 2).await;

    let open = LowFeeLife::Open;
    let (entries, total) = store.low_fee_tickets(open, 0, 3).await.unwrap();
    let seen = entries.iter().map(|entry| {
        let number = entry.ticket.hash.0[0];
        (number, entry.email.as_str(), entry.added.is_some())
    });
    let expected = [
        (4, "", false),
        (3, "lee@example.com", false),
        (2, "kim@example.com", true),
    ];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    assert_eq!(total, 4);
    let (rest, _) = store.low_fee_tickets(open, 3, 3).await.unwrap();
    assert_eq!(rest[0].ticket.hash, Hash([1; 32]));
    let past = store.low_fee_tickets(LowFeeLife::Past, 0, 3).await.unwrap();
    assert_eq!((past.0.len(), past.1), (1, 1));

    let ignored = async |owner| {
        let tickets = store.ignored_low_fee(owner).await.unwrap();
        tickets.iter().map(|it| it.hash.0[0]).collect::<Vec<_>>()
    };
    assert_eq!(ignored(LowFeeOwner::Everybody).await, [1, 3, 4]);
    assert_eq!(ignored(LowFeeOwner::User(kim)).await, [1]);
    let address = LowFeeOwner::TicketAddress(format!("Sc{lee}"));
    assert_eq!(ignored(address).await, [3]);
}
