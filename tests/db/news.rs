//! What users are told of their tickets.

use dcrstakepool::db::{Fate, NEWS_KEPT_SECS, News, NewsTopic, Store, Telling, TicketPage};
use dcrstakepool::decred::{Height, VoteVersion};
use dcrstakepool::domain::{InstanceId, NewsKind, TicketRecord, TicketStatus, UserId, Wishes};
use uuid::Uuid;

use super::accounts::task;
use super::bed::{Bed, NOW, on_both, user};
use super::mails::new_mail;
use super::tickets::ticket;

on_both!(
    wishes_are_kept,
    what_happens_above_the_mark_waits_to_be_told,
    of_webs_that_tell_at_once_one_does,
    nothing_is_told_that_changed_meanwhile,
    what_was_told_is_known_for_a_month_and_never_told_again,
    what_was_dropped_may_come_again,
    a_new_version_waits_for_who_has_tickets,
    only_what_waits_is_read,
);

const ANN: UserId = UserId(1);

async fn learn(store: &Store, tip: u32, tickets: Vec<TicketRecord>) {
    let page = TicketPage {
        voter: "https://10.0.0.20:9113".into(),
        instance: InstanceId(Uuid::from_u128(7)),
        sequence: u64::from(tip),
        tickets,
        gone: Vec::new(),
        overrules: false,
        tip: Some(Height(tip)),
    };
    store.store_tickets(page).await.unwrap();
}

/// A store where ticket 1 of user 1 was missed at block 101, or by 102.
async fn with_news(bed: &Bed) -> Store {
    let store = bed.store().await;
    learn(&store, 100, vec![ticket(1, 1, TicketStatus::Live)]).await;
    store.start_news(Height(100)).await.unwrap();
    learn(&store, 101, vec![ticket(1, 1, TicketStatus::Missed)]).await;
    store
}

async fn waiting(store: &Store, up_to: u32) -> Vec<(UserId, NewsTopic)> {
    let waiting = store.waiting_news(Height(up_to), NOW - 900).await;
    waiting.unwrap()
}

async fn news(store: &Store, up_to: u32) -> Vec<News> {
    let news = store.news_of(ANN, NewsTopic::Tickets, Height(up_to)).await;
    news.unwrap()
}

fn telling(news: Vec<News>, fate: Fate, mail: &str) -> Telling {
    Telling {
        user_id: ANN,
        topic: NewsTopic::Tickets,
        up_to: Height(102),
        news: news.into_iter().map(|news| (news, fate)).collect(),
        mail: Some(new_mail(mail, NOW)),
        now: NOW,
    }
}

async fn wishes_are_kept(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    assert_eq!(store.wishes(ann).await.unwrap(), Wishes::default());
    for kinds in [&NewsKind::ALL[..], &[NewsKind::Voted], &[]] {
        let wishes: Wishes = kinds.iter().copied().collect();
        store.set_wishes(ann, wishes.clone()).await.unwrap();
        assert_eq!(store.wishes(ann).await.unwrap(), wishes);
    }
    assert_eq!(store.wishes(UserId(9)).await.unwrap(), Wishes::default());
}

async fn what_happens_above_the_mark_waits_to_be_told(bed: Bed) {
    let store = bed.store().await;
    let old = vec![
        ticket(1, 1, TicketStatus::Missed),
        ticket(2, 1, TicketStatus::Live),
    ];
    learn(&store, 90, old.clone()).await;
    learn(&store, 99, vec![ticket(2, 1, TicketStatus::Missed)]).await;
    store.start_news(Height(100)).await.unwrap();
    store.start_news(Height(200)).await.unwrap();
    assert_eq!(waiting(&store, 1_000).await, []);
    learn(&store, 101, old).await;
    assert_eq!(waiting(&store, 1_000).await, [], "told again is not news");
    let new = vec![
        ticket(3, 2, TicketStatus::Live),
        ticket(101, 1, TicketStatus::Expired),
    ];
    learn(&store, 102, new).await;
    assert_eq!(waiting(&store, 102).await, []);
    let tickets = NewsTopic::Tickets;
    assert_eq!(waiting(&store, 103).await, [(ANN, tickets)]);
    let found = news(&store, 103).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].kind, NewsKind::Expired);
    let expired = ticket(101, 1, TicketStatus::Expired);
    assert_eq!(found[0].subject, expired.hash.to_string());
    assert_eq!(found[0].ticket, Some(expired));
    learn(&store, 103, vec![ticket(3, 2, TicketStatus::Missed)]).await;
    let both = [(ANN, tickets), (UserId(2), tickets)];
    assert_eq!(waiting(&store, 104).await, both);
}

async fn of_webs_that_tell_at_once_one_does(bed: Bed) {
    let store = with_news(&bed).await;
    let found = news(&store, 102).await;
    let tasks: Vec<_> = (0..6)
        .map(|web| {
            let (store, found) = (store.clone(), found.clone());
            let telling = telling(found, Fate::Told, &format!("m{web}"));
            task(async move { store.tell(telling).await.unwrap() })
        })
        .collect();
    let mut told = 0;
    for done in tasks {
        told += usize::from(done.await.unwrap());
    }
    assert_eq!(told, 1);
    assert_eq!(store.mail_counts().await.unwrap().waiting, 1);
    assert_eq!(news(&store, 102).await, []);
}

