use crate::db::SESSION_IDLE_SECS;
use crate::pool::testing::{NOW, PASSWORD, TestPool, audited, proof, settings};
use crate::pool::{
    AsOf, ChangePasswordError, PasswordProblem, ProofError, SignIn, SignInError, SignUpError,
    TokenError, jwt,
};
use crate::secret::Secret;

#[tokio::test]
async fn a_sign_up_is_no_user_before_the_link_is_opened() {
    let test = TestPool::new().await;
    let pool = &test.pool;
    let password = Secret::new(PASSWORD);
    pool.sign_up("Kim@example.com", &password, None)
        .await
        .unwrap();
    assert_eq!(test.store.user_counts().await.unwrap().total, 0);
    let early = pool.sign_in("kim@example.com", &password, None).await;
    assert!(matches!(early, Err(SignInError::Wrong)));
    let token = test.inbox.token();
    let user = pool.verify_email(&token, None).await.unwrap();
    let signed_in = pool.sign_in("KIM@example.com", &password, None).await;
    assert!(matches!(signed_in, Ok(SignIn::Done(id)) if id == user));
    let wrong = pool
        .sign_in("kim@example.com", &Secret::new("wrong horse"), None)
        .await;
    assert!(matches!(wrong, Err(SignInError::Wrong)));
    let unknown = pool.sign_in("sam@example.com", &password, None).await;
    assert!(matches!(unknown, Err(SignInError::Wrong)));
}

#[tokio::test]
async fn a_known_address_mails_its_owner_and_makes_no_second_account() {
    let test = TestPool::new().await;
    test.user("kim@example.com").await;
    let again = Secret::new("another password");
    test.pool
        .sign_up("KIM@example.com", &again, None)
        .await
        .unwrap();
    let mails = test.inbox.take();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "kim@example.com");
    assert!(!mails[0].body.contains("emailverify"), "{}", mails[0].body);
    let signed_in = test.pool.sign_in("kim@example.com", &again, None).await;
    assert!(matches!(signed_in, Err(SignInError::Wrong)));
}

#[tokio::test]
async fn a_resent_link_replaces_the_first_and_links_die_after_a_day() {
    let test = TestPool::new().await;
    let pool = &test.pool;
    let password = Secret::new(PASSWORD);
    pool.sign_up("kim@example.com", &password, None)
        .await
        .unwrap();
    let first = test.inbox.token();
    pool.resend_verification("kim@example.com", None)
        .await
        .unwrap();
    let second = test.inbox.token();
    let spent = pool.verify_email(&first, None).await;
    assert!(matches!(spent, Err(TokenError::Invalid)));
    pool.resend_verification("nobody@example.com", None)
        .await
        .unwrap();
    assert!(test.inbox.take().is_empty());
    pool.sign_up("ann@example.com", &password, None)
        .await
        .unwrap();
    let once = test.inbox.token();
    pool.verify_email(&once, None).await.unwrap();
    let twice = pool.verify_email(&once, None).await;
    assert!(matches!(twice, Err(TokenError::Used)));
    test.clock.advance(24 * 3600 + 1);
    let late = pool.verify_email(&second, None).await;
    assert!(matches!(late, Err(TokenError::Invalid)));
    for bad in ["", "0", "' OR 1=1", &"0".repeat(32)] {
        let bad = pool.verify_email(bad, None).await;
        assert!(matches!(bad, Err(TokenError::Invalid)));
    }
}

#[tokio::test]
async fn a_link_goes_to_the_address_of_the_sign_up_alone() {
    let test = TestPool::new().await;
    let password = Secret::new(PASSWORD);
    let pool = &test.pool;
    pool.sign_up("kim@example.com", &password, None)
        .await
        .unwrap();
    // Alike but for the first letter, a Kelvin sign: perhaps another person's mail box.
    let typed = "\u{212a}im@example.com";
    pool.resend_verification(typed, None).await.unwrap();
    let mails = test.inbox.take();
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| mail.to == "kim@example.com"));
}

