//! Tickets that the voters reported.

use dcrstakepool::db::{
    Earned, TicketCursor, TicketFilter, TicketKind, TicketPage, TicketPlace, TicketSums,
    TicketTotals, VoteTime, WaitingTickets,
};
use dcrstakepool::decred::{Atoms, Hash, Height, VoteBits, VoteVersion};
use dcrstakepool::domain::{
    FeeVerdict, InstanceId, TicketRecord, TicketStatus, UserId, VoteRecord,
};
use uuid::Uuid;

use super::accounts::task;
use super::bed::{Bed, on_both};

on_both!(
    a_page_and_its_cursor_are_stored_together,
    tickets_are_listed_newest_first,
    waiting_tickets_and_rewards_are_summed_up,
    what_voters_did_is_kept_by_ticket,
    tickets_are_counted,
    a_voter_behind_takes_nothing_back,
    voters_telling_the_same_at_once_store_it_once,
    a_ticket_that_vanished_unmined_is_deleted,
    the_voter_on_the_branch_with_more_work_takes_back,
    what_only_a_former_voter_saw_unmined_is_forgotten,
    tickets_are_found_by_kind_and_by_the_beginning_of_their_hash,
    a_list_is_read_in_batches_without_a_gap,
    lists_of_thousands_are_served_by_an_index,
);

fn all() -> TicketFilter {
    TicketFilter::default()
}

const VOTER: &str = "https://10.0.0.20:9113";

pub fn ticket(number: u8, user_id: i64, status: TicketStatus) -> TicketRecord {
    let mined = (status != TicketStatus::Mempool)
        .then_some((Hash([number; 32]), Height(u32::from(number))));
    TicketRecord {
        hash: Hash([number; 32]),
        user_id: UserId(user_id),
        ticket_address: "ScA".into(),
        price: Atoms(100_000_000),
        fee_paid: Atoms(5),
        mined,
        status,
        verdict: if mined.is_some() {
            FeeVerdict::Good
        } else {
            FeeVerdict::Pending
        },
        vote: (status == TicketStatus::Voted).then_some(VoteRecord {
            hash: Hash([100; 32]),
            block: Hash([101; 32]),
            height: Height(900),
            bits: VoteBits(5),
            version: VoteVersion(11),
            reward: Atoms(3_000_000_000_000),
        }),
        revocation: None,
    }
}

fn page(voter: &str, instance: u128, sequence: u64, tickets: Vec<TicketRecord>) -> TicketPage {
    TicketPage {
        voter: voter.into(),
        instance: InstanceId(Uuid::from_u128(instance)),
        sequence,
        tickets,
        gone: Vec::new(),
        overrules: false,
        tip: None,
    }
}

async fn a_page_and_its_cursor_are_stored_together(bed: Bed) {
    let store = bed.store().await;
    let start = store.ticket_cursor(VOTER).await.unwrap();
    assert_eq!(start, TicketCursor::default());
    let tickets = vec![
        ticket(1, 1, TicketStatus::Voted),
        ticket(2, 1, TicketStatus::Mempool),
    ];
    for sequence in [2, 9] {
        store
            .store_tickets(page(VOTER, 7, sequence, tickets.clone()))
            .await
            .unwrap();
        let cursor = store.ticket_cursor(VOTER).await.unwrap();
        assert_eq!(cursor.instance, Some(InstanceId(Uuid::from_u128(7))));
        assert_eq!(cursor.sequence, sequence);
    }
    for ticket in tickets {
        assert_eq!(store.ticket(ticket.hash).await.unwrap(), Some(ticket));
    }
    assert_eq!(store.ticket(Hash([9; 32])).await.unwrap(), None);
    let other = store.ticket_cursor("https://10.0.0.21:9113").await.unwrap();
    assert_eq!(other, TicketCursor::default());
}

