//! Work that one of several web processes does.

use dcrstakepool::db::Store;
use tokio::task::JoinSet;

use super::bed::{Bed, on_both};

on_both!(
    one_has_it_until_it_is_given_back,
    what_ran_out_is_anybodys,
    of_many_at_once_one_gets_it,
);

async fn hold(store: &Store, holder: &str) -> bool {
    store.hold_lease("work", holder, 60).await.unwrap()
}

async fn one_has_it_until_it_is_given_back(bed: Bed) {
    let store = bed.store().await;
    assert!(hold(&store, "a").await);
    assert!(!hold(&store, "b").await);
    assert!(hold(&store, "a").await);
    assert!(store.hold_lease("other", "b", 60).await.unwrap());
    // Nobody gives back what is not his.
    store.give_back_lease("work", "b").await.unwrap();
    assert!(!hold(&store, "b").await);
    store.give_back_lease("work", "a").await.unwrap();
    assert!(hold(&store, "b").await);
    assert!(!hold(&store, "a").await);
}

async fn what_ran_out_is_anybodys(bed: Bed) {
    let store = bed.store().await;
    assert!(store.hold_lease("work", "a", -1).await.unwrap());
    assert!(hold(&store, "b").await);
    assert!(!hold(&store, "a").await);
}

async fn of_many_at_once_one_gets_it(bed: Bed) {
    let store = bed.store().await;
    let mut tasks = JoinSet::new();
    for number in 0..10 {
        let store = store.clone();
        tasks.spawn(async move { hold(&store, &number.to_string()).await });
    }
    let held = tasks.join_all().await;
    assert_eq!(held.iter().filter(|held| **held).count(), 1, "{held:?}");
}