async fn nothing_is_told_that_changed_meanwhile(bed: Bed) {
    let store = with_news(&bed).await;
    let found = news(&store, 102).await;
    learn(&store, 101, vec![ticket(1, 1, TicketStatus::Live)]).await;
    let told = store.tell(telling(found.clone(), Fate::Told, "m")).await;
    assert!(!told.unwrap());
    learn(&store, 101, vec![ticket(1, 1, TicketStatus::Missed)]).await;
    let more = vec![ticket(101, 1, TicketStatus::Missed)];
    learn(&store, 101, more).await;
    let told = store.tell(telling(found, Fate::Told, "m")).await;
    assert!(!told.unwrap());
    assert_eq!(store.mail_counts().await.unwrap().waiting, 0);
    let all = news(&store, 102).await;
    assert_eq!(all.len(), 2);
    assert!(store.tell(telling(all, Fate::Told, "m")).await.unwrap());
}

async fn what_was_told_is_known_for_a_month_and_never_told_again(bed: Bed) {
    let store = with_news(&bed).await;
    let found = news(&store, 102).await;
    assert!(store.tell(telling(found, Fate::Told, "m")).await.unwrap());
    // Taken back and told again by the voter.
    learn(&store, 103, vec![ticket(1, 1, TicketStatus::Live)]).await;
    learn(&store, 104, vec![ticket(1, 1, TicketStatus::Missed)]).await;
    assert_eq!(waiting(&store, 1_000).await, []);
    // Quiet for a while, whatever happens; others are not concerned.
    learn(
        &store,
        105,
        vec![
            ticket(2, 1, TicketStatus::Live),
            ticket(3, 2, TicketStatus::Live),
        ],
    )
    .await;
    learn(
        &store,
        106,
        vec![
            ticket(2, 1, TicketStatus::Missed),
            ticket(3, 2, TicketStatus::Missed),
        ],
    )
    .await;
    let tickets = NewsTopic::Tickets;
    assert_eq!(waiting(&store, 1_000).await, [(UserId(2), tickets)]);
    let later = store.waiting_news(Height(1_000), NOW).await.unwrap();
    assert_eq!(later, [(ANN, tickets), (UserId(2), tickets)]);
    let kept = NOW + NEWS_KEPT_SECS;
    store.forget_expired(kept - 1).await.unwrap();
    let told = store.waiting_news(Height(1_000), NOW - 1).await.unwrap();
    assert_eq!(told, [(UserId(2), tickets)]);
    assert!(store.forget_expired(kept).await.unwrap() > 0);
    let told = store.waiting_news(Height(1_000), NOW - 1).await.unwrap();
    assert_eq!(told.len(), 2, "what waits is never forgotten");
}

async fn what_was_dropped_may_come_again(bed: Bed) {
    let store = with_news(&bed).await;
    let found = news(&store, 102).await;
    let telling = Telling {
        mail: None,
        ..telling(found, Fate::Dropped, "m")
    };
    assert!(store.tell(telling).await.unwrap());
    assert_eq!(waiting(&store, 1_000).await, []);
    learn(&store, 103, vec![ticket(1, 1, TicketStatus::Live)]).await;
    learn(&store, 104, vec![ticket(1, 1, TicketStatus::Missed)]).await;
    assert_eq!(waiting(&store, 105).await, [(ANN, NewsTopic::Tickets)]);
}

async fn a_new_version_waits_for_who_has_tickets(bed: Bed) {
    let store = bed.store().await;
    let tickets = vec![
        ticket(1, 1, TicketStatus::Live),
        ticket(2, 1, TicketStatus::Immature),
        ticket(3, 2, TicketStatus::Voted),
        ticket(4, 3, TicketStatus::Mempool),
    ];
    learn(&store, 100, tickets).await;
    store.reset_preferences(VoteVersion(12)).await.unwrap();
    assert_eq!(waiting(&store, 0).await, [], "there was none before");
    for _ in 0..2 {
        store.reset_preferences(VoteVersion(13)).await.unwrap();
    }
    let version = NewsTopic::VoteVersion;
    let expected = [(ANN, version), (UserId(3), version)];
    assert_eq!(waiting(&store, 0).await, expected);
    let news = store.news_of(ANN, version, Height(0)).await.unwrap();
    let expected = News {
        kind: NewsKind::VoteVersion,
        subject: "13".into(),
        ticket: None,
    };
    assert_eq!(news, [expected]);
    let telling = Telling {
        topic: version,
        ..telling(news, Fate::Told, "m")
    };
    assert!(store.tell(telling).await.unwrap());
    store.reset_preferences(VoteVersion(13)).await.unwrap();
    assert_eq!(waiting(&store, 0).await, [(UserId(3), version)]);
}

async fn only_what_waits_is_read(bed: Bed) {
    let store = with_news(&bed).await;
    let found = news(&store, 102).await;
    assert!(store.tell(telling(found, Fate::Told, "m")).await.unwrap());
    for query in [
        "SELECT DISTINCT user_id, kind FROM pool_news WHERE told = 0 AND height <= 500",
        "SELECT user_id FROM pool_news WHERE told > 1700000000 AND kind <> 'vote_version'",
    ] {
        let plan = bed.plan(query);
        assert!(plan.index, "{query}: {plan:?}");
    }
}
