use crate::pool::testing::{KEYS, Mood, TestPool, audited};
use crate::pool::{Health, Recheck};

/// A pool with one enrolled user, halted by voter 1.
async fn halted() -> TestPool {
    let test = TestPool::new().await;
    let kim = test.user("kim@example.com").await;
    test.pool.enrol(kim, KEYS[0], None).await.unwrap();
    let sam = test.user("sam@example.com").await;
    test.voters[1].set(Mood::OtherKeys);
    test.pool.enrol(sam, KEYS[1], None).await.unwrap_err();
    assert!(test.store.halt().await.unwrap().is_some());
    test
}

#[tokio::test]
async fn a_recheck_that_passes_everywhere_clears_the_halt() {
    let test = halted().await;
    test.voters[1].set(Mood::Good);
    assert_eq!(test.pool.recheck_halt().await.unwrap(), Recheck::Cleared);
    assert_eq!(test.store.halt().await.unwrap(), None);
    assert_eq!(test.pool.recheck_halt().await.unwrap(), Recheck::NotHalted);
    let events = audited(&test, 10).await;
    assert!(events.iter().any(|entry| entry.event == "halt_cleared"));
}

#[tokio::test]
async fn the_halt_stays_while_one_disagrees_or_the_culprit_is_away_or_too_few_are_there() {
    let test = halted().await;
    let recheck = async || test.pool.recheck_halt().await.unwrap();
    assert!(matches!(recheck().await, Recheck::StillHalted(_)));
    test.voters[1].set(Mood::Down);
    let two_but_not_the_culprit = recheck().await;
    assert!(matches!(two_but_not_the_culprit, Recheck::Inconclusive(_)));
    test.voters[1].set(Mood::Good);
    test.voters[0].set(Mood::Down);
    test.voters[2].set(Mood::Down);
    let too_few = recheck().await;
    assert!(matches!(too_few, Recheck::Inconclusive(_)));
    test.voters[2].set(Mood::Good);
    assert_eq!(test.pool.recheck_halt().await.unwrap(), Recheck::Cleared);
}

#[tokio::test]
async fn the_first_enrolment_of_all_is_rechecked_too() {
    let test = TestPool::new().await;
    let kim = test.user("kim@example.com").await;
    test.voters[1].set(Mood::Refuses);
    test.pool.enrol(kim, KEYS[0], None).await.unwrap_err();
    let still = test.pool.recheck_halt().await.unwrap();
    assert!(matches!(still, Recheck::StillHalted(reason) if reason.contains("voter1")));
    test.voters[1].set(Mood::Good);
    assert_eq!(test.pool.recheck_halt().await.unwrap(), Recheck::Cleared);
}

#[tokio::test]
async fn an_operator_may_override() {
    let test = halted().await;
    assert!(test.pool.override_halt("wallet replaced").await.unwrap());
    assert!(!test.pool.override_halt("again").await.unwrap());
    let events = audited(&test, 10).await;
    let entry = events.iter().find(|entry| entry.event == "halt_overridden");
    assert!(entry.unwrap().detail.ends_with("wallet replaced"));
}

#[tokio::test]
async fn status_tells_how_bad_it_is() {
    let test = TestPool::new().await;
    let health = async || test.pool.status().await.health;
    assert_eq!(health().await, Health::Emergency, "nobody was seen yet");
    test.round().await;
    assert_eq!(health().await, Health::Ok);
    test.voters[0].set(Mood::Down);
    test.round().await;
    assert_eq!(health().await, Health::Degraded);
    test.voters[1].set(Mood::WrongToken);
    test.round().await;
    assert_eq!(health().await, Health::Critical);
    let report = test.pool.status().await;
    let alarms: Vec<&str> = report.alarms.iter().map(|alarm| &*alarm.id).collect();
    assert_eq!(alarms, ["too_few_voters", "voter_away", "voter_wrong"]);
    test.voters[2].set(Mood::Down);
    test.round().await;
    assert_eq!(health().await, Health::Emergency);
    let test = halted().await;
    test.round().await;
    let report = test.pool.status().await;
    assert_eq!(report.health, Health::Emergency);
    assert_eq!(report.halt.unwrap().voter, "voter1");
}
