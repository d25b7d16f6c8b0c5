//! Each version's database is taken over, and its people find everything as it was.

use super::former::{
    EMAIL_TOKEN, FORMER_FEE_ADDRESS, Former, PASSWORD, PEOPLE, RESET_TOKEN, VERSIONS, Version,
    ends, keys,
};
use crate::web::browser::Browser;
use crate::web::site::{API_SECRET, Site, Wish};
use http::Method;

const BACKUP: &str = "--yes-i-have-a-backup";

async fn site(former: &Former) -> Site {
    Site::with(Wish {
        voters: 1,
        database: Some(former.url()),
        ..Wish::default()
    })
    .await
}

#[test]
fn every_version_is_recognised_and_taken_over_once() {
    let newest = Former::of(Version::V150);
    for version in VERSIONS {
        let former = Former::of(version);
        let before = former.rows("SELECT CONCAT_WS(' ', UserId, Email, HEX(Password), MultiSigScript) AS line FROM Users");
        let found = format!("version {}, with 7 users", version.name());
        let dry = former.migrate(&["--dry-run"]);
        ends(
            &dry,
            0,
            &[
                &found,
                "would take over the Go program's users, of 7 in all",
            ],
        );
        ends(&former.migrate(&[]), 1, &["nothing was changed", BACKUP]);
        let tables = former.rows("SELECT table_name AS line FROM information_schema.tables WHERE table_schema = DATABASE()");
        assert!(
            tables.iter().all(|table| !table.starts_with("pool_")),
            "{tables:?}"
        );

        let output = former.migrate(&[BACKUP]);
        let notes = [
            "note: 1 users whose key has another number: recorded: 7 (key 431)",
            "note: 1 users with the e-mail address of another account, which keeps it",
            "8 (as 2)",
            "done",
        ];
        ends(&output, 0, &notes);
        ends(&former.migrate(&[]), 0, &["nothing to do"]);
        let after = former.rows("SELECT CONCAT_WS(' ', UserId, Email, HEX(Password), MultiSigScript) AS line FROM Users");
        assert_eq!(before, after);
        assert_eq!(
            former.columns("Users"),
            newest.columns("Users"),
            "{version:?}"
        );
        for table in ["EmailChange", "PasswordReset", "LowFeeTicket"] {
            assert_eq!(
                former.columns(table),
                newest.columns(table),
                "{version:?}: {table}"
            );
        }
        let keys = former
            .rows("SELECT CONCAT(user_id, ':', key_index) AS line FROM pool_keys ORDER BY user_id");
        assert_eq!(keys, ["1:1", "2:2", "3:3", "5:5", "7:431", "8:8", "12:12"]);
        let counter = former
            .rows("SELECT CAST(value AS CHAR) AS line FROM pool_counters WHERE name = 'user_id'");
        assert_eq!(counter, ["431"]);
        let without = former.rows("SELECT CAST(UserId AS CHAR) AS line FROM Users WHERE MultiSigScript <> '' AND UserFeeAddr = ''");
        assert_eq!(without, [""; 0], "fee addresses are derived");
    }
}

