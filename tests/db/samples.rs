//! How things stood at each block.

use dcrstakepool::db::{Error, Sample, VoteLatency};
use dcrstakepool::decred::{Atoms, Height};
use tokio::task::JoinSet;

use super::bed::{Bed, NOW, on_both};

on_both!(
    each_block_has_one_row_the_last_word_on_it,
    the_last_ones_are_read_and_those_up_to_a_time,
    one_row_takes_the_place_of_several,
    of_several_that_write_at_once_none_is_hurt,
);

fn sample(height: u32) -> Sample {
    Sample {
        height: Height(height),
        block_time: NOW + i64::from(height) * 300,
        ticket_price: Atoms(21_012_345_678),
        pool_size: 41_234,
        live: 400,
        immature: 20,
        voted: 1_000,
        missed: 1,
        expired: 2,
        votes: 0,
        latency: None,
    }
}

async fn each_block_has_one_row_the_last_word_on_it(bed: Bed) {
    let store = bed.store().await;
    assert_eq!(store.samples(10).await.unwrap(), []);
    let first = sample(7);
    for _ in 0..2 {
        store.store_sample(first.clone()).await.unwrap();
    }
    assert_eq!(store.samples(10).await.unwrap(), vec![first.clone()]);
    let voted = Sample {
        votes: 3,
        voted: u64::MAX,
        latency: Some(VoteLatency {
            median_us: 900,
            slowest_us: 12_000,
        }),
        ..first
    };
    store.store_sample(voted.clone()).await.unwrap();
    let largest = Sample {
        voted: u64::try_from(i64::MAX).unwrap(),
        ..voted
    };
    assert_eq!(store.samples(10).await.unwrap(), [largest]);
}

async fn the_last_ones_are_read_and_those_up_to_a_time(bed: Bed) {
    let store = bed.store().await;
    for height in [5, 9, 7, 6, 8] {
        store.store_sample(sample(height)).await.unwrap();
    }
    let last = store.samples(2).await.unwrap();
    assert_eq!(last, [sample(9), sample(8)]);
    let old = store.samples_up_to(sample(7).block_time, 2).await.unwrap();
    assert_eq!(old, [sample(7), sample(6)]);
    assert_eq!(store.samples_up_to(NOW, 100).await.unwrap(), []);
}

async fn one_row_takes_the_place_of_several(bed: Bed) {
    let store = bed.store().await;
    for height in 1..=4 {
        store.store_sample(sample(height)).await.unwrap();
    }
    let kept = Sample {
        votes: 9,
        ..sample(3)
    };
    let dropped = vec![Height(1), Height(2), Height(77)];
    for _ in 0..2 {
        // Another web process may have done it already.
        let merged = store.merge_samples(kept.clone(), dropped.clone()).await;
        merged.unwrap();
        assert_eq!(
            store.samples(10).await.unwrap(),
            [sample(4), kept.clone()],
            "repeatable"
        );
    }
}

async fn of_several_that_write_at_once_none_is_hurt(bed: Bed) {
    let store = bed.store().await;
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let store = store.clone();
        tasks.spawn(async move {
            match store.store_sample(sample(7)).await {
                Ok(()) | Err(Error::Conflict(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(store.samples(10).await.unwrap(), [sample(7)]);
}
