//! Mailed links, ours and those of the Go program.

use dcrstakepool::db::{
    EmailChange, LINK_LIFE_SECS, Link, LinkPurpose, NewLink, NewSession, PasswordChange, Store,
};
use dcrstakepool::domain::UserId;
use dcrstakepool::secret::Secret;

use super::accounts::task;
use super::bed::{Bed, NOW, on_both, user};
use super::mails::new_mail;

on_both!(
    a_link_is_good_once_and_for_its_purpose,
    a_link_used_twice_at_once_works_once,
    a_link_of_nobody_leaves_nothing,
    a_reset_ends_sessions_and_verifies,
    an_address_moves_in_the_index,
    two_users_want_one_address_at_once,
    links_of_the_go_program_are_good_once_and_its_rows_stay,
    old_links_of_the_go_program_are_void,
    old_links_are_forgotten,
);

async fn record(store: &Store, purpose: LinkPurpose, id: UserId, hash: &str, email: &str) {
    let link = NewLink {
        token_hash: hash.into(),
        purpose,
        user_id: Some(id),
        email: email.into(),
        now: NOW,
    };
    store.record_link(link, Vec::new()).await.unwrap();
}

async fn reset_link(store: &Store, hash: &str, now: i64) -> Option<Link> {
    let purpose = LinkPurpose::ResetPassword;
    store.link(purpose, hash, "0123", now).await.unwrap()
}

async fn sign_in(store: &Store, id: UserId, id_hash: &str) {
    let session = NewSession {
        id_hash: id_hash.into(),
        user_id: id,
        ip: String::new(),
        agent: String::new(),
        now: NOW,
    };
    store.create_session(session).await.unwrap();
}

fn new_password() -> Secret {
    Secret::new("$2a$10$new")
}

async fn a_link_is_good_once_and_for_its_purpose(bed: Bed) {
    let store = bed.store().await;
    let id = user(&store, "ann@example.com").await;
    record(&store, LinkPurpose::ResetPassword, id, "r", "").await;
    let wrong = store.link(LinkPurpose::ChangeEmail, "r", "r", NOW).await;
    assert_eq!(wrong.unwrap(), None);
    assert_eq!(reset_link(&store, "r", NOW + LINK_LIFE_SECS).await, None);
    assert_eq!(reset_link(&store, "other", NOW).await, None);
    let link = reset_link(&store, "r", NOW).await.unwrap();
    assert_eq!(link.user_id, id);
    let reset = store.reset_password(link.clone(), new_password(), NOW);
    assert!(reset.await.unwrap());
    assert_eq!(reset_link(&store, "r", NOW).await, None);
    let again = store.reset_password(link, Secret::new("$2a$10$third"), NOW);
    assert!(!again.await.unwrap());
    let ann = store.user(id).await.unwrap().unwrap();
    assert_eq!(ann.password_hash.expose(), "$2a$10$new");
}

async fn a_link_used_twice_at_once_works_once(bed: Bed) {
    let store = bed.store().await;
    let id = user(&store, "ann@example.com").await;
    record(&store, LinkPurpose::ResetPassword, id, "r", "").await;
    bed.execute(&format!(
        "INSERT INTO PasswordReset (UserId, Token, Created, Expires) \
         VALUES ({id}, 'f0f0', {}, {})",
        NOW + 1,
        NOW + 100,
    ));
    for (hash, token) in [("r", "none"), ("none", "f0f0")] {
        let link = store.link(LinkPurpose::ResetPassword, hash, token, NOW);
        let link = link.await.unwrap().unwrap();
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let (store, link) = (store.clone(), link.clone());
                let new = Secret::new(format!("$2a$10$new{n}"));
                task(async move { store.reset_password(link, new, NOW).await })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += usize::from(task.await.unwrap().unwrap());
        }
        assert_eq!(done, 1, "{token}");
    }
}