#[test]
fn what_older_versions_lack_gets_what_it_would_have_had() {
    let of = |version, arguments: &[&str]| {
        let former = Former::of(version);
        ends(
            &former.migrate(&[&[BACKUP], arguments].concat()),
            0,
            &["done"],
        );
        former.rows(
            "SELECT CONCAT_WS(' ', UserId, HeightRegistered, EmailVerified, VoteBits, VoteBitsVersion, \
             APIToken <> '') AS line FROM Users WHERE UserId IN (2, 3)",
        )
    };
    assert_eq!(of(Version::V001, &[]), ["2 15346 2 1 0 0", "3 0 2 1 0 0"]);
    assert_eq!(of(Version::V002, &[]), ["2 150 2 1 0 0", "3 0 2 1 0 0"]);
    assert_eq!(of(Version::V004, &[]), ["2 150 1 1 0 0", "3 0 0 1 0 0"]);
    assert_eq!(of(Version::V100, &[]), ["2 150 1 1 0 1", "3 0 0 1 0 1"]);
    assert_eq!(of(Version::V111, &[]), ["2 150 1 5 12 1", "3 0 0 5 12 1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_people_of_every_version_find_everything_as_it_was() {
    for version in VERSIONS {
        let former = Former::of(version);
        ends(&former.migrate(&[BACKUP]), 0, &["done"]);
        let site = site(&former).await;
        for person in PEOPLE
            .iter()
            .filter(|person| person.id != 8 && person.id != 3)
        {
            let mut browser = site.browser();
            let answer = browser
                .sign_in(&person.email.to_uppercase(), PASSWORD)
                .await;
            assert_eq!(answer.status, 303, "{version:?} {person:?}");
            let settings = browser.get("/settings").await;
            settings.shows(person.email);
            let script = browser.get("/address/script.json").await;
            match person.script() {
                None => assert_eq!(script.location(), "/address"),
                Some((redeem, address)) => {
                    script.shows(&redeem.to_hex());
                    script.shows(&address);
                }
            }
        }
        let mut browser = site.browser();
        assert_eq!(
            browser
                .sign_in(PEOPLE[1].email, "another password")
                .await
                .status,
            422
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_links_and_fee_addresses_of_the_go_program_stay_good() {
    let former = Former::of(Version::V150);
    ends(&former.migrate(&[BACKUP]), 0, &["done"]);
    let site = site(&former).await;
    let mut browser = site.browser();
    for person in [PEOPLE[0], PEOPLE[6]] {
        browser.headers = vec![("authorization", format!("Bearer {}", person.api_token()))];
        let info = browser
            .send(Method::GET, "/api/v2/getpurchaseinfo", String::new())
            .await;
        info.shows(&person.script().expect("a script").1);
        let old_fee = person.id == 12;
        assert_eq!(
            info.body.contains(FORMER_FEE_ADDRESS),
            old_fee,
            "{}",
            info.body
        );
    }
    // The link that verifies, and the one that sets a new password.
    let mut new = site.browser();
    assert_eq!(new.sign_in("new@example.com", PASSWORD).await.status, 422);
    let page = format!("/emailverify?t={EMAIL_TOKEN}");
    let verified = new.submit_to(&page, "/emailverify", &[("t", EMAIL_TOKEN)]);
    assert_eq!(verified.await.status, 200);
    assert_eq!(new.sign_in("new@example.com", PASSWORD).await.status, 303);
    let mut old = site.browser();
    let page = format!("/passwordupdate?t={RESET_TOKEN}");
    let fields = [
        ("t", RESET_TOKEN),
        ("password", "a newer password"),
        ("passwordrepeat", "a newer password"),
    ];
    let answer = old.submit_to(&page, "/passwordupdate", &fields).await;
    assert!(answer.status == 200 || answer.status == 303, "{answer:?}");
    assert_eq!(
        old.sign_in("old@example.com", "a newer password")
            .await
            .status,
        303
    );
}

/// Versions before 1.0 had no API.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verified_users_of_versions_without_api_tokens_get_some() {
    let former = Former::of(Version::V004);
    let web = format!(
        "{}[web]\napi_secret = \"{API_SECRET}\"\nbase_url = \"http://pool.example.com\"\n",
        keys()
    );
    let output = former.migrate_with(&web, &[BACKUP]);
    ends(&output, 0, &["6 users have a new API token", "done"]);
    let tokens =
        former.rows("SELECT APIToken AS line FROM Users WHERE UserId IN (1, 3) ORDER BY UserId");
    assert_eq!(tokens[1], "", "of the one who is not verified");
    let site = site(&former).await;
    let mut browser = site.browser();
    browser.headers = vec![("authorization", format!("Bearer {}", tokens[0]))];
    let info = browser
        .send(Method::GET, "/api/v2/getpurchaseinfo", String::new())
        .await;
    info.shows(&PEOPLE[0].script().expect("a script").1);
    // Where there are tokens they stay.
    let newer = Former::of(Version::V150);
    let before = newer.rows("SELECT APIToken AS line FROM Users");
    ends(&newer.migrate_with(&web, &[BACKUP]), 0, &["done"]);
    assert_eq!(newer.rows("SELECT APIToken AS line FROM Users"), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newcomers_get_numbers_above_all_that_were_ever_used() {
    let former = Former::of(Version::V111);
    ends(&former.migrate(&[BACKUP]), 0, &["done"]);
    let site = site(&former).await;
    Browser::new_user(&site, "later@example.com").await;
    let last = former.rows(
        "SELECT CONCAT(u.UserId, ':', k.key_index) AS line FROM Users u JOIN pool_keys k ON k.user_id = u.UserId \
         WHERE u.Email = 'later@example.com'",
    );
    assert_eq!(last, ["432:432"]);
}

/// Should the operator go back: the Go program finds its own tables, and users it makes then are taken over by
/// the next `migrate`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_that_the_go_program_made_in_between_are_taken_over_too() {
    let former = Former::of(Version::V150);
    ends(&former.migrate(&[BACKUP]), 0, &["done"]);
    former.execute(
        "INSERT INTO Users (UserId, Email, Username, Password, EmailVerified) \
         VALUES (500, 'between@example.com', 'between@example.com', 'x', 1)",
    );
    let refusal = former
        .store()
        .await
        .require_schema()
        .await
        .expect_err("refused");
    assert!(
        refusal.to_string().contains("dcrstakepool migrate"),
        "{refusal}"
    );
    ends(&former.migrate(&[BACKUP]), 0, &["take over", "done"]);
    former
        .store()
        .await
        .require_schema()
        .await
        .expect("today's schema");
    let user = former
        .store()
        .await
        .user_by_email("Between@example.com")
        .await
        .expect("answer");
    assert_eq!(user.map(|user| user.id.0), Some(500));
}