async fn tickets_are_listed_newest_first(bed: Bed) {
    let store = bed.store().await;
    let mut tickets: Vec<_> = (1..=9)
        .map(|number| ticket(number, 1, TicketStatus::Live))
        .collect();
    tickets.push(ticket(10, 1, TicketStatus::Mempool));
    tickets.push(ticket(11, 2, TicketStatus::Live));
    store
        .store_tickets(page(VOTER, 7, 11, tickets))
        .await
        .unwrap();
    let numbers = async |offset, limit| {
        let page = store
            .tickets_of(UserId(1), all(), offset, limit)
            .await
            .unwrap();
        page.iter().map(|t| t.hash.0[0]).collect::<Vec<_>>()
    };
    assert_eq!(numbers(0, 4).await, [10, 9, 8, 7]);
    assert_eq!(numbers(8, 4).await, [2, 1]);
    assert_eq!(numbers(20, 4).await, [0_u8; 0]);
    assert_eq!(store.ticket_count_of(UserId(1), all()).await.unwrap(), 10);
}

async fn waiting_tickets_and_rewards_are_summed_up(bed: Bed) {
    let store = bed.store().await;
    let mut tickets = vec![
        ticket(3, 1, TicketStatus::Live),
        ticket(4, 1, TicketStatus::Voted),
        ticket(5, 2, TicketStatus::Live),
        ticket(6, 1, TicketStatus::Mempool),
        ticket(7, 1, TicketStatus::Missed),
        ticket(8, 1, TicketStatus::Immature),
        ticket(9, 1, TicketStatus::Live),
        ticket(10, 1, TicketStatus::Voted),
        ticket(11, 1, TicketStatus::Voted),
        ticket(12, 2, TicketStatus::Voted),
    ];
    tickets[6].mined = tickets[0].mined;
    for (index, height) in [(1, 900), (7, 929), (8, 930), (9, 930)] {
        let vote = tickets[index].vote.as_mut().expect("voted");
        vote.height = Height(height);
    }
    store
        .store_tickets(page(VOTER, 7, 5, tickets))
        .await
        .unwrap();
    let waiting = |mined, status, count| WaitingTickets {
        mined: Height(mined),
        status,
        verdict: FeeVerdict::Good,
        count,
    };
    let sums = async |user, since, stretch| {
        let sums = store.ticket_sums(UserId(user), Height(since), stretch);
        sums.await.unwrap()
    };
    assert_eq!(
        sums(1, 0, 30).await.waiting,
        [
            waiting(3, TicketStatus::Live, 2),
            waiting(8, TicketStatus::Immature, 1),
        ]
    );
    assert_eq!(sums(1, 0, 30).await.total, 8);
    let earned = |height, votes: i64| Earned {
        height: Height(height),
        votes: votes.unsigned_abs(),
        reward: Atoms(3_000_000_000_000 * votes),
    };
    let all = sums(1, 0, 30).await.earned;
    assert_eq!(all, [earned(900, 2), earned(930, 1)]);
    let last = sums(1, 901, 1).await.earned;
    assert_eq!(last, [earned(929, 1), earned(930, 1)]);
    let none = TicketSums {
        total: 0,
        waiting: vec![],
        earned: vec![],
        script_saved: false,
    };
    assert_eq!(sums(3, 0, 9).await, none);
}

async fn what_voters_did_is_kept_by_ticket(bed: Bed) {
    let store = bed.store().await;
    let time = |ticket: u8, voter: &str, answered_us, outcome: &str| VoteTime {
        ticket: Hash([ticket; 32]),
        voter: voter.into(),
        signed_us: 400,
        answered_us,
        outcome: outcome.into(),
    };
    let first = vec![
        time(1, "a", 9_000, "ready"),
        time(1, "b", 8_000, "first"),
        time(2, "a", 7_000, "first"),
    ];
    store.note_vote_times(first, 1_000).await.unwrap();
    // Called again on a sibling block.
    let again = time(1, "a", 5_000, "first");
    store
        .note_vote_times(vec![again.clone()], 2_000)
        .await
        .unwrap();
    let found = store.vote_times_of(Hash([1; 32])).await.unwrap();
    assert_eq!(found, [again.clone(), time(1, "b", 8_000, "first")]);
    let year = 400 * 86_400;
    store.forget_expired(1_001 + year).await.unwrap();
    assert_eq!(store.vote_times_of(Hash([1; 32])).await.unwrap(), [again]);
    assert_eq!(store.vote_times_of(Hash([2; 32])).await.unwrap(), []);
}

