//! Sessions and tokens that were read a moment ago: never a right that is gone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::db::{self, Store};
use crate::decred::VoteBits;
use crate::domain::{InstanceId, TicketStatus, UserId};
use crate::pool::prospects;
use crate::pool::recent::FRESH;
use crate::pool::testing::{KEYS, PASSWORD, TestPool, proof, settings};
use crate::pool::{AsOf, Operator, Person, Pool, User, UserAction};
use crate::secret::Secret;

use super::voters::ticket;

/// Somebody with a session and a token, both looked at lately.
struct Kim {
    test: TestPool,
    user: UserId,
    cookie: Secret,
    token: Secret,
}

impl Kim {
    async fn new() -> Self {
        let test = TestPool::new().await;
        let user = test.user("kim@example.com").await;
        let cookie = test.pool.start_session(user, None).await.unwrap();
        let token = test.pool.api_token(user).await.unwrap();
        let kim = Self {
            test,
            user,
            cookie,
            token,
        };
        kim.is_known().await;
        kim
    }

    async fn by_session(&self, as_of: AsOf) -> Option<Arc<User>> {
        let found = self.test.pool.session(self.cookie.expose(), as_of).await;
        found.unwrap()
    }

    async fn by_token(&self, as_of: AsOf) -> Option<Arc<User>> {
        let found = self.test.pool.user_by_api_token(&self.token, as_of).await;
        found.unwrap()
    }

    async fn is_known(&self) {
        assert!(self.by_session(AsOf::Lately).await.is_some());
        assert!(self.by_token(AsOf::Lately).await.is_some());
    }

    /// Another web process: what it changes, this one's store does not count.
    async fn elsewhere(&self) -> Arc<Pool> {
        let store = self.test.store_elsewhere().await;
        self.test.over(&store, settings()).await
    }
}

const WITHIN_A_SECOND: () = assert!(FRESH.as_millis() < 1_000, "a revocation may take that long");

async fn disable(pool: &Pool, user: UserId) {
    let person = Person::User(user);
    let disabled = pool.act_on_user(Operator::Command, &person, UserAction::Disable);
    assert!(disabled.await.unwrap().is_done());
}

