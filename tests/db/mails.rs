//! The queue of mails.

use std::collections::BTreeSet;

use dcrstakepool::db::{
    LinkPurpose, MAIL_KEPT_SECS, MAIL_LEASE_SECS, MailCounts, MailOutcome, NewLink, NewMail,
};
use dcrstakepool::secret::Secret;
use diesel::RunQueryDsl as _;
use diesel::sql_types::Text;

use super::accounts::task;
use super::bed::{Bed, NOW, enrolment, on_both, user};

on_both!(
    a_mail_is_claimed_by_one_and_comes_back_if_that_one_dies,
    a_mail_that_waits_again_is_due_later,
    a_mail_whose_sender_is_gone_is_freed_and_no_other,
    several_webs_share_the_mails,
    a_link_and_its_mail_are_stored_together,
    a_script_and_its_mail_are_stored_together,
    ended_mails_are_counted_for_a_week,
);

pub fn new_mail(id: &str, now: i64) -> NewMail {
    NewMail {
        id: id.into(),
        recipient: "ann@example.com".into(),
        subject: "häläütös 😀".into(),
        body: Secret::new("https://p/?t=00ff"),
        html: Secret::new("<a>".repeat(30_000)),
        now,
    }
}

async fn a_mail_is_claimed_by_one_and_comes_back_if_that_one_dies(bed: Bed) {
    let store = bed.store().await;
    assert!(store.claim_mail(NOW).await.unwrap().is_none());
    store.queue_mail(new_mail("m", NOW)).await.unwrap();
    // Repeated after a commit of unknown outcome.
    store.queue_mail(new_mail("m", NOW)).await.unwrap();
    assert!(store.claim_mail(NOW - 1).await.unwrap().is_none());
    let mail = store.claim_mail(NOW).await.unwrap().unwrap();
    assert_eq!((mail.id.as_str(), mail.attempts), ("m", 1));
    assert_eq!(mail.recipient, "ann@example.com");
    assert_eq!(mail.subject, "häläütös 😀");
    assert_eq!(mail.body.expose(), "https://p/?t=00ff");
    assert_eq!(mail.html.expose().len(), 90_000);
    let lease = NOW + MAIL_LEASE_SECS;
    assert!(store.claim_mail(lease - 1).await.unwrap().is_none());
    let again = store.claim_mail(lease).await.unwrap().unwrap();
    assert_eq!((again.id.as_str(), again.attempts), ("m", 2));
    let sent = store.settle_mail("m", MailOutcome::Sent, lease).await;
    sent.unwrap();
    let counts = store.mail_counts().await.unwrap();
    assert_eq!(counts, MailCounts::default());
    assert!(store.claim_mail(lease * 2).await.unwrap().is_none());
}

async fn a_mail_that_waits_again_is_due_later(bed: Bed) {
    let store = bed.store().await;
    store.queue_mail(new_mail("m", NOW)).await.unwrap();
    store.claim_mail(NOW).await.unwrap().unwrap();
    let outcome = MailOutcome::Postponed {
        until: NOW + 60,
        problem: "x".repeat(1_000),
    };
    store.settle_mail("m", outcome, NOW).await.unwrap();
    assert!(store.claim_mail(NOW + 59).await.unwrap().is_none());
    let counts = store.mail_counts().await.unwrap();
    assert_eq!((counts.waiting, counts.waiting_since), (1, Some(NOW)));
    assert!(store.claim_mail(NOW + 60).await.unwrap().is_some());
}

async fn a_mail_whose_sender_is_gone_is_freed_and_no_other(bed: Bed) {
    let store = bed.store().await;
    store.queue_mail(new_mail("claimed", NOW)).await.unwrap();
    store.claim_mail(NOW).await.unwrap().unwrap();
    store.queue_mail(new_mail("waits", NOW)).await.unwrap();
    store.claim_mail(NOW).await.unwrap().unwrap();
    let outcome = MailOutcome::Postponed {
        until: NOW + 60,
        problem: "away".into(),
    };
    store.settle_mail("waits", outcome, NOW).await.unwrap();
    store.queue_mail(new_mail("new", NOW)).await.unwrap();
    let until = NOW + MAIL_LEASE_SECS;
    let claims = store.mails_being_sent(NOW).await.unwrap();
    assert_eq!(claims, [("claimed".to_owned(), until)]);
    // Its sender lives: said once, or twice when the first answer was lost.
    assert!(store.renew_mail("claimed", until, until + 5).await.unwrap());
    assert!(store.renew_mail("claimed", until, until + 5).await.unwrap());
    assert!(!store.free_mail("claimed", until, NOW + 5).await.unwrap());
    let claims = store.mails_being_sent(NOW + 5).await.unwrap();
    assert_eq!(claims, [("claimed".to_owned(), until + 5)]);
    // It dies.
    let until = until + 5;
    assert!(!store.free_mail("waits", NOW + 60, NOW + 40).await.unwrap());
    assert!(store.free_mail("claimed", until, NOW + 40).await.unwrap());
    assert!(!store.renew_mail("claimed", until, until + 5).await.unwrap());
    assert_eq!(store.mails_being_sent(NOW + 40).await.unwrap(), []);
    let mut due = Vec::new();
    while let Some(mail) = store.claim_mail(NOW + 40).await.unwrap() {
        due.push(mail.id);
    }
    assert_eq!(due, ["new", "claimed"]);
}

