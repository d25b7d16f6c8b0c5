use std::sync::Arc;

use totp_rs::{Builder, Totp};

use crate::db::HALF_SIGN_IN_SECS;
use crate::domain::UserId;
use crate::pool::testing::{PASSWORD, TestPool, proof, settings};
use crate::pool::{
    AsOf, ChangeEmailError, ChangePasswordError, LimitError, Operator, OwnerProof, Person, Pool,
    ProofError, SecondSignInError, Settings, SignIn, SignInError, TurnOnError, UserAction,
    UserAnswer,
};
use crate::secret::Secret;

const EMAIL: &str = "kim@example.com";

/// A phone with an app for codes.
struct App(Totp);

impl App {
    fn with(key: &Secret) -> Self {
        let key = totp_rs::Secret::try_from_base32(key.expose()).unwrap();
        Self(Builder::new().with_secret(key).build().unwrap())
    }

    /// What it shows so many seconds from now.
    fn shows(&self, test: &TestPool, in_seconds: i64) -> String {
        let time = test.clock.unix_seconds() + in_seconds;
        self.0.generate(time.try_into().unwrap()).to_string()
    }
}

struct Owner {
    id: UserId,
    cookie: Secret,
    app: App,
    codes: Vec<Secret>,
}

/// A user who turned it on; the time of that code is over.
async fn owner(test: &TestPool) -> Owner {
    let pool = &test.pool;
    let id = test.user(EMAIL).await;
    let cookie = pool.start_session(id, None).await.unwrap();
    let own = cookie.expose();
    let alone = proof(PASSWORD);
    let offered = pool.offer_second_factor(id, &alone, own, None);
    let offer = offered.await.unwrap();
    let app = App::with(&offer.text);
    let code = app.shows(test, 0);
    let turned = pool.turn_on_second_factor(id, own, offer.sealed.expose(), &code, None);
    let codes = turned.await.unwrap();
    test.inbox.take();
    test.clock.advance(60);
    Owner {
        id,
        cookie,
        app,
        codes,
    }
}

async fn half(pool: &Pool) -> Secret {
    let password = Secret::new(PASSWORD);
    match pool.sign_in(EMAIL, &password, None).await.unwrap() {
        SignIn::OwesCode(half) => half,
        SignIn::Done(_) => panic!("signed in by the password alone"),
    }
}

async fn completes(pool: &Pool, half: &Secret, code: &str) -> Result<UserId, SecondSignInError> {
    pool.complete_sign_in(half.expose(), code, None).await
}

#[track_caller]
fn is_wrong(outcome: &Result<UserId, SecondSignInError>) {
    assert!(
        matches!(outcome, Err(SecondSignInError::WrongCode)),
        "{outcome:?}"
    );
}