#[tokio::test]
async fn a_sign_in_under_way_does_not_bring_the_old_password_back() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    let (old, new) = (Secret::new(PASSWORD), Secret::new("battery staple"));
    let checked = test.store.user(user).await.unwrap().unwrap().password_hash;
    test.pool
        .change_password(user, &proof(PASSWORD), &new, "", None)
        .await
        .unwrap();
    test.pool.raise_cost(user, &checked, &old).await;
    let signed_in = test.pool.sign_in("kim@example.com", &old, None).await;
    assert!(matches!(signed_in, Err(SignInError::Wrong)));
    let signed_in = test.pool.sign_in("kim@example.com", &new, None).await;
    assert!(matches!(signed_in, Ok(SignIn::Done(id)) if id == user));
}

#[tokio::test]
async fn sign_up_says_what_is_wrong() {
    let test = TestPool::new().await;
    let sign_up = async |email: &str, password: &str| {
        let password = Secret::new(password);
        test.pool.sign_up(email, &password, None).await.unwrap_err()
    };
    assert!(matches!(
        sign_up("kim", PASSWORD).await,
        SignUpError::BadEmail
    ));
    assert!(matches!(
        sign_up("kim@example.com", "short").await,
        SignUpError::Password(PasswordProblem::TooShort)
    ));
    let closed = test
        .another(crate::pool::Settings {
            sign: crate::pool::DoorSign {
                closed: true,
                ..crate::pool::DoorSign::default()
            },
            ..settings()
        })
        .await;
    let refused = closed
        .sign_up("kim@example.com", &Secret::new(PASSWORD), None)
        .await;
    assert!(matches!(refused, Err(SignUpError::Closed(_))));
}

#[tokio::test]
async fn the_pool_is_full_at_max_users() {
    let test = TestPool::with(crate::pool::Settings {
        max_users: 1,
        ..settings()
    })
    .await;
    let password = Secret::new(PASSWORD);
    test.pool
        .sign_up("a@example.com", &password, None)
        .await
        .unwrap();
    let first = test.inbox.token();
    test.pool
        .sign_up("b@example.com", &password, None)
        .await
        .unwrap();
    let second = test.inbox.token();
    test.pool.verify_email(&first, None).await.unwrap();
    let full = test.pool.verify_email(&second, None).await;
    assert!(matches!(full, Err(TokenError::Closed(_))));
    let refused = test.pool.sign_up("c@example.com", &password, None).await;
    assert!(matches!(refused, Err(SignUpError::Closed(_))));
}

#[tokio::test]
async fn sessions_end_by_idling_by_sign_out_and_by_a_new_password() {
    let test = TestPool::new().await;
    let pool = &test.pool;
    let user = test.user("kim@example.com").await;
    let [one, two] = [
        pool.start_session(user, None).await.unwrap(),
        pool.start_session(user, None).await.unwrap(),
    ];
    let alive = async |cookie: &Secret| {
        pool.session(cookie.expose(), AsOf::Lately)
            .await
            .unwrap()
            .is_some()
    };
    assert!(alive(&one).await && alive(&two).await);
    assert!(!alive(&Secret::new("0".repeat(64))).await);
    let new = Secret::new("battery staple");
    let cookie = one.expose();
    let wrong = proof("battery staple");
    let wrong = pool.change_password(user, &wrong, &new, cookie, None).await;
    let wrong_password = ChangePasswordError::Proof(ProofError::WrongPassword);
    assert_eq!(wrong.unwrap_err().to_string(), wrong_password.to_string());
    let current = proof(PASSWORD);
    pool.change_password(user, &current, &new, cookie, None)
        .await
        .unwrap();
    assert!(alive(&one).await && !alive(&two).await);
    assert_eq!(test.inbox.take().len(), 1);
    pool.sign_in("kim@example.com", &new, None).await.unwrap();
    test.clock.advance(SESSION_IDLE_SECS + 1);
    assert!(!alive(&one).await);
    let three = pool.start_session(user, None).await.unwrap();
    pool.end_session(three.expose()).await.unwrap();
    assert!(!alive(&three).await);
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    let cookie = test.pool.start_session(user, None).await.unwrap();
    let token = test.pool.api_token(user).await.unwrap();
    test.store.set_disabled(user, true).await.unwrap();
    assert_eq!(
        test.pool
            .session(cookie.expose(), AsOf::Lately)
            .await
            .unwrap(),
        None
    );
    let by_token = test.pool.user_by_api_token(&token, AsOf::Lately).await;
    assert_eq!(by_token.unwrap(), None);
    let signed_in = test
        .pool
        .sign_in("kim@example.com", &Secret::new(PASSWORD), None)
        .await;
    assert!(matches!(signed_in, Err(SignInError::Disabled)));
}