async fn tickets_are_counted(bed: Bed) {
    let store = bed.store().await;
    assert_eq!(
        store.ticket_totals().await.unwrap(),
        TicketTotals::default()
    );
    let mut tickets = vec![
        ticket(1, 1, TicketStatus::Voted),
        ticket(2, 2, TicketStatus::Voted),
        ticket(3, 1, TicketStatus::Missed),
        ticket(4, 1, TicketStatus::Expired),
        ticket(5, 1, TicketStatus::Live),
        ticket(6, 1, TicketStatus::Live),
        ticket(7, 1, TicketStatus::Immature),
        ticket(8, 1, TicketStatus::Mempool),
    ];
    tickets[2].revocation = Some(Hash([77; 32]));
    tickets[5].verdict = FeeVerdict::Low;
    store
        .store_tickets(page(VOTER, 7, 8, tickets))
        .await
        .unwrap();
    let TicketTotals { counts, reward } = store.ticket_totals().await.unwrap();
    assert_eq!((counts.voted, counts.missed, counts.expired), (2, 1, 1));
    assert_eq!((counts.live, counts.immature, counts.mempool), (1, 1, 1));
    assert_eq!((counts.revoked, counts.low_fee), (1, 1));
    assert_eq!(reward, Atoms(6_000_000_000_000));
}

async fn a_voter_behind_takes_nothing_back(bed: Bed) {
    let store = bed.store().await;
    let tell = async |voter, instance, status| {
        let told = vec![ticket(1, 1, status)];
        store
            .store_tickets(page(voter, instance, 1, told))
            .await
            .unwrap();
        store.ticket(Hash([1; 32])).await.unwrap().unwrap().status
    };
    assert_eq!(tell("a", 1, TicketStatus::Live).await, TicketStatus::Live);
    assert_eq!(
        tell("b", 2, TicketStatus::Mempool).await,
        TicketStatus::Live
    );
    assert_eq!(tell("b", 2, TicketStatus::Voted).await, TicketStatus::Voted);
    assert_eq!(tell("a", 1, TicketStatus::Live).await, TicketStatus::Voted);
    // The one that told it may take it back: a reorganisation.
    assert_eq!(tell("b", 2, TicketStatus::Live).await, TicketStatus::Live);
    assert!(
        store
            .ticket(Hash([1; 32]))
            .await
            .unwrap()
            .unwrap()
            .vote
            .is_none()
    );
    assert_eq!(store.ticket_totals().await.unwrap().reward, Atoms(0));
}

