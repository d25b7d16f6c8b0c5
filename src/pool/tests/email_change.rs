use crate::domain::UserId;
use crate::pool::testing::{PASSWORD, TestPool, proof};
use crate::pool::{
    AsOf, ChangeEmailError, ConfirmEmailError, ProofError, ResetPasswordError, SignInError,
};
use crate::secret::Secret;

/// Asks for the change, and takes the link's token and the mails' addressees.
async fn asked(test: &TestPool, user: UserId, email: &str) -> (Option<String>, Vec<String>) {
    let current = proof(PASSWORD);
    let asked = test.pool.request_email_change(user, email, &current, None);
    asked.await.unwrap();
    let mails = test.inbox.take();
    let token = mails.iter().find_map(|mail| {
        let (_, rest) = mail.body.split_once("/emailupdate?t=")?;
        Some(rest.chars().take(32).collect())
    });
    (token, mails.into_iter().map(|mail| mail.to).collect())
}

async fn can_sign_in(test: &TestPool, email: &str) -> bool {
    let password = Secret::new(PASSWORD);
    match test.pool.sign_in(email, &password, None).await {
        Ok(_) => true,
        Err(SignInError::Wrong) => false,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_new_address_confirms_and_the_old_one_is_told() {
    let test = TestPool::new().await;
    let pool = &test.pool;
    let user = test.user("kim@example.com").await;
    let here = pool.start_session(user, None).await.unwrap();
    let elsewhere = pool.start_session(user, None).await.unwrap();
    pool.request_password_reset("kim@example.com", None)
        .await
        .unwrap();
    let reset = test.inbox.token();
    let (token, told) = asked(&test, user, "kim@new.example.com").await;
    assert_eq!(told, ["kim@new.example.com", "kim@example.com"]);
    assert!(can_sign_in(&test, "kim@example.com").await, "not yet");

    let token = token.unwrap();
    let cookie = Some(here.expose());
    pool.confirm_email_change(&token, cookie, None)
        .await
        .unwrap();
    let notices = test.inbox.take();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].to, "kim@example.com");
    assert!(can_sign_in(&test, "KIM@new.example.com").await);
    assert!(!can_sign_in(&test, "kim@example.com").await);
    assert!(
        pool.session(here.expose(), AsOf::Lately)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        pool.session(elsewhere.expose(), AsOf::Lately)
            .await
            .unwrap()
            .is_none()
    );
    let again = pool.confirm_email_change(&token, None, None).await;
    assert!(matches!(again, Err(ConfirmEmailError::Invalid)));
    let new = Secret::new("battery staple");
    let reset = pool.reset_password(&reset, &new, None);
    assert!(matches!(reset.await, Err(ResetPasswordError::Invalid)));
    // The old address is free.
    test.user("kim@example.com").await;
}

#[tokio::test]
async fn the_current_password_is_needed_and_the_address_must_be_another_one() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    let refused = async |email: &str, password: &str| {
        let wrong = proof(password);
        let asked = test.pool.request_email_change(user, email, &wrong, None);
        asked.await.unwrap_err()
    };
    assert!(matches!(
        refused("a@example.com", "wrong").await,
        ChangeEmailError::Proof(ProofError::WrongPassword)
    ));
    assert!(matches!(
        refused("a@example.com\r\nBcc: b@c", PASSWORD).await,
        ChangeEmailError::BadEmail
    ));
    assert!(matches!(
        refused("kim@example.com", PASSWORD).await,
        ChangeEmailError::SameEmail
    ));
    assert!(test.inbox.take().is_empty());
}

#[tokio::test]
async fn an_address_of_another_user_gets_no_link_and_the_answer_is_the_same() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    test.user("sam@example.com").await;
    let (token, told) = asked(&test, user, "SAM@example.com").await;
    assert_eq!(token, None);
    assert_eq!(told, ["sam@example.com", "kim@example.com"]);
}

#[tokio::test]
async fn who_confirms_an_address_first_has_it() {
    let test = TestPool::new().await;
    let kim = test.user("kim@example.com").await;
    let (token, _) = asked(&test, kim, "new@example.com").await;
    let token = token.unwrap();
    test.user("new@example.com").await;
    let late = test.pool.confirm_email_change(&token, None, None).await;
    assert!(matches!(late, Err(ConfirmEmailError::Taken)));
    assert!(can_sign_in(&test, "kim@example.com").await);
}

#[tokio::test]
async fn only_the_case_of_letters_may_change() {
    let test = TestPool::new().await;
    let kim = test.user("kim@example.com").await;
    let (token, _) = asked(&test, kim, "Kim@Example.com").await;
    let token = token.unwrap();
    let confirmed = test.pool.confirm_email_change(&token, None, None);
    confirmed.await.unwrap();
    let user = test.pool.user(kim).await.unwrap().unwrap();
    assert_eq!(user.email, "Kim@Example.com");
    assert!(can_sign_in(&test, "kim@example.com").await);
}

#[tokio::test]
async fn a_new_password_voids_a_change_that_was_asked_for_before() {
    let test = TestPool::new().await;
    let kim = test.user("kim@example.com").await;
    let (token, _) = asked(&test, kim, "thief@example.com").await;
    let (old, new) = (proof(PASSWORD), Secret::new("battery staple"));
    let changed = test.pool.change_password(kim, &old, &new, "", None).await;
    changed.unwrap();
    let token = token.unwrap();
    let late = test.pool.confirm_email_change(&token, None, None);
    assert!(matches!(late.await, Err(ConfirmEmailError::Invalid)));
}
