use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::db::{self, Pace};
use crate::pool::alerts::Known;
use crate::pool::testing::{Mood, TestPool, round};
use crate::pool::{Alerting, Error, Hook, HookWord, Pool};

/// Keeps what it is told, or fails.
#[derive(Debug, Default)]
struct Bell {
    words: Mutex<Vec<HookWord>>,
    broken: AtomicBool,
}

#[async_trait]
impl Hook for Bell {
    async fn tell(&self, word: &HookWord) -> Result<(), String> {
        if self.broken.load(Ordering::SeqCst) {
            return Err("it answered 500".into());
        }
        self.words.lock().unwrap().push(word.clone());
        Ok(())
    }
}

impl Bell {
    /// Event and alarm of each word since the last look.
    fn take(&self) -> Vec<(&'static str, String)> {
        let words = std::mem::take(&mut *self.words.lock().unwrap());
        words.into_iter().map(|it| (it.event, it.alarm)).collect()
    }
}

/// A web process that tells people, and what it remembers between two looks.
struct Teller {
    pool: Arc<Pool>,
    known: Known,
}

impl Teller {
    async fn new(test: &TestPool, bell: &Arc<Bell>) -> Self {
        let alerting = Alerting {
            mail: vec!["ops@example.com".into()],
            webhook: Some(Arc::<Bell>::clone(bell)),
            after: 30,
            remind: 0,
        };
        Self {
            pool: test.with_alerting(alerting).await,
            known: Known::default(),
        }
    }

    /// Looks at the voters, then twice at the alarms: what is noted is told at the next look.
    async fn look(&mut self) {
        round(&self.pool).await;
        for _ in 0..2 {
            self.pool.alert(&mut self.known).await.unwrap();
        }
    }
}

fn subjects(test: &TestPool) -> Vec<String> {
    let mails = test.inbox.take();
    mails.into_iter().map(|mail| mail.subject).collect()
}