#[track_caller]
fn is_over(outcome: &Result<UserId, SecondSignInError>) {
    assert!(
        matches!(outcome, Err(SecondSignInError::Over)),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn the_password_and_a_code_of_the_app_turn_it_on() {
    let test = TestPool::new().await;
    let pool = &test.pool;
    let id = test.user(EMAIL).await;
    let cookie = pool.start_session(id, None).await.unwrap();
    let elsewhere = pool.start_session(id, None).await.unwrap();
    let own = cookie.expose();
    let (wrong, right) = (proof("wrong horse"), proof(PASSWORD));
    let refused = pool.offer_second_factor(id, &wrong, own, None);
    assert!(matches!(refused.await, Err(ProofError::WrongPassword)));
    let offer = pool.offer_second_factor(id, &right, own, None);
    let offer = offer.await.unwrap();
    assert_eq!(pool.second_factor(id).await.unwrap(), None);
    let app = App::with(&offer.text);
    let sealed = offer.sealed.expose();
    let turn_on = async |cookie: &str, sealed: &str, code: &str| {
        pool.turn_on_second_factor(id, cookie, sealed, code, None)
            .await
    };
    let code = app.shows(&test, 0);
    for wrong in ["", "000", "0123-4567-89ab-cdef-0123", &app.shows(&test, 90)] {
        let refused = turn_on(own, sealed, wrong).await;
        assert!(matches!(refused, Err(TurnOnError::WrongCode)), "{wrong}");
    }
    for (cookie, sealed) in [(elsewhere.expose(), sealed), (own, ""), (own, &sealed[2..])] {
        let refused = turn_on(cookie, sealed, &code).await;
        assert!(matches!(refused, Err(TurnOnError::Over)));
    }
    let same = pool.same_offer(id, EMAIL, own, sealed).unwrap().unwrap();
    assert!(same.text.matches(offer.text.expose()) && same.link.matches(offer.link.expose()));

    let codes = turn_on(own, sealed, &code).await.unwrap();
    assert_eq!(codes.len(), 10);
    let state = pool.second_factor(id).await.unwrap().unwrap();
    assert_eq!(
        (state.since, state.codes_left),
        (test.clock.unix_seconds(), 10)
    );
    let mails = test.inbox.take();
    assert!(mails[0].subject.contains("second factor is on"));
    assert!(
        pool.session(own, AsOf::Lately)
            .await
            .unwrap()
            .unwrap()
            .second_factor
    );
    assert_eq!(
        pool.session(elsewhere.expose(), AsOf::Lately)
            .await
            .unwrap(),
        None
    );
    let again = turn_on(own, sealed, &app.shows(&test, 30)).await;
    assert!(matches!(again, Err(TurnOnError::Already)));
    // Nothing that is stored says what the app knows, nor a recovery code.
    let stored = test.store.second_factor(id).await.unwrap().unwrap();
    let key = totp_rs::Secret::try_from_base32(offer.text.expose()).unwrap();
    assert!(!stored.seed.expose().contains(&hex::encode(key.as_bytes())));
}

#[tokio::test]
async fn an_offer_lasts_half_an_hour() {
    let test = TestPool::new().await;
    let id = test.user(EMAIL).await;
    let alone = proof(PASSWORD);
    let offered = test.pool.offer_second_factor(id, &alone, "cookie", None);
    let offer = offered.await.unwrap();
    test.clock.advance(1800);
    let code = App::with(&offer.text).shows(&test, 0);
    let sealed = offer.sealed.expose();
    let late = test
        .pool
        .turn_on_second_factor(id, "cookie", sealed, &code, None);
    assert!(matches!(late.await, Err(TurnOnError::Over)));
}

#[tokio::test]
async fn a_code_signs_in_once_and_the_half_way_is_over_then() {
    let test = TestPool::new().await;
    let pool = &test.pool;
    let owner = owner(&test).await;
    let wrong = Secret::new("wrong horse");
    let refused = pool.sign_in(EMAIL, &wrong, None).await;
    assert!(matches!(refused, Err(SignInError::Wrong)));
    let first = half(pool).await;
    // It is no session, and nothing of that kind.
    assert_eq!(
        pool.session(first.expose(), AsOf::Lately).await.unwrap(),
        None
    );
    assert!(pool.owes_code(first.expose()).await.unwrap());
    is_over(&completes(pool, &owner.cookie, &owner.app.shows(&test, 0)).await);
    for wrong in ["", "12", &owner.app.shows(&test, 300)] {
        is_wrong(&completes(pool, &first, wrong).await);
    }
    let code = owner.app.shows(&test, 0);
    assert_eq!(completes(pool, &first, &code).await.unwrap(), owner.id);
    is_over(&completes(pool, &first, &owner.app.shows(&test, 30)).await);
    assert!(!pool.owes_code(first.expose()).await.unwrap());

    let second = half(pool).await;
    is_wrong(&completes(pool, &second, &code).await);
    let next = owner.app.shows(&test, 30);
    assert_eq!(completes(pool, &second, &next).await.unwrap(), owner.id);
    // Older ones than the last are over, too.
    let third = half(pool).await;
    is_wrong(&completes(pool, &third, &code).await);
    let log = pool.account_log(owner.id, 100).await.unwrap();
    let count = |event: &str| log.iter().filter(|entry| entry.event == event).count();
    assert_eq!((count("sign_in"), count("second_factor_failed")), (2, 3));
}

#[tokio::test]
async fn phones_may_be_half_a_minute_wrong_and_no_more() {
    let test = TestPool::new().await;
    let owner = owner(&test).await;
    for (off, good) in [(-60, false), (-30, true), (60, false), (30, true)] {
        let half = half(&test.pool).await;
        let code = owner.app.shows(&test, off);
        let outcome = completes(&test.pool, &half, &code).await;
        assert_eq!(outcome.is_ok(), good, "{off}: {outcome:?}");
    }
}

/// Two web processes over one database.
async fn both_at_once(test: &TestPool, code: &str) -> usize {
    let other = test.another(settings()).await;
    let pools = [Arc::clone(&test.pool), other];
    let halves = [half(&pools[0]).await, half(&pools[1]).await];
    let (one, two) = tokio::join!(
        completes(&pools[0], &halves[0], code),
        completes(&pools[1], &halves[1], code),
    );
    [one, two].iter().filter(|outcome| outcome.is_ok()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_web_processes_one_takes_a_code() {
    let test = TestPool::new().await;
    let owner = owner(&test).await;
    assert_eq!(both_at_once(&test, &owner.app.shows(&test, 0)).await, 1);
    assert_eq!(both_at_once(&test, owner.codes[0].expose()).await, 1);
    let state = test.pool.second_factor(owner.id).await.unwrap().unwrap();
    assert_eq!(state.codes_left, 9);
}

#[tokio::test]
async fn recovery_codes_are_good_once_each_and_new_ones_void_them() {
    let test = TestPool::new().await;
    let pool = &test.pool;
    let owner = owner(&test).await;
    let first = owner.codes[0].expose().to_uppercase();
    let signed = completes(pool, &half(pool).await, &first).await;
    assert_eq!(signed.unwrap(), owner.id);
    is_wrong(&completes(pool, &half(pool).await, &first).await);
    let with = |code: &str| OwnerProof {
        password: Secret::new(PASSWORD),
        code: Secret::new(code),
    };
    let (alone, whole) = (proof(PASSWORD), with(owner.codes[1].expose()));
    let refused = pool.renew_recovery_codes(owner.id, &alone, None);
    assert!(matches!(refused.await, Err(ProofError::WrongCode)));
    let renewed = pool.renew_recovery_codes(owner.id, &whole, None);
    let new = renewed.await.unwrap().unwrap();
    is_wrong(&completes(pool, &half(pool).await, owner.codes[2].expose()).await);
    let signed = completes(pool, &half(pool).await, new[2].expose()).await;
    assert_eq!(signed.unwrap(), owner.id);
    let log = pool.account_log(owner.id, 100).await.unwrap();
    let used = log.iter().filter(|it| it.event == "recovery_code_used");
    assert_eq!(used.count(), 3);
    let whole = with(new[3].expose());
    let turned = pool.turn_off_second_factor(owner.id, &whole, None);
    turned.await.unwrap();
    let subject = test.inbox.take().pop().unwrap().subject;
    assert!(subject.contains("second factor is off"), "{subject}");
    let password = Secret::new(PASSWORD);
    let signed = pool.sign_in(EMAIL, &password, None).await;
    assert!(matches!(signed, Ok(SignIn::Done(_))));
}

#[tokio::test]
async fn half_a_sign_in_ends_in_minutes_and_with_the_password() {
    let test = TestPool::new().await;
    let pool = &test.pool;
    let owner = owner(&test).await;
    let slow = half(pool).await;
    test.clock.advance(HALF_SIGN_IN_SECS);
    is_over(&completes(pool, &slow, &owner.app.shows(&test, 0)).await);

    let begun = half(pool).await;
    let change = OwnerProof {
        password: Secret::new(PASSWORD),
        code: Secret::new(owner.app.shows(&test, 0)),
    };
    let new = Secret::new("battery staple");
    let changed = pool.change_password(owner.id, &change, &new, "", None);
    changed.await.unwrap();
    is_over(&completes(pool, &begun, &owner.app.shows(&test, 30)).await);
    for forged in ["", "00", &"0".repeat(64)] {
        is_over(&pool.complete_sign_in(forged, "123456", None).await);
    }
}

#[tokio::test]
async fn changes_of_the_account_need_a_code() {
    let test = TestPool::new().await;
    let pool = &test.pool;
    let owner = owner(&test).await;
    let (id, alone) = (owner.id, proof(PASSWORD));
    let new = Secret::new("battery staple");
    let changed = pool.change_password(id, &alone, &new, "", None).await;
    assert!(matches!(
        changed,
        Err(ChangePasswordError::Proof(ProofError::WrongCode))
    ));
    let asked = pool.request_email_change(id, "a@example.com", &alone, None);
    assert!(matches!(
        asked.await,
        Err(ChangeEmailError::Proof(ProofError::WrongCode))
    ));
    let renewed = pool.renew_api_token(id, &Secret::default(), None).await;
    assert!(matches!(renewed, Err(ProofError::WrongCode)));
    let closed = pool.close_account(id, &alone, None).await;
    assert!(matches!(closed, Err(ProofError::WrongCode)));
    let off = pool.turn_off_second_factor(id, &alone, None).await;
    assert!(matches!(off, Err(ProofError::WrongCode)));
    assert!(test.inbox.take().is_empty());

    let code = Secret::new(owner.app.shows(&test, 0));
    pool.renew_api_token(id, &code, None).await.unwrap();
    let replayed = pool.renew_api_token(id, &code, None).await;
    assert!(matches!(replayed, Err(ProofError::WrongCode)));
    let with = |code: &Secret| OwnerProof {
        password: Secret::new(PASSWORD),
        code: code.clone(),
    };
    pool.close_account(id, &with(&owner.codes[0]), None)
        .await
        .unwrap();
    assert!(test.store.second_factor(id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_password_reset_by_mail_does_not_turn_it_off() {
    let test = TestPool::new().await;
    let pool = &test.pool;
    let owner = owner(&test).await;
    let begun = half(pool).await;
    pool.request_password_reset(EMAIL, None).await.unwrap();
    let new = Secret::new("battery staple");
    let reset = pool.reset_password(&test.inbox.token(), &new, None).await;
    reset.unwrap();
    let code = owner.app.shows(&test, 0);
    is_over(&completes(pool, &begun, &code).await);
    let Ok(SignIn::OwesCode(half)) = pool.sign_in(EMAIL, &new, None).await else {
        panic!("no code asked for");
    };
    assert_eq!(completes(pool, &half, &code).await.unwrap(), owner.id);
}

#[tokio::test]
async fn guesses_are_few_whoever_makes_them_and_wherever() {
    let test = TestPool::new().await;
    let owner = owner(&test).await;
    // Right ones are not counted.
    for code in &owner.codes[..6] {
        let half = half(&test.pool).await;
        completes(&test.pool, &half, code.expose()).await.unwrap();
    }
    let other = test.another(settings()).await;
    for pool in [&test.pool, &other, &test.pool, &other, &test.pool] {
        is_wrong(&completes(pool, &half(pool).await, &owner.app.shows(&test, 300)).await);
    }
    let right = owner.app.shows(&test, 0);
    let held_up = completes(&other, &half(&other).await, &right).await;
    let Err(SecondSignInError::Limit(LimitError::TooOften { retry_after })) = held_up else {
        panic!("{held_up:?}");
    };
    assert_eq!(retry_after, 720);
    let right = Secret::new(right);
    let renewed = test.pool.renew_api_token(owner.id, &right, None);
    assert!(matches!(renewed.await, Err(ProofError::Limit(_))));
    test.clock.advance(720);
    let right = owner.app.shows(&test, 0);
    let half = half(&other).await;
    completes(&other, &half, &right).await.unwrap();
}

#[tokio::test]
async fn another_secret_of_web_opens_nothing_and_an_operator_resets_it() {
    let test = TestPool::new().await;
    let owner = owner(&test).await;
    let other = test
        .another(Settings {
            api_secret: Secret::new("another secret of thirty-two let"),
            ..settings()
        })
        .await;
    is_wrong(&completes(&other, &half(&other).await, &owner.app.shows(&test, 0)).await);
    is_wrong(&completes(&other, &half(&other).await, owner.codes[0].expose()).await);

    let reset = async |operator: Operator| {
        let person = Person::User(owner.id);
        let action = UserAction::ResetSecondFactor;
        let answer = test.pool.act_on_user(operator, &person, action).await;
        answer.unwrap()
    };
    let begun = half(&test.pool).await;
    assert_eq!(
        reset(Operator::Admin(owner.id, None)).await,
        UserAnswer::YourSecondFactor
    );
    assert_eq!(
        reset(Operator::Command).await,
        UserAnswer::SecondFactorReset
    );
    assert_eq!(reset(Operator::Command).await, UserAnswer::NoSecondFactor);
    is_over(&completes(&test.pool, &begun, owner.codes[0].expose()).await);
    let mails = test.inbox.take();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].subject.contains("second factor was reset"));
    let log = test.pool.account_log(owner.id, 1).await.unwrap();
    assert_eq!(log[0].event, "second_factor_reset");
    assert_eq!(log[0].detail, "by command");
}
