use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::time::Instant;

use crate::mail::{Carrier, Delivery, DeliveryError, Parcel};
use crate::pool::Pool;
use crate::pool::post::Watched;
use crate::pool::testing::{NOW, PASSWORD, TestPool, proof};
use crate::secret::Secret;

/// A mail server that does as the test says.
#[derive(Debug, Default)]
struct Server {
    answer: Mutex<Option<DeliveryError>>,
    taken: Mutex<Vec<Parcel>>,
}

#[async_trait]
impl Carrier for Server {
    async fn carry(&self, parcel: &Parcel) -> Result<(), DeliveryError> {
        if let Some(error) = self.answer.lock().unwrap().clone() {
            return Err(error);
        }
        self.taken.lock().unwrap().push(parcel.clone());
        Ok(())
    }
}

impl Server {
    fn answers(&self, error: Option<DeliveryError>) {
        *self.answer.lock().unwrap() = error;
    }

    fn taken(&self) -> Vec<Parcel> {
        std::mem::take(&mut self.taken.lock().unwrap())
    }
}

async fn queued(test: &TestPool) -> (Arc<Pool>, Arc<Server>) {
    let server = Arc::new(Server::default());
    let carrier: Arc<Server> = Arc::clone(&server);
    let pool = test.with_delivery(Delivery::Queued(carrier)).await;
    (pool, server)
}

async fn sign_up(pool: &Pool) {
    let password = Secret::new(PASSWORD);
    pool.sign_up("kim@example.com", &password, None)
        .await
        .unwrap();
}

async fn alarmed(pool: &Pool) -> bool {
    let alarms = pool.status().await.alarms;
    alarms.iter().any(|alarm| alarm.id == "mail_stuck")
}

#[tokio::test]
async fn a_mail_waits_for_its_server_and_comes_once() {
    let test = TestPool::new().await;
    let (pool, server) = queued(&test).await;
    server.answers(Some(DeliveryError::Later("away".into())));
    sign_up(&pool).await;
    assert!(pool.send_next(&*server).await);
    assert!(!pool.send_next(&*server).await, "not due");
    assert!(!alarmed(&pool).await);
    test.clock.advance(60);
    assert!(pool.send_next(&*server).await);
    test.clock.advance(14 * 60);
    assert!(pool.send_next(&*server).await);
    let report = pool.status().await.mails.unwrap();
    assert_eq!((report.waiting, report.given_up), (1, 0));
    assert!(alarmed(&pool).await);

    server.answers(None);
    test.clock.advance(3600);
    assert!(pool.send_next(&*server).await);
    assert!(!pool.send_next(&*server).await);
    assert!(!alarmed(&pool).await);
    let mails = server.taken();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].mail.to, "kim@example.com");
    let (_, token) = mails[0].mail.body.split_once("?t=").unwrap();
    let html = &mails[0].mail.html;
    assert!(html.contains(&token[..32]), "{html}");
    pool.verify_email(&token[..32], None).await.unwrap();
}

#[tokio::test]
async fn two_webs_send_each_mail_once() {
    let test = TestPool::new().await;
    let server = Arc::new(Server::default());
    let mut webs = Vec::new();
    for _ in 0..2 {
        let carrier: Arc<Server> = Arc::clone(&server);
        webs.push(test.with_delivery(Delivery::Queued(carrier)).await);
    }
    let password = Secret::new(PASSWORD);
    for n in 0..10 {
        let email = format!("user{n}@example.com");
        webs[0].sign_up(&email, &password, None).await.unwrap();
    }
    let sending = webs.iter().map(async |web| {
        let mut sent = 0;
        // One that is beaten to a mail gets none at that moment.
        for _ in 0..20 {
            sent += usize::from(web.send_next(&*server).await);
        }
        sent
    });
    let sent: usize = join_all(sending).await.into_iter().sum();
    let mails = server.taken();
    let to: BTreeSet<_> = mails.iter().map(|it| &it.mail.to).collect();
    assert_eq!((sent, mails.len(), to.len()), (10, 10, 10));
}

/// A mail server that never says a word.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl Carrier for Silent {
    async fn carry(&self, _: &Parcel) -> Result<(), DeliveryError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn what_a_web_took_with_it_when_it_died_is_sent_by_another_one() {
    let test = TestPool::new().await;
    let (dying, _) = queued(&test).await;
    let (other, server) = queued(&test).await;
    sign_up(&dying).await;
    let claimed = async {
        while test.store.mails_being_sent(NOW).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = dying.send_next(&Silent) => panic!("nothing was said to it"),
        () = claimed => {}
    }
    let (mut watched, start) = (Watched::default(), Instant::now());
    for (seconds, sent) in [(0, false), (29, false), (30, true)] {
        let now = start + Duration::from_secs(seconds);
        other.free_mails(&mut watched, now).await.unwrap();
        assert_eq!(other.send_next(&*server).await, sent, "{seconds}");
    }
    assert_eq!(server.taken().len(), 1);
    assert!(!other.send_next(&*server).await);
}

#[tokio::test]
async fn the_metrics_say_how_many_mails_wait_and_since_when() {
    let test = TestPool::new().await;
    let (pool, server) = queued(&test).await;
    server.answers(Some(DeliveryError::Later("away".into())));
    sign_up(&pool).await;
    assert!(pool.send_next(&*server).await);
    test.clock.advance(90);
    let samples = format!("{:?}", pool.gauges().await);
    for line in [
        "dcrstakepool_mails_waiting 1",
        "dcrstakepool_oldest_mail_age_seconds 90",
    ] {
        assert!(samples.contains(line), "{line} in {samples}");
    }
}

#[tokio::test]
async fn a_refused_mail_is_given_up_at_once_and_a_late_one_after_three_days() {
    let test = TestPool::new().await;
    let (pool, server) = queued(&test).await;
    server.answers(Some(DeliveryError::Refused("no such user".into())));
    sign_up(&pool).await;
    assert!(pool.send_next(&*server).await);
    let report = pool.status().await.mails.unwrap();
    assert_eq!((report.waiting, report.given_up), (0, 1));

    server.answers(Some(DeliveryError::Later("away".into())));
    sign_up(&pool).await;
    let mut tries = 0;
    let mut hours = 0;
    while pool.status().await.mails.unwrap().given_up < 2 {
        tries += usize::from(pool.send_next(&*server).await);
        test.clock.advance(3600);
        hours += 1;
        assert!(hours < 24 * 5, "never given up");
    }
    assert!(hours > 24 * 3, "given up after {hours} hours");
    assert!((12..30).contains(&tries), "{tries} tries");
    assert!(server.taken().is_empty());
}

#[tokio::test]
async fn nobody_is_mailed_about_an_account_that_is_not_there() {
    let test = TestPool::new().await;
    let (pool, server) = queued(&test).await;
    pool.request_password_reset("nobody@example.com", None)
        .await
        .unwrap();
    assert!(!pool.send_next(&*server).await);
    let user = test.user("kim@example.com").await;
    pool.request_password_reset("KIM@example.com", None)
        .await
        .unwrap();
    let current = proof(PASSWORD);
    pool.request_email_change(user, "new@example.com", &current, None)
        .await
        .unwrap();
    while pool.send_next(&*server).await {}
    let mut to: Vec<_> = server.taken().into_iter().map(|it| it.mail.to).collect();
    to.sort();
    assert_eq!(
        to,
        ["kim@example.com", "kim@example.com", "new@example.com"]
    );
}