async fn a_link_of_nobody_leaves_nothing(bed: Bed) {
    let store = bed.store().await;
    let mail = new_mail("to-nobody", NOW);
    let link = NewLink {
        token_hash: "r".into(),
        purpose: LinkPurpose::ResetPassword,
        user_id: None,
        email: String::new(),
        now: NOW,
    };
    store.record_link(link, vec![mail]).await.unwrap();
    assert_eq!(reset_link(&store, "r", NOW).await, None);
    assert!(store.claim_mail(NOW).await.unwrap().is_none());
    assert_eq!(store.forget_expired(i64::MAX / 2).await.unwrap(), 0);
}

async fn a_reset_ends_sessions_and_verifies(bed: Bed) {
    let store = bed.store().await;
    bed.execute(
        "INSERT INTO Users (UserId, Email, EmailVerified, EmailToken) \
         VALUES (1, 'ann@example.com', 0, 'abc')",
    );
    let id = UserId(1);
    sign_in(&store, id, "here").await;
    record(&store, LinkPurpose::ResetPassword, id, "r", "").await;
    record(&store, LinkPurpose::ChangeEmail, id, "e", "b@c").await;
    let link = reset_link(&store, "r", NOW).await.unwrap();
    let reset = store.reset_password(link, new_password(), NOW);
    assert!(reset.await.unwrap());
    assert!(store.user(id).await.unwrap().unwrap().verified);
    assert!(store.sessions_of(id, NOW).await.unwrap().is_empty());
    let other = store.link(LinkPurpose::ChangeEmail, "e", "e", NOW).await;
    assert_eq!(other.unwrap(), None);
}

async fn change_link(store: &Store, hash: &str) -> Link {
    let purpose = LinkPurpose::ChangeEmail;
    let link = store.link(purpose, hash, "none", NOW).await.unwrap();
    link.unwrap()
}

async fn owner(store: &Store, email: &str) -> Option<UserId> {
    let user = store.user_by_email(email).await.unwrap();
    user.map(|user| user.id)
}

async fn an_address_moves_in_the_index(bed: Bed) {
    let store = bed.store().await;
    let id = user(&store, "ann@example.com").await;
    let bob = user(&store, "bob@example.com").await;
    for session in ["here", "there"] {
        sign_in(&store, id, session).await;
    }
    record(&store, LinkPurpose::ResetPassword, id, "r", "").await;
    record(
        &store,
        LinkPurpose::ChangeEmail,
        id,
        "taken",
        "BOB@example.com",
    )
    .await;
    let taken = change_link(&store, "taken").await;
    let outcome = store.change_email(taken, "here", NOW).await.unwrap();
    assert_eq!(outcome, EmailChange::Taken);
    assert_eq!(store.sessions_of(id, NOW).await.unwrap().len(), 2);
    // Still good, should the other account go.
    change_link(&store, "taken").await;

    record(&store, LinkPurpose::ChangeEmail, id, "e", "Änn@new.example").await;
    let link = change_link(&store, "e").await;
    let outcome = store.change_email(link.clone(), "here", NOW).await;
    assert_eq!(outcome.unwrap(), EmailChange::Changed);
    let again = store.change_email(link, "here", NOW).await.unwrap();
    assert_eq!(again, EmailChange::Spent);
    assert_eq!(owner(&store, "änn@NEW.example").await, Some(id));
    assert_eq!(owner(&store, "ann@example.com").await, None);
    assert_eq!(owner(&store, "bob@example.com").await, Some(bob));
    let ann = store.user(id).await.unwrap().unwrap();
    assert_eq!(ann.email, "Änn@new.example");
    let left = store.sessions_of(id, NOW).await.unwrap();
    assert!(left.iter().map(|session| &session.id_hash).eq(["here"]));
    assert_eq!(reset_link(&store, "r", NOW).await, None);
}

