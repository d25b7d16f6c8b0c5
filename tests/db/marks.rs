//! Counting on above what voters know, in a database that was restored.

use dcrstakepool::db::{Marks, Verification};
use dcrstakepool::decred::VoteVersion;
use dcrstakepool::domain::{KeyIndex, Revision};

use super::bed::{Bed, NOW, enrolment, on_both, sign_up, user};

on_both!(
    counting_goes_on_above_what_voters_know,
    counters_only_rise,
    the_lack_of_scripts_is_remembered,
    the_last_backup_is_remembered,
);

async fn counting_goes_on_above_what_voters_know(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    let bob = user(&store, "bob@example.com").await;
    assert!(store.enrol(enrolment(ann, 0), None).await.unwrap());
    let before = store.marks().await.unwrap();
    let expected = Marks {
        last_user: 2,
        last_revision: Revision(3),
        vote_version: VoteVersion(0),
        scripts_lacked: 0,
    };
    assert_eq!(before, expected);
    let waiting = async || store.lowest_waiting_key().await.unwrap();
    assert_eq!(waiting().await, Some(KeyIndex(2)));
    let changed = store.count_on_above(Some(KeyIndex(7)), Revision(50)).await;
    assert_eq!(changed.unwrap(), 1, "bob alone has no address");
    assert_eq!(store.key_index(ann).await.unwrap(), Some(KeyIndex(1)));
    assert_eq!(store.key_index(bob).await.unwrap(), Some(KeyIndex(8)));
    let marks = store.marks().await.unwrap();
    assert_eq!((marks.last_user, marks.last_revision), (8, Revision(50)));
    assert_eq!(waiting().await, Some(KeyIndex(8)));
    store
        .record_sign_up(sign_up("cy@example.com", "c0"))
        .await
        .unwrap();
    let Ok(Verification::Verified(cy)) = store.verify_sign_up("c0", 1000, NOW).await else {
        panic!("not verified");
    };
    assert_eq!(
        (cy.0, store.key_index(cy).await.unwrap()),
        (9, Some(KeyIndex(9)))
    );
    assert!(store.enrol(enrolment(cy, 0), None).await.unwrap());
    assert_eq!(waiting().await, Some(KeyIndex(8)), "bob still waits");
    let table = store.preferences().await.unwrap();
    assert!(table.revision > Revision(50));
}

async fn the_last_backup_is_remembered(bed: Bed) {
    let store = bed.store().await;
    assert_eq!(store.backed_up_at().await.unwrap(), None);
    for at in [NOW, NOW + 1] {
        store.note_backup(at).await.unwrap();
        assert_eq!(store.backed_up_at().await.unwrap(), Some(at));
    }
}

async fn counters_only_rise(bed: Bed) {
    let store = bed.store().await;
    user(&store, "ann@example.com").await;
    store
        .count_on_above(Some(KeyIndex(7)), Revision(50))
        .await
        .unwrap();
    let before = store.marks().await.unwrap();
    for (key, revision) in [(Some(KeyIndex(3)), 9), (None, 50), (None, 0)] {
        let changed = store.count_on_above(key, Revision(revision)).await;
        assert_eq!(changed.unwrap(), 0);
        assert_eq!(store.marks().await.unwrap(), before);
    }
}

async fn the_lack_of_scripts_is_remembered(bed: Bed) {
    let store = bed.store().await;
    for count in [3, 5, 0] {
        store.accept_lack_of_scripts(count).await.unwrap();
        assert_eq!(store.marks().await.unwrap().scripts_lacked, count);
    }
}
