//! How users want their tickets to vote.

use dcrstakepool::db::{Access, NewPreference, Options, Store};
use dcrstakepool::decred::{VoteBits, VoteVersion};
use dcrstakepool::domain::{Revision, UserId};
use dcrstakepool::secret::Secret;

use super::accounts::task;
use super::bed::{Bed, enrolment, on_both, user};
use crate::harness::mariadb::MariaDb;

on_both!(
    a_change_has_the_highest_revision,
    changes_at_once_have_revisions_of_their_own,
    a_reset_reaches_older_versions_only,
    choices_are_kept_per_version,
    voters_are_told_of_users_by_page_or_by_what_changed,
);

fn preference(user_id: UserId, version: u32, bits: u16) -> NewPreference {
    NewPreference {
        user_id,
        version: VoteVersion(version),
        bits: VoteBits(bits),
        choices: vec![("treasury".into(), format!("choice {bits}"))],
    }
}

async fn a_change_has_the_highest_revision(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    let bob = user(&store, "bob@example.com").await;
    assert!(store.preferences().await.unwrap().preferences.is_empty());
    store.enrol(enrolment(ann, 0), None).await.unwrap();
    store.enrol(enrolment(bob, 0), None).await.unwrap();
    let before = store.preferences().await.unwrap();
    assert_eq!(before.pool_id, store.pool_id().await.unwrap());
    assert_eq!(before.preferences[0].bits, VoteBits(1));
    let set = store
        .set_preference(preference(ann, 11, 5))
        .await
        .unwrap()
        .unwrap();
    assert!(set.revision > before.revision);
    assert_eq!(set.ticket_address, enrolment(ann, 0).ticket_address);
    let after = store.preferences().await.unwrap();
    assert_eq!(after.revision, set.revision);
    assert_eq!(after.preferences[0], set);
    assert_eq!(after.preferences[1], before.preferences[1]);
    let changed = store.preferences_since(before.revision).await.unwrap();
    assert_eq!(changed.preferences, [set]);
    let stored = store.user(ann).await.unwrap().unwrap();
    assert_eq!((stored.vote_bits.0, stored.vote_version.0), (5, 11));
    let nobody = store.set_preference(preference(UserId(99), 11, 5)).await;
    assert_eq!(nobody.unwrap(), None);
}

async fn voters_are_told_of_users_by_page_or_by_what_changed(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    let bob = user(&store, "bob@example.com").await;
    user(&store, "without@example.com").await;
    store.enrol(enrolment(ann, 0), None).await.unwrap();
    store.enrol(enrolment(bob, 0), None).await.unwrap();
    let before = store.preferences().await.unwrap();
    let first = store.voter_users(UserId(0), 1).await.unwrap();
    let rest = store.voter_users(ann, 10).await.unwrap();
    assert_eq!((first.len(), rest.len()), (1, 1));
    let read = [&first[0], &rest[0]];
    for (user, id) in read.into_iter().zip([ann, bob]) {
        let enrolled = enrolment(id, 0);
        assert_eq!(i64::from(user.key_index.0), id.0);
        assert_eq!(user.redeem_script, enrolled.redeem_script);
        assert_eq!(user.height_registered, enrolled.height_registered);
    }
    assert_eq!(
        read.map(|user| user.preference.clone()),
        before.preferences[..]
    );
    assert!(store.voter_users(bob, 10).await.unwrap().is_empty());
    let none = store.voter_users_since(before.revision).await.unwrap();
    assert!(none.is_empty());
    let set = store.set_preference(preference(ann, 11, 5)).await.unwrap();
    let changed = store.voter_users_since(before.revision).await.unwrap();
    assert_eq!(changed.len(), 1);
    assert_eq!(Some(&changed[0].preference), set.as_ref());
}

async fn changes_at_once_have_revisions_of_their_own(bed: Bed) {
    let store = bed.store().await;
    let mut users = Vec::new();
    for n in 0..5 {
        users.push(user(&store, &format!("user{n}@example.com")).await);
    }
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let (store, id) = (store.clone(), users[n % 5]);
            task(async move { store.set_preference(preference(id, 11, 1)).await })
        })
        .collect();
    let mut revisions = Vec::new();
    for task in tasks {
        revisions.push(task.await.unwrap().unwrap().unwrap().revision);
    }
    revisions.sort();
    revisions.dedup();
    assert_eq!(revisions.len(), 20);
}