async fn several_webs_share_the_mails(bed: Bed) {
    let store = bed.store().await;
    for n in 0..20 {
        let mail = new_mail(&format!("m{n}"), NOW);
        store.queue_mail(mail).await.unwrap();
    }
    let tasks: Vec<_> = (0..5)
        .map(|_| {
            let store = store.clone();
            task(async move {
                let mut claimed = Vec::new();
                // One that is beaten to a mail gets none at that moment.
                for _ in 0..40 {
                    claimed.extend(store.claim_mail(NOW).await.unwrap().map(|mail| mail.id));
                }
                claimed
            })
        })
        .collect();
    let mut all = BTreeSet::new();
    for task in tasks {
        for id in task.await.unwrap() {
            assert!(all.insert(id.clone()), "{id} twice");
        }
    }
    assert_eq!(all.len(), 20);
}

async fn a_link_and_its_mail_are_stored_together(bed: Bed) {
    let store = bed.store().await;
    let id = user(&store, "ann@example.com").await;
    let link = NewLink {
        token_hash: "r".into(),
        purpose: LinkPurpose::ResetPassword,
        user_id: Some(id),
        email: String::new(),
        now: NOW,
    };
    let mails = vec![new_mail("m", NOW)];
    store.record_link(link, mails).await.unwrap();
    assert_eq!(store.claim_mail(NOW).await.unwrap().unwrap().id, "m");
}

async fn a_script_and_its_mail_are_stored_together(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    let mail = |id| Some(new_mail(id, NOW));
    assert!(store.enrol(enrolment(ann, 0), mail("m")).await.unwrap());
    assert!(!store.enrol(enrolment(ann, 1), mail("n")).await.unwrap());
    assert_eq!(store.claim_mail(NOW).await.unwrap().unwrap().id, "m");
    assert!(store.claim_mail(NOW).await.unwrap().is_none());
}

async fn ended_mails_are_counted_for_a_week(bed: Bed) {
    let store = bed.store().await;
    store.queue_mail(new_mail("m", NOW)).await.unwrap();
    store.queue_mail(new_mail("n", NOW)).await.unwrap();
    let outcome = MailOutcome::GivenUp {
        problem: "550".into(),
    };
    store.settle_mail("m", outcome, NOW).await.unwrap();
    assert_eq!(store.mail_counts().await.unwrap().given_up, 1);
    let later = NOW + MAIL_KEPT_SECS;
    assert_eq!(store.forget_expired(later - 1).await.unwrap(), 0);
    assert_eq!(store.forget_expired(later).await.unwrap(), 1);
    let counts = store.mail_counts().await.unwrap();
    assert_eq!((counts.waiting, counts.given_up), (1, 0));
}

#[derive(diesel::QueryableByName)]
struct Said {
    #[diesel(sql_type = Text)]
    said: String,
}

#[tokio::test]
async fn what_a_sent_mail_said_and_to_whom_is_wiped() {
    let bed = Bed::sqlite();
    let store = bed.store().await;
    store.queue_mail(new_mail("m", NOW)).await.unwrap();
    let said = || {
        let query = diesel::sql_query("SELECT recipient || body || html AS said FROM pool_mails");
        let row: Said = query.get_result(&mut bed.connection()).unwrap();
        row.said
    };
    assert!(said().contains("00ff"));
    assert!(said().contains('@'));
    let sent = store.settle_mail("m", MailOutcome::Sent, NOW).await;
    sent.unwrap();
    assert_eq!(said(), "");
}