async fn voters_telling_the_same_at_once_store_it_once(bed: Bed) {
    let store = bed.store().await;
    let tickets: Vec<_> = (1..=60)
        .map(|number| ticket(number, 1, TicketStatus::Live))
        .collect();
    let tasks: Vec<_> = (0..4_u8)
        .map(|n| {
            let (store, mut tickets) = (store.clone(), tickets.clone());
            if n % 2 == 1 {
                tickets.reverse();
            }
            task(async move {
                let voter = format!("voter {n}");
                store.store_tickets(page(&voter, 1, 60, tickets)).await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(store.ticket_count_of(UserId(1), all()).await.unwrap(), 60);
}

async fn the_voter_on_the_branch_with_more_work_takes_back(bed: Bed) {
    let store = bed.store().await;
    let (voted, live) = (
        ticket(1, 1, TicketStatus::Voted),
        ticket(1, 1, TicketStatus::Live),
    );
    let told = vec![voted.clone()];
    store.store_tickets(page(VOTER, 7, 1, told)).await.unwrap();
    let mut other = page("https://10.0.0.21:9113", 8, 1, vec![live.clone()]);
    store.store_tickets(other.clone()).await.unwrap();
    assert_eq!(store.ticket(live.hash).await.unwrap(), Some(voted));
    other.overrules = true;
    store.store_tickets(other).await.unwrap();
    assert_eq!(store.ticket(live.hash).await.unwrap(), Some(live));
}

async fn what_only_a_former_voter_saw_unmined_is_forgotten(bed: Bed) {
    let store = bed.store().await;
    let former = vec![
        ticket(1, 1, TicketStatus::Mempool),
        ticket(2, 1, TicketStatus::Mempool),
        ticket(3, 1, TicketStatus::Immature),
    ];
    store
        .store_tickets(page(VOTER, 7, 3, former))
        .await
        .unwrap();
    let other = "https://10.0.0.21:9113";
    let both_know = vec![ticket(2, 1, TicketStatus::Mempool)];
    store
        .store_tickets(page(other, 8, 1, both_know))
        .await
        .unwrap();
    let instance = InstanceId(Uuid::from_u128(8));
    store
        .forget_unmined_of_others(other, instance)
        .await
        .unwrap();
    let left = store.tickets_of(UserId(1), all(), 0, 10).await.unwrap();
    let left: Vec<_> = left.iter().map(|ticket| ticket.hash).collect();
    assert_eq!(left, [Hash([2; 32]), Hash([3; 32])]);
}

async fn a_ticket_that_vanished_unmined_is_deleted(bed: Bed) {
    let store = bed.store().await;
    let (unmined, live) = (
        ticket(1, 1, TicketStatus::Mempool),
        ticket(2, 1, TicketStatus::Live),
    );
    let told = vec![unmined.clone(), live.clone()];
    store.store_tickets(page(VOTER, 7, 2, told)).await.unwrap();
    // What is gone for a voter that is behind may be mined for another.
    let mut gone = page(VOTER, 7, 5, Vec::new());
    gone.gone = vec![unmined.hash, live.hash, Hash([9; 32])];
    store.store_tickets(gone).await.unwrap();
    assert_eq!(store.ticket(unmined.hash).await.unwrap(), None);
    assert_eq!(store.ticket(live.hash).await.unwrap(), Some(live));
    assert_eq!(store.ticket_cursor(VOTER).await.unwrap().sequence, 5);
    let back = vec![ticket(1, 1, TicketStatus::Immature)];
    store
        .store_tickets(page(VOTER, 7, 6, back.clone()))
        .await
        .unwrap();
    assert_eq!(
        store.ticket(unmined.hash).await.unwrap().as_ref(),
        back.first()
    );
}

async fn tickets_are_found_by_kind_and_by_the_beginning_of_their_hash(bed: Bed) {
    let store = bed.store().await;
    let mut tickets = vec![
        ticket(0x10, 1, TicketStatus::Voted),
        ticket(0x11, 1, TicketStatus::Voted),
        ticket(0x12, 1, TicketStatus::Missed),
        ticket(0x13, 1, TicketStatus::Expired),
        ticket(0x1f, 1, TicketStatus::Live),
        ticket(0x20, 1, TicketStatus::Live),
        ticket(0xf1, 1, TicketStatus::Mempool),
        ticket(0x14, 2, TicketStatus::Voted),
    ];
    tickets[2].revocation = Some(Hash([77; 32]));
    tickets[4].verdict = FeeVerdict::Low;
    tickets[1].verdict = FeeVerdict::Added;
    store
        .store_tickets(page(VOTER, 7, 8, tickets))
        .await
        .unwrap();
    let found = async |kind: Option<TicketKind>, hash_prefix: &str| {
        let filter = TicketFilter {
            kind,
            hash_prefix: hash_prefix.into(),
        };
        let list = store.tickets_of(UserId(1), filter.clone(), 0, 10).await;
        let list: Vec<_> = list.unwrap().iter().map(|it| it.hash.0[0]).collect();
        let count = store.ticket_count_of(UserId(1), filter).await.unwrap();
        assert_eq!(count, list.len() as u64);
        list
    };
    let status = |status| Some(TicketKind::Status(status));
    assert_eq!(found(status(TicketStatus::Voted), "").await, [0x11, 0x10]);
    assert_eq!(found(status(TicketStatus::Mempool), "").await, [0xf1]);
    assert_eq!(found(status(TicketStatus::Immature), "").await, [0_u8; 0]);
    assert_eq!(found(Some(TicketKind::Revoked), "").await, [0x12]);
    assert_eq!(found(Some(TicketKind::LowFee), "").await, [0x1f, 0x11]);
    assert_eq!(found(None, "1").await, [0x1f, 0x13, 0x12, 0x11, 0x10]);
    assert_eq!(found(None, "f").await, [0xf1]);
    assert_eq!(found(None, &"10".repeat(32)).await, [0x10]);
    assert_eq!(found(status(TicketStatus::Voted), "11").await, [0x11]);
    // What no hash holds finds nothing, and does nothing else.
    for nonsense in [
        "%",
        "_0",
        "1' OR '1'='1",
        "1\"; DROP TABLE Tickets; --",
        "\u{0}",
    ] {
        assert_eq!(found(None, nonsense).await, [0_u8; 0], "{nonsense:?}");
    }
    assert_eq!(found(None, "").await.len(), 7);
}

async fn a_list_is_read_in_batches_without_a_gap(bed: Bed) {
    let store = bed.store().await;
    let mut tickets: Vec<_> = (1..=9).map(|n| ticket(n, 1, TicketStatus::Live)).collect();
    // Some share a height, some have none.
    for ticket in &mut tickets[2..7] {
        ticket.mined = ticket.mined.map(|(block, _)| (block, Height(5)));
    }
    tickets.extend((20..=22).map(|n| ticket(n, 1, TicketStatus::Mempool)));
    tickets.push(ticket(30, 2, TicketStatus::Live));
    store
        .store_tickets(page(VOTER, 7, 13, tickets))
        .await
        .unwrap();
    let whole = store.tickets_of(UserId(1), all(), 0, 100).await.unwrap();
    assert_eq!(whole.len(), 12);
    for size in [1, 2, 5, 12, 50] {
        let (mut read, mut place) = (Vec::new(), None);
        loop {
            let batch = store.tickets_after(UserId(1), all(), place, size).await;
            let batch = batch.unwrap();
            place = batch.last().map(TicketPlace::of);
            read.extend(batch);
            if place.is_none() {
                break;
            }
        }
        assert_eq!(read, whole, "in batches of {size}");
    }
}

/// Thousands of tickets of three users.
fn fill(bed: &Bed) {
    for (user, count) in [(1, 1_000), (2, 300), (3, 1_000_u32)] {
        let rows: Vec<String> = (0..count)
            .map(|n| {
                let status = if n % 7 == 0 { "missed" } else { "voted" };
                format!(
                    "('{:064x}',{user},'Sc',1,1,'b',{n},{n},'{status}','good','v')",
                    n * 3 + user
                )
            })
            .collect();
        bed.execute(&format!(
            "INSERT INTO Tickets (hash, user_id, ticket_address, price, fee_paid, mined_block, \
             mined_height, sort_height, status, verdict, source) VALUES {}",
            rows.join(",")
        ));
    }
    bed.execute(if bed.is_sqlite() {
        "ANALYZE"
    } else {
        "ANALYZE TABLE Tickets"
    });
}

/// The statements that the store sends for a page, a batch of an export, a search, and their counts.
async fn lists_of_thousands_are_served_by_an_index(bed: Bed) {
    drop(bed.store().await);
    fill(&bed);
    let order = "ORDER BY sort_height DESC, hash DESC LIMIT 100";
    let hash = "0".repeat(60);
    for (statement, ordered) in [
        (
            format!("SELECT * FROM Tickets WHERE user_id = 2 {order} OFFSET 100"),
            true,
        ),
        (
            format!(
                "SELECT * FROM Tickets WHERE user_id = 2 AND sort_height <= 600 \
                 AND (sort_height < 600 OR hash < '{hash}') {order}"
            ),
            true,
        ),
        (
            format!("SELECT * FROM Tickets WHERE user_id = 2 AND status = 'voted' {order}"),
            false,
        ),
        (
            format!(
                "SELECT * FROM Tickets WHERE user_id = 2 AND hash >= '{hash}' AND hash < '{hash}g' {order}"
            ),
            false,
        ),
        (
            "SELECT COUNT(*) FROM Tickets WHERE user_id = 2".to_owned(),
            false,
        ),
        (
            "SELECT COUNT(*) FROM Tickets WHERE user_id = 2 AND status = 'missed'".to_owned(),
            false,
        ),
    ] {
        let plan = bed.plan(&statement);
        assert!(plan.index, "{statement}: {plan:?}");
        assert!(!(ordered && plan.sorts), "{statement}: {plan:?}");
    }
}