async fn a_reset_reaches_older_versions_only(bed: Bed) {
    let store = bed.store().await;
    let mut users = Vec::new();
    for (n, (version, bits)) in [(10, 5), (11, 7), (12, 9)].into_iter().enumerate() {
        let id = user(&store, &format!("user{n}@example.com")).await;
        store.enrol(enrolment(id, 0), None).await.unwrap();
        store
            .set_preference(preference(id, version, bits))
            .await
            .unwrap();
        users.push(id);
    }
    // A Go user that never got a revision.
    bed.execute(
        "INSERT INTO Users (UserId, Email, MultiSigAddress, VoteBits) VALUES (50, 'o@b.c', 'ScOld', 3)",
    );
    let before = store.preferences().await.unwrap();
    assert_eq!(before.preferences[3].revision, Revision(0));
    assert_eq!(store.reset_preferences(VoteVersion(11)).await.unwrap(), 2);
    let after = store.preferences().await.unwrap().preferences;
    let voted: Vec<_> = after.iter().map(|p| (p.version.0, p.bits.0)).collect();
    assert_eq!(voted, [(11, 1), (11, 7), (12, 9), (11, 1)]);
    assert!(after[0].revision > before.revision && after[3].revision > before.revision);
    assert_eq!(after[1], before.preferences[1]);
    assert_eq!(store.reset_preferences(VoteVersion(11)).await.unwrap(), 0);
    assert_eq!(store.reset_preferences(VoteVersion(9)).await.unwrap(), 0);
    // Whoever comes now starts with the version in force.
    let late = user(&store, "late@example.com").await;
    assert_eq!(store.user(late).await.unwrap().unwrap().vote_version.0, 11);
}

async fn choices_are_kept_per_version(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    store.set_preference(preference(ann, 10, 5)).await.unwrap();
    store.set_preference(preference(ann, 11, 3)).await.unwrap();
    store.set_preference(preference(ann, 11, 7)).await.unwrap();
    let of = async |version| {
        store
            .agenda_choices(ann, VoteVersion(version))
            .await
            .unwrap()
    };
    assert_eq!(
        of(10).await,
        [("treasury".to_owned(), "choice 5".to_owned())]
    );
    assert_eq!(
        of(11).await,
        [("treasury".to_owned(), "choice 7".to_owned())]
    );
    assert!(of(12).await.is_empty());
}

#[tokio::test]
async fn a_voter_s_account_reads_preferences_and_no_password() {
    let bed = Bed::mariadb();
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    store.enrol(enrolment(ann, 0), None).await.unwrap();
    let server = MariaDb::shared();
    let database = bed.url.rsplit('/').next().unwrap();
    server.execute(
        database,
        &format!(
            "CREATE USER 'voter_{database}'@'127.0.0.1' IDENTIFIED BY 'pw'; \
             GRANT SELECT (UserId, MultiSigAddress, VoteBits, VoteBitsVersion) \
               ON Users TO 'voter_{database}'@'127.0.0.1'; \
             GRANT SELECT (user_id, revision) ON pool_revisions TO 'voter_{database}'@'127.0.0.1'; \
             GRANT SELECT (id, pool_id) ON pool_identity TO 'voter_{database}'@'127.0.0.1'"
        ),
    );
    let url = server.url_as(&format!("voter_{database}"), "pw", database);
    let reader = Store::connect(Options::new(Secret::new(url), 2, Access::Guest))
        .await
        .unwrap();
    assert_eq!(
        reader.preferences().await.unwrap(),
        store.preferences().await.unwrap()
    );
    let since = reader.preferences_since(Revision(0)).await.unwrap();
    assert_eq!(since.preferences.len(), 1);
    let denied = reader.user(ann).await.unwrap_err();
    assert!(
        matches!(denied, dcrstakepool::db::Error::Denied(_)),
        "{denied:?}"
    );
}
