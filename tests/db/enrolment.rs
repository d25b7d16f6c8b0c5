//! Users' keys and scripts.

use dcrstakepool::db::EnrolledUser;
use dcrstakepool::domain::{KeyIndex, UserId};

use super::accounts::task;
use super::bed::{Bed, NOW, enrolment, on_both, user};

on_both!(
    an_address_is_written_once,
    one_of_many_at_once_is_written,
    two_users_at_once_are_both_written,
    an_old_user_without_text_can_enrol,
    a_saved_script_is_said_once_and_for_all,
);

async fn an_address_is_written_once(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    let bob = user(&store, "bob@example.com").await;
    assert!(store.enrolled_users().await.unwrap().is_empty());
    assert!(store.enrol(enrolment(bob, 0), None).await.unwrap());
    assert!(!store.enrol(enrolment(bob, 0), None).await.unwrap());
    assert!(!store.enrol(enrolment(bob, 1), None).await.unwrap());
    assert!(!store.enrol(enrolment(UserId(99), 0), None).await.unwrap());
    let stored = store.user(bob).await.unwrap().unwrap().enrolment;
    assert_eq!(stored, Some(enrolment(bob, 0)));
    assert!(store.enrol(enrolment(ann, 3), None).await.unwrap());
    let expected = [(ann, 3), (bob, 0)].map(|(id, variant)| EnrolledUser {
        key_index: KeyIndex(u32::try_from(id.0).unwrap()),
        enrolment: enrolment(id, variant),
    });
    assert_eq!(store.enrolled_users().await.unwrap(), expected);
}

async fn one_of_many_at_once_is_written(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    let tasks: Vec<_> = (0..8)
        .map(|variant| {
            let store = store.clone();
            task(async move { store.enrol(enrolment(ann, variant), None).await })
        })
        .collect();
    let mut winners = Vec::new();
    for (variant, task) in (0..).zip(tasks) {
        if task.await.unwrap().unwrap() {
            winners.push(variant);
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    let stored = store.user(ann).await.unwrap().unwrap().enrolment;
    assert_eq!(stored, Some(enrolment(ann, winners[0])));
}

async fn two_users_at_once_are_both_written(bed: Bed) {
    let store = bed.store().await;
    let mut tasks = Vec::new();
    for n in 0..10 {
        let id = user(&store, &format!("user{n}@example.com")).await;
        let store = store.clone();
        tasks.push(task(
            async move { store.enrol(enrolment(id, 0), None).await },
        ));
    }
    for task in tasks {
        assert!(task.await.unwrap().unwrap());
    }
    let table = store.preferences().await.unwrap();
    let mut revisions: Vec<_> = table.preferences.iter().map(|p| p.revision).collect();
    revisions.sort();
    revisions.dedup();
    assert_eq!(revisions.len(), 10, "each change has a revision of its own");
}

async fn an_old_user_without_text_can_enrol(bed: Bed) {
    let store = bed.store().await;
    bed.execute("INSERT INTO Users (UserId, Email, EmailVerified) VALUES (7, 'a@b.c', 2)");
    bed.execute("INSERT INTO pool_keys (user_id, key_set, key_index) VALUES (7, 0, 123)");
    assert!(store.enrol(enrolment(UserId(7), 0), None).await.unwrap());
    assert!(!store.enrol(enrolment(UserId(7), 1), None).await.unwrap());
    let enrolled = store.enrolled_users().await.unwrap();
    assert_eq!(enrolled[0].key_index, KeyIndex(123));
}

async fn a_saved_script_is_said_once_and_for_all(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    let bob = user(&store, "bob@example.com").await;
    assert!(!store.has_saved_script(ann).await.unwrap());
    for _ in 0..2 {
        store.note_saved_script(ann, NOW).await.unwrap();
    }
    assert!(store.has_saved_script(ann).await.unwrap());
    assert!(!store.has_saved_script(bob).await.unwrap());
}
