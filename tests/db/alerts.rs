//! Alarms that people are told of.

use dcrstakepool::domain::{Alert, AlertState, AlertWay};

use super::bed::{Bed, NOW, on_both};
use super::mails::new_mail;

on_both!(
    an_alert_is_noted_once_and_forgotten_once,
    of_webs_that_tell_at_once_one_does,
);

fn alert(way: AlertWay, about: &str) -> Alert {
    Alert {
        way,
        alarm: "voter_away".into(),
        about: about.into(),
        message: "häläütös 😀".into(),
        since: NOW - 30,
        seen: NOW,
        state: AlertState::New,
        due: NOW,
        told: 0,
    }
}

async fn an_alert_is_noted_once_and_forgotten_once(bed: Bed) {
    let store = bed.store().await;
    let first = alert(AlertWay::Mail, "v1:9113");
    assert!(store.begin_alert(first.clone()).await.unwrap());
    assert!(!store.begin_alert(first.clone()).await.unwrap());
    // Another voter, another way.
    let others = [
        alert(AlertWay::Mail, "v2:9113"),
        alert(AlertWay::Webhook, "v1:9113"),
        alert(AlertWay::Mail, ""),
    ];
    for other in others {
        assert!(store.begin_alert(other).await.unwrap());
    }
    let stored = store.alerts().await.unwrap();
    assert_eq!(stored.len(), 4);
    assert!(stored.contains(&first));
    let forget = || store.turn_alert(first.clone(), None, Vec::new());
    assert!(forget().await.unwrap());
    assert!(!forget().await.unwrap());
    assert_eq!(store.alerts().await.unwrap().len(), 3);
}

async fn of_webs_that_tell_at_once_one_does(bed: Bed) {
    let store = bed.store().await;
    let begun = alert(AlertWay::Mail, "v1:9113");
    store.begin_alert(begun.clone()).await.unwrap();
    let told = Alert {
        state: AlertState::Told,
        told: NOW + 1,
        ..begun.clone()
    };
    let tell = |mail: &str| {
        let mails = vec![new_mail(mail, NOW)];
        store.turn_alert(begun.clone(), Some(told.clone()), mails)
    };
    let outcomes = tokio::join!(tell("m1"), tell("m2"), tell("m3"));
    let told_by = [outcomes.0, outcomes.1, outcomes.2];
    let told_by = told_by.into_iter().filter(|it| *it.as_ref().unwrap());
    assert_eq!(told_by.count(), 1);
    assert_eq!(store.alerts().await.unwrap(), [told]);
    assert_eq!(store.mail_counts().await.unwrap().waiting, 1);
}