async fn two_users_want_one_address_at_once(bed: Bed) {
    let store = bed.store().await;
    let mut tasks = Vec::new();
    for n in 0..6 {
        let id = user(&store, &format!("user{n}@example.com")).await;
        let hash = format!("e{n}");
        record(
            &store,
            LinkPurpose::ChangeEmail,
            id,
            &hash,
            "new@example.com",
        )
        .await;
        let (store, link) = (store.clone(), change_link(&store, &hash).await);
        tasks.push((
            id,
            task(async move { store.change_email(link, "", NOW).await }),
        ));
    }
    let mut winners = Vec::new();
    for (id, task) in tasks {
        match task.await.unwrap().unwrap() {
            EmailChange::Changed => winners.push(id),
            EmailChange::Taken => {}
            EmailChange::Spent => panic!("{id}: spent"),
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(owner(&store, "new@example.com").await, Some(winners[0]));
}

async fn links_of_the_go_program_are_good_once_and_its_rows_stay(bed: Bed) {
    let store = bed.store().await;
    let id = user(&store, "ann@example.com").await;
    let (created, expires) = (NOW - 100, NOW + 100);
    bed.execute(&format!(
        "INSERT INTO PasswordReset (UserId, Token, Created, Expires) \
         VALUES ({id}, 'aa00', {created}, {expires}), ({id}, 'aa01', {created}, {NOW})"
    ));
    bed.execute(&format!(
        "INSERT INTO EmailChange (UserId, NewEmail, Token, Created, Expires) \
         VALUES ({id}, 'new@example.com', 'bb00', {}, {expires})",
        NOW + 50
    ));
    let find = async |purpose, token: &str| store.link(purpose, "none", token, NOW).await.unwrap();
    let reset = LinkPurpose::ResetPassword;
    assert_eq!(find(reset, "aa01").await, None, "too old");
    assert_eq!(find(reset, "bb00").await, None, "another purpose");
    let link = find(reset, "aa00").await.unwrap();
    let done = store.reset_password(link.clone(), new_password(), NOW);
    assert!(done.await.unwrap());
    assert_eq!(find(reset, "aa00").await, None, "used");
    let again = store.reset_password(link, new_password(), NOW).await;
    assert!(!again.unwrap());

    // Made after that, by a clock that is ahead.
    let change = LinkPurpose::ChangeEmail;
    let link = find(change, "bb00").await.unwrap();
    let changed = store.change_email(link, "", NOW).await.unwrap();
    assert_eq!(changed, EmailChange::Changed);
    assert_eq!(owner(&store, "new@example.com").await, Some(id));
    assert_eq!(find(change, "bb00").await, None, "used");
}

async fn old_links_of_the_go_program_are_void(bed: Bed) {
    let store = bed.store().await;
    let id = user(&store, "ann@example.com").await;
    bed.execute(&format!(
        "INSERT INTO PasswordReset (UserId, Token, Created, Expires) \
         VALUES ({id}, 'aa00', NULL, {0}), ({id}, 'aa01', {NOW}, {0}), (NULL, 'aa02', {NOW}, {0})",
        NOW + 100
    ));
    let find = async |token: &str| {
        let purpose = LinkPurpose::ResetPassword;
        store.link(purpose, "none", token, NOW).await.unwrap()
    };
    assert!(find("aa00").await.is_some() && find("aa01").await.is_some());
    assert!(find("aa02").await.is_none());
    let change = PasswordChange {
        user_id: id,
        former: store.user(id).await.unwrap().unwrap().password_hash,
        new: new_password(),
        keep_session: String::new(),
        now: NOW,
    };
    assert!(store.change_password(change).await.unwrap());
    assert!(find("aa00").await.is_none() && find("aa01").await.is_none());
}

async fn old_links_are_forgotten(bed: Bed) {
    let store = bed.store().await;
    let id = user(&store, "ann@example.com").await;
    record(&store, LinkPurpose::ResetPassword, id, "r", "").await;
    assert_eq!(store.forget_expired(NOW + 1).await.unwrap(), 0);
    let later = NOW + LINK_LIFE_SECS;
    assert_eq!(store.forget_expired(later).await.unwrap(), 1);
}