#[tokio::test]
async fn made_up_addresses_fill_the_audit_log_slowly() {
    let test = TestPool::new().await;
    test.user("kim@example.com").await;
    let failed = async || {
        let log = audited(&test, 100).await;
        let failed = log.iter().filter(|entry| entry.event == "sign_in_failed");
        failed.count()
    };
    let wrong = Secret::new("wrong horse");
    let sign_in = async |email: &str, client: &str| {
        let client = Some(client.parse().unwrap());
        let refused = test.pool.sign_in(email, &wrong, client).await;
        assert!(matches!(refused, Err(SignInError::Wrong)));
    };
    for _ in 0..13 {
        sign_in("nobody@example.com", "192.0.2.1").await;
    }
    assert_eq!(failed().await, 10);
    // Another client, and somebody's account, are written down.
    sign_in("nobody@example.com", "192.0.2.2").await;
    sign_in("kim@example.com", "192.0.2.1").await;
    assert_eq!(failed().await, 12);
    test.clock.advance(60);
    sign_in("nobody@example.com", "192.0.2.1").await;
    assert_eq!(failed().await, 13);
}

#[tokio::test]
async fn an_api_token_is_good_until_it_is_renewed() {
    let test = TestPool::new().await;
    let pool = &test.pool;
    let user = test.user("kim@example.com").await;
    let first = pool.api_token(user).await.unwrap();
    assert_eq!(pool.api_token(user).await.unwrap().expose(), first.expose());
    let id = async |token: &Secret| {
        let user = pool.user_by_api_token(token, AsOf::Lately).await.unwrap();
        user.map(|user| user.id)
    };
    assert_eq!(id(&first).await, Some(user));
    let second = pool.renew_api_token(user, &Secret::default(), None).await;
    let second = second.unwrap();
    assert_ne!(first.expose(), second.expose(), "within the same second");
    assert_eq!(id(&first).await, None);
    assert_eq!(id(&second).await, Some(user));
}

#[tokio::test]
async fn an_api_token_counts_only_as_stored_and_from_a_known_issuer() {
    let test = TestPool::new().await;
    let user = test.user("kim@example.com").await;
    let token = |issuer: &str| {
        let claims = jwt::Claims {
            user,
            issuer: issuer.into(),
            issued_at: NOW,
        };
        jwt::make(&settings().api_secret, &claims).unwrap()
    };
    let good = async |token: &Secret| {
        let user = test
            .pool
            .user_by_api_token(token, AsOf::Lately)
            .await
            .unwrap();
        user.is_some()
    };
    let old = token("https://old.example.com");
    assert!(!good(&old).await, "signed, but not stored");
    assert!(test.store.set_api_token(user, None, &old).await.unwrap());
    assert!(good(&old).await);
    assert_eq!(
        test.pool.api_token(user).await.unwrap().expose(),
        old.expose()
    );
    let foreign = token("https://evil.example.com");
    assert!(
        test.store
            .set_api_token(user, Some(&old), &foreign)
            .await
            .unwrap()
    );
    assert!(!good(&foreign).await);
    // Whoever has a token that is no good gets another.
    let new = test.pool.api_token(user).await.unwrap();
    assert!(good(&new).await);
}
