//! Uses of accounts, counted for all web processes together.

use dcrstakepool::db::{Account, Allowance, Store};
use dcrstakepool::domain::{Rate, UserId, Wait};
use tokio::task::JoinSet;

use super::bed::{Bed, NOW, on_both};

on_both!(
    an_account_is_counted_whoever_asks,
    what_was_given_back_is_free_again,
    accounts_do_not_share_and_the_past_is_forgotten,
    of_many_at_once_as_many_as_allowed_get_through,
);

const MILLIS: i64 = NOW * 1000;

fn of(what: &'static str, account: impl Into<Account>) -> Allowance {
    Allowance {
        what,
        account: account.into(),
        rate: Rate::per_minute(2),
        now: MILLIS,
    }
}

async fn take(store: &Store, allowance: &Allowance) -> Result<(), Wait> {
    store.take(allowance.clone()).await.unwrap()
}

async fn an_account_is_counted_whoever_asks(bed: Bed) {
    let store = bed.store().await;
    let ann = of("sign_in", "ann@example.com");
    take(&store, &ann).await.unwrap();
    take(&store, &of("sign_in", " Ann@Example.com"))
        .await
        .unwrap();
    assert_eq!(take(&store, &ann).await, Err(Wait(30_000)));
    // What was refused does not count.
    assert_eq!(take(&store, &ann).await, Err(Wait(30_000)));
    let later = Allowance {
        now: MILLIS + 30_000,
        ..ann
    };
    take(&store, &later).await.unwrap();
    assert!(take(&store, &later).await.is_err());
}

async fn what_was_given_back_is_free_again(bed: Bed) {
    let store = bed.store().await;
    let ann = of("sign_in", "ann@example.com");
    store.give_back(ann.clone()).await.unwrap();
    for _ in 0..5 {
        take(&store, &ann).await.unwrap();
        store.give_back(ann.clone()).await.unwrap();
    }
    take(&store, &ann).await.unwrap();
    take(&store, &ann).await.unwrap();
    assert!(take(&store, &ann).await.is_err());
}

async fn accounts_do_not_share_and_the_past_is_forgotten(bed: Bed) {
    let store = bed.store().await;
    let long = "x".repeat(5000);
    for allowance in [
        of("sign_in", "ann@example.com"),
        of("mail", "ann@example.com"),
        of("sign_in", "bob@example.com"),
        of("address", UserId(1)),
        of("address", UserId(11)),
        of("sign_in", long.as_str()),
        of("sign_in", "\u{0}'; --\u{1f600}"),
    ] {
        take(&store, &allowance).await.unwrap();
        take(&store, &allowance).await.unwrap();
        assert!(take(&store, &allowance).await.is_err(), "{allowance:?}");
    }
    assert_eq!(store.forget_expired(NOW + 59).await.unwrap(), 0);
    assert_eq!(store.forget_expired(NOW + 60).await.unwrap(), 7);
    take(&store, &of("address", UserId(1))).await.unwrap();
}

async fn of_many_at_once_as_many_as_allowed_get_through(bed: Bed) {
    let store = bed.store().await;
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            let allowance = of("sign_in", "ann@example.com");
            take(&store, &allowance).await.is_ok()
        });
    }
    let through = tasks.join_all().await;
    let count = through.iter().filter(|through| **through).count();
    assert_eq!(count, 2);
}