#[tokio::test]
async fn of_two_webs_one_tells_that_a_voter_went_and_that_it_is_back() {
    let (test, bell) = (TestPool::new().await, Arc::new(Bell::default()));
    let mut one = Teller::new(&test, &bell).await;
    let mut other = Teller::new(&test, &bell).await;
    one.look().await;
    test.voters[0].set(Mood::Down);
    one.look().await;
    other.look().await;
    test.clock.advance(29);
    one.look().await;
    assert!(bell.take().is_empty(), "told of what may be over soon");
    test.clock.advance(1);
    other.look().await;
    one.look().await;
    other.look().await;
    assert_eq!(bell.take(), [("begun", "voter_away".into())]);
    let mails = test.inbox.take();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].to, "ops@example.com");
    assert_eq!(mails[0].subject, "Test pool: alarm begun: voter_away");
    let about = ["voter0", "Since 20", "https://pool.example.com/status"];
    for text in about {
        assert!(mails[0].body.contains(text), "{text}: {}", mails[0].body);
    }

    test.voters[0].set(Mood::Good);
    for passed in [59, 1, 5] {
        one.look().await;
        other.look().await;
        assert!(bell.take().is_empty() || passed == 5);
        test.clock.advance(passed);
    }
    one.look().await;
    other.look().await;
    one.look().await;
    assert_eq!(subjects(&test), ["Test pool: alarm over: voter_away"]);
    assert!(test.store.alerts().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_webhook_that_fails_is_called_again_and_no_mail_comes_twice() {
    let (test, bell) = (TestPool::new().await, Arc::new(Bell::default()));
    let mut web = Teller::new(&test, &bell).await;
    web.look().await;
    bell.broken.store(true, Ordering::SeqCst);
    test.voters[1].set(Mood::Down);
    web.look().await;
    test.clock.advance(30);
    web.look().await;
    assert_eq!(subjects(&test).len(), 1);
    bell.broken.store(false, Ordering::SeqCst);
    test.clock.advance(59);
    web.look().await;
    assert!(bell.take().is_empty(), "called again too soon");
    test.clock.advance(1);
    web.look().await;
    web.look().await;
    assert_eq!(bell.take(), [("begun", "voter_away".into())]);
    assert!(subjects(&test).is_empty());
}

#[tokio::test]
async fn without_the_database_people_hear_of_it_and_of_the_rest() {
    let (test, bell) = (TestPool::new().await, Arc::new(Bell::default()));
    let mut web = Teller::new(&test, &bell).await;
    web.look().await;
    let away = Error::from(db::Error::Unavailable("refused".into()));
    test.voters[2].set(Mood::Down);
    round(&web.pool).await;
    web.pool.database_failed("a test", &away);
    test.clock.advance(30);
    for _ in 0..3 {
        web.pool.alert(&mut web.known).await.unwrap();
    }
    let told = [
        ("begun", "voter_away".to_owned()),
        ("begun", "database_away".into()),
    ];
    assert_eq!(bell.take(), told);
    assert_eq!(subjects(&test).len(), 2);

    // Back: what was told is not told again; then it is over.
    web.pool.database_answered();
    web.look().await;
    assert!(bell.take().is_empty());
    test.clock.advance(60);
    web.look().await;
    assert_eq!(bell.take(), [("over", "database_away".into())]);
    assert_eq!(subjects(&test), ["Test pool: alarm over: database_away"]);
}

#[tokio::test]
async fn a_clock_that_goes_wrong_is_told() {
    let (test, bell) = (TestPool::new().await, Arc::new(Bell::default()));
    let mut web = Teller::new(&test, &bell).await;
    let says = |ahead| {
        let clock = test.clock.unix_seconds() + ahead;
        test.voters[1].state().clock = Some(clock);
    };
    for ahead in [5, -5] {
        says(ahead);
        web.look().await;
        test.clock.advance(60);
    }
    assert!(bell.take().is_empty());
    says(6);
    web.look().await;
    test.clock.advance(60);
    says(-9);
    web.look().await;
    assert_eq!(bell.take(), [("begun", "clock_wrong".into())]);
    let [mail] = test.inbox.take().try_into().unwrap();
    let words = "the clock of voter1 is 9 s behind this machine";
    assert!(mail.body.contains(words), "{}", mail.body);

    // The database's is another alarm of the same name.
    says(0);
    web.pool.upkeep().database_ahead = Some(3600);
    web.look().await;
    test.clock.advance(60);
    says(0);
    web.look().await;
    let told = [
        ("begun", "clock_wrong".to_owned()),
        ("over", "clock_wrong".into()),
    ];
    let mut heard = bell.take();
    heard.sort();
    assert_eq!(heard, told);
}

#[tokio::test]
async fn a_backup_that_is_two_days_old_is_told_and_that_there_never_was_one_is_not() {
    let (test, bell) = (TestPool::new().await, Arc::new(Bell::default()));
    let mut web = Teller::new(&test, &bell).await;
    web.pool.look_at_upkeep().await;
    test.clock.advance(100 * 3600);
    web.look().await;
    let begun = test.clock.unix_seconds();
    test.store.note_backup(begun).await.unwrap();
    web.pool.look_at_upkeep().await;
    test.clock.advance(48 * 3600 - 1);
    web.look().await;
    test.clock.advance(30);
    web.look().await;
    assert!(bell.take().is_empty());
    test.clock.advance(1);
    web.look().await;
    assert_eq!(bell.take(), [("begun", "backup_old".into())]);
    let now = test.clock.unix_seconds();
    test.store.note_backup(now).await.unwrap();
    web.pool.look_at_upkeep().await;
    test.clock.advance(60);
    web.look().await;
    assert_eq!(bell.take(), [("over", "backup_old".into())]);
}

#[tokio::test]
async fn a_database_that_is_slow_for_long_is_told() {
    let (test, bell) = (TestPool::new().await, Arc::new(Bell::default()));
    let mut web = Teller::new(&test, &bell).await;
    let slow = |slow| Pace { calls: 100, slow };
    web.pool.upkeep().note_pace(slow(0));
    web.pool.upkeep().note_pace(slow(9));
    web.look().await;
    test.clock.advance(299);
    web.look().await;
    assert!(bell.take().is_empty());
    test.clock.advance(1);
    web.look().await;
    assert_eq!(bell.take(), [("begun", "database_slow".into())]);
}

#[tokio::test]
async fn a_certificate_of_the_site_that_ends_is_told() {
    let (test, bell) = (TestPool::new().await, Arc::new(Bell::default()));
    let mut web = Teller::new(&test, &bell).await;
    let days = |days: i64| Some(test.clock.unix_seconds() + days * 24 * 3600);
    for end in [None, days(14)] {
        web.pool.note_site_certificate(end);
        web.look().await;
    }
    web.pool.note_site_certificate(days(13));
    web.look().await;
    assert!(bell.take().is_empty());
    test.clock.advance(30);
    web.look().await;
    assert_eq!(bell.take(), [("begun", "certificate_expires".into())]);
}
