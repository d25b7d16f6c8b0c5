use crate::pool::testing::{PASSWORD, TestPool, proof};
use crate::pool::{AsOf, PasswordProblem, ResetPasswordError, SignIn, SignInError};
use crate::secret::Secret;

const NEW: &str = "battery staple";

async fn asked(test: &TestPool, email: &str) -> String {
    let asked = test.pool.request_password_reset(email, None).await;
    asked.unwrap();
    test.inbox.token()
}

async fn resets(test: &TestPool, token: &str) -> bool {
    let new = Secret::new(NEW);
    match test.pool.reset_password(token, &new, None).await {
        Ok(()) => true,
        Err(ResetPasswordError::Invalid) => false,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_ends_every_session() {
    let test = TestPool::new().await;
    let pool = &test.pool;
    let user = test.user("kim@example.com").await;
    let session = pool.start_session(user, None).await.unwrap();
    let other = asked(&test, "kim@example.com").await;
    let token = asked(&test, "KIM@example.com").await;
    let short = Secret::new("short");
    let short = pool.reset_password(&token, &short, None);
    assert!(matches!(
        short.await,
        Err(ResetPasswordError::Password(PasswordProblem::TooShort))
    ));
    assert!(
        pool.session(session.expose(), AsOf::Lately)
            .await
            .unwrap()
            .is_some()
    );

    assert!(resets(&test, &token).await);
    let mails = test.inbox.take();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject.contains("password was changed"));
    assert!(
        pool.session(session.expose(), AsOf::Lately)
            .await
            .unwrap()
            .is_none()
    );
    let sign_in = async |password: &str| {
        let password = Secret::new(password);
        pool.sign_in("kim@example.com", &password, None).await
    };
    assert!(matches!(sign_in(NEW).await, Ok(SignIn::Done(id)) if id == user));
    assert!(matches!(sign_in(PASSWORD).await, Err(SignInError::Wrong)));
    assert!(!resets(&test, &token).await, "used");
    assert!(!resets(&test, &other).await, "void since");
}

#[tokio::test]
async fn a_link_lasts_an_hour() {
    let test = TestPool::new().await;
    test.user("kim@example.com").await;
    let token = asked(&test, "kim@example.com").await;
    test.clock.advance(3600);
    assert!(!resets(&test, &token).await);
    let token = asked(&test, "kim@example.com").await;
    test.clock.advance(3599);
    assert!(resets(&test, &token).await);
}

#[tokio::test]
async fn nobody_without_an_account_gets_a_mail_nor_does_a_disabled_user() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    let early = asked(&test, "kim@example.com").await;
    test.store.set_disabled(user, true).await.unwrap();
    for email in ["sam@example.com", "kim@example.com", "rubbish", ""] {
        let asked = test.pool.request_password_reset(email, None).await;
        asked.unwrap();
    }
    assert!(test.inbox.take().is_empty());
    assert!(!resets(&test, &early).await);
    for bad in ["", "0", "' OR 1=1", &"0".repeat(32)] {
        assert!(!resets(&test, bad).await, "{bad}");
    }
}

#[tokio::test]
async fn a_changed_password_voids_the_links_that_were_mailed_before() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    let token = asked(&test, "kim@example.com").await;
    let (old, new) = (proof(PASSWORD), Secret::new("another password"));
    let changed = test.pool.change_password(user, &old, &new, "", None).await;
    changed.unwrap();
    assert!(!resets(&test, &token).await);
    let signed_in = test.pool.sign_in("kim@example.com", &new, None).await;
    assert!(matches!(signed_in, Ok(SignIn::Done(id)) if id == user));
}