async fn change_password(pool: &Pool, user: UserId, cookie: &str) {
    let new = Secret::new("battery staple");
    pool.change_password(user, &proof(PASSWORD), &new, cookie, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_ends_rights_here_ends_them_at_once() {
    let kim = Kim::new().await;
    kim.test
        .pool
        .end_session(kim.cookie.expose())
        .await
        .unwrap();
    assert_eq!(kim.by_session(AsOf::Lately).await, None);

    let kim = Kim::new().await;
    kim.test
        .pool
        .end_other_sessions(kim.user, "")
        .await
        .unwrap();
    assert_eq!(kim.by_session(AsOf::Lately).await, None);

    let kim = Kim::new().await;
    change_password(&kim.test.pool, kim.user, "").await;
    assert_eq!(kim.by_session(AsOf::Lately).await, None);

    let kim = Kim::new().await;
    disable(&kim.test.pool, kim.user).await;
    assert_eq!(kim.by_session(AsOf::Lately).await, None);
    assert_eq!(kim.by_token(AsOf::Lately).await, None);

    let kim = Kim::new().await;
    let pool = &kim.test.pool;
    pool.close_account(kim.user, &proof(PASSWORD), None)
        .await
        .unwrap();
    assert_eq!(kim.by_session(AsOf::Lately).await, None);
    assert_eq!(kim.by_token(AsOf::Lately).await, None);

    let kim = Kim::new().await;
    let pool = &kim.test.pool;
    pool.renew_api_token(kim.user, &Secret::default(), None)
        .await
        .unwrap();
    assert_eq!(kim.by_token(AsOf::Lately).await, None);
}

#[tokio::test]
async fn what_somebody_changes_here_is_shown_at_once() {
    let kim = Kim::new().await;
    kim.test.round().await;
    let pool = &kim.test.pool;
    pool.enrol(kim.user, KEYS[0], None).await.unwrap();
    for user in [
        kim.by_session(AsOf::Lately).await,
        kim.by_token(AsOf::Lately).await,
    ] {
        assert!(user.unwrap().enrolled.is_some());
    }
    pool.agree_on_version().await;
    pool.set_vote_bits(kim.user, VoteBits(5)).await.unwrap();
    let user = kim.by_token(AsOf::Lately).await.unwrap();
    let enrolled = user.enrolled.as_ref().unwrap();
    assert_eq!(pool.purchase_info(&user, enrolled).vote_bits, VoteBits(5));
}

#[tokio::test]
async fn what_ends_rights_elsewhere_is_seen_at_once_by_changes_and_soon_by_pages() {
    let () = WITHIN_A_SECOND;
    let kim = Kim::new().await;
    let elsewhere = kim.elsewhere().await;
    elsewhere.end_session(kim.cookie.expose()).await.unwrap();
    assert_eq!(kim.by_session(AsOf::Now).await, None);
    until(async || kim.by_session(AsOf::Lately).await.is_none()).await;

    let kim = Kim::new().await;
    change_password(&*kim.elsewhere().await, kim.user, "").await;
    assert_eq!(kim.by_session(AsOf::Now).await, None);
    until(async || kim.by_session(AsOf::Lately).await.is_none()).await;

    let kim = Kim::new().await;
    disable(&*kim.elsewhere().await, kim.user).await;
    assert_eq!(kim.by_token(AsOf::Now).await, None);
    until(async || kim.by_token(AsOf::Lately).await.is_none()).await;
    until(async || kim.by_session(AsOf::Lately).await.is_none()).await;

    let kim = Kim::new().await;
    let elsewhere = kim.elsewhere().await;
    let renewed = elsewhere
        .renew_api_token(kim.user, &Secret::default(), None)
        .await
        .unwrap();
    assert_eq!(kim.by_token(AsOf::Now).await, None);
    let by_new = kim.test.pool.user_by_api_token(&renewed, AsOf::Lately);
    assert!(by_new.await.unwrap().is_some(), "known by nobody before");
    until(async || kim.by_token(AsOf::Lately).await.is_none()).await;
}

#[tokio::test]
async fn many_requests_of_a_moment_are_one_read() {
    let kim = Kim::new().await;
    let pool = &kim.test.pool;
    // Nobody in the database.
    let cookie = "ab".repeat(32);
    until(async || {
        let user = kim.by_session(AsOf::Now).await.unwrap();
        let last_seen = pool.clock().unix_seconds();
        let hash = pool.session_hash(&cookie);
        let reading = pool.reading_accounts();
        pool.recent_sessions.keep(hash, (user, last_seen), reading);
        let found = pool.session(&cookie, AsOf::Lately).await.unwrap();
        found.is_some()
    })
    .await;
    assert_eq!(pool.session(&cookie, AsOf::Now).await.unwrap(), None);
    // Nor does it outlive its idle time.
    kim.test.clock.advance(crate::db::SESSION_IDLE_SECS);
    assert_eq!(kim.by_session(AsOf::Lately).await, None);
}

/// With much patience: the machine may be busy.
async fn until(condition: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(
            start.elapsed() < Duration::from_mins(1),
            "not within a minute"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn stored(store: &Store, number: u8, user: UserId) {
    let page = db::TicketPage {
        voter: "https://10.0.0.1:9113".into(),
        instance: InstanceId(uuid::Uuid::nil()),
        sequence: u64::from(number),
        tickets: vec![ticket(number, user, TicketStatus::Live)],
        gone: Vec::new(),
        overrules: false,
        tip: None,
    };
    store.store_tickets(page).await.unwrap();
}

#[tokio::test]
async fn what_all_tickets_come_to_is_read_once_and_anew_after_a_change() {
    let kim = Kim::new().await;
    let overview = async || kim.test.pool.ticket_overview(kim.user).await.unwrap();
    stored(&kim.test.store, 1, kim.user).await;
    assert_eq!(overview().await.total, 1);
    until(async || Arc::ptr_eq(&overview().await, &overview().await)).await;
    stored(&kim.test.store, 2, kim.user).await;
    assert_eq!(
        overview().await.total,
        2,
        "what this process stored shows at once"
    );
    assert_eq!(overview().await.prospects, None);
    kim.test.round().await;
    assert!(overview().await.prospects.is_some(), "other numbers");
    kim.test.pool.note_saved_script(kim.user).await.unwrap();
    assert!(overview().await.script_saved);
    stored(&kim.test.store_elsewhere().await, 3, kim.user).await;
    let seconds = i64::try_from(prospects::FRESH.as_secs()).unwrap();
    kim.test.clock.advance(seconds + 2);
    assert_eq!(overview().await.total, 3, "what another one stored, soon");
}
