//! Operators and their users: on the page and by command, written to the audit log.

use std::process::Output;

use diesel::connection::SimpleConnection as _;
use diesel::{QueryableByName, RunQueryDsl as _, sql_query};
use http::StatusCode;

use super::browser::{Api, Browser, PASSWORD};
use super::site::{Site, user_address};

const PAGE: &str = "/admin/users";

#[derive(QueryableByName)]
struct Entry {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

/// What the audit log says of a user, oldest first.
fn audited(site: &Site, user: i64) -> Vec<String> {
    let rows: Vec<Entry> = sql_query(format!(
        "SELECT event || ', ' || ip || ', ' || detail AS text FROM pool_audit \
         WHERE user_id = {user} AND detail <> '' ORDER BY id"
    ))
    .load(&mut site.database())
    .expect("audit log");
    rows.into_iter().map(|row| row.text).collect()
}

async fn command(site: &Site, arguments: &[&str]) -> Output {
    site.command(&[&["user"], arguments].concat()).await
}

fn sign_up(email: &str) -> [(&str, &str); 3] {
    [
        ("email", email),
        ("password", PASSWORD),
        ("passwordrepeat", PASSWORD),
    ]
}

/// Runs the command and sees how it ends, and one thing that it says.
async fn says(site: &Site, arguments: &[&str], code: i32, text: &str) {
    ends(&command(site, arguments).await, code, text);
}

#[track_caller]
fn ends(output: &Output, code: i32, text: &str) {
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(text), "no {text:?} in {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_user_is_out_at_once_and_back_when_enabled() {
    let site = Site::start().await;
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    let mut kim = Browser::new_user(&site, "kim@example.com").await;
    kim.submit("/address", &[("UserPubKeyAddr", &user_address(1))])
        .await;
    let mut api = Api::new(site.address, &kim.api_token().await);
    let addresses = kim.get("/address/script.json").await.body;
    let addresses: serde_json::Value = serde_json::from_str(&addresses).unwrap();
    let address = addresses["ticket_address"].as_str().unwrap();

    // Nobody else may see it.
    for other in [&mut kim, &mut site.browser()] {
        assert_eq!(other.get(PAGE).await.status, StatusCode::UNAUTHORIZED);
        let sent = other.post(PAGE, &[("user_id", "1"), ("action", "disable")]);
        assert_eq!(sent.await.status, StatusCode::UNAUTHORIZED);
    }
    for found_by in ["kim%40example.com", "2", address, "KIM%40EXAMPLE.COM"] {
        let page = admin.get(&format!("{PAGE}?q={found_by}")).await;
        page.shows("kim@example.com");
        page.shows(address);
        assert!(!page.body.contains("admin@example.com</td>"), "{page:#?}");
    }
    admin
        .get(&format!("{PAGE}?q=nobody"))
        .await
        .shows("Nobody is found");
    let list = admin.get(PAGE).await;
    list.shows("kim@example.com");
    list.shows("2 in all");

    let disable = [("user_id", "2"), ("action", "disable")];
    let answer = admin.submit(PAGE, &disable).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.shows("the tickets are voted");
    assert_eq!(kim.get("/tickets").await.location(), "/signin");
    let refused = kim.sign_in("kim@example.com", PASSWORD).await;
    refused.shows("This account is disabled.");
    let answer = api.get("getpurchaseinfo").await;
    answer.shows("purchaseinfo error - invalid api token");

    admin
        .submit(PAGE, &[("user_id", "2"), ("action", "enable")])
        .await
        .shows("Enabled.");
    // The session of before stays over.
    assert_eq!(kim.get("/tickets").await.location(), "/signin");
    assert_eq!(
        kim.sign_in("kim@example.com", PASSWORD).await.location(),
        "/tickets"
    );
    api.get("getpurchaseinfo").await.shows("successfully");
    assert_eq!(
        audited(&site, 2)[1..],
        [
            "user_disabled, 127.0.0.1, by user 1",
            "user_enabled, 127.0.0.1, by user 1"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_changes_nothing() {
    let site = Site::start().await;
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    for (user, action, words) in [
        ("1", "disable", "You cannot disable yourself"),
        ("77", "disable", "There is no such user"),
        ("77", "verify", "There is no such user"),
        ("x", "disable", "A user is chosen by the number"),
        ("", "disable", "No user is chosen"),
        ("1", "promote", "This cannot be done"),
    ] {
        let token = admin.get("/settings").await.form_token("/settings");
        let fields = [
            ("csrf_token", &*token),
            ("user_id", user),
            ("action", action),
        ];
        let answer = admin.post(PAGE, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{action}");
        answer.shows(words);
    }
    assert_eq!(admin.get("/settings").await.status, StatusCode::OK);
    assert!(audited(&site, 1).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_mail_is_helped() {
    let site = Site::start().await;
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    let mut kim = site.browser();
    kim.submit("/signup", &sign_up("kim@example.com")).await;
    let first = site.mailed_token("kim@example.com").await;
    let found = format!("{PAGE}?q=kim%40example.com");
    admin.get(&found).await.shows("Not an account yet");
    admin
        .submit_to(
            &found,
            PAGE,
            &[("email", "kim@example.com"), ("action", "resend")],
        )
        .await
        .shows("The verification mail is sent again.");
    let second = site.mailed_token("kim@example.com").await;
    assert_ne!(first, second);
    let answer = admin
        .submit_to(
            &found,
            PAGE,
            &[("email", "kim@example.com"), ("action", "verify")],
        )
        .await;
    answer.shows("Verified: user 2.");
    assert_eq!(
        kim.sign_in("kim@example.com", PASSWORD).await.location(),
        "/address"
    );
}

/// One whose link was kept, and one whose link was thrown away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_of_the_older_program_are_verified() {
    let site = Site::start().await;
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    site.database()
        .batch_execute(
            "INSERT INTO Users (UserId, Email, EmailVerified, EmailToken) VALUES \
             (8, 'old@example.com', 0, '00112233445566778899aabbccddeeff'), (9, 'older@example.com', 0, '')",
        )
        .expect("users");
    let resend = |user| [("user_id", user), ("action", "resend")];
    admin
        .submit_to(PAGE, PAGE, &resend("8"))
        .await
        .shows("sent again");
    assert_eq!(
        site.mailed_token("old@example.com").await,
        "00112233445566778899aabbccddeeff"
    );
    admin
        .submit_to(PAGE, PAGE, &resend("9"))
        .await
        .shows("has no link to send");
    let verify = [("user_id", "9"), ("action", "verify")];
    admin
        .submit_to(PAGE, PAGE, &verify)
        .await
        .shows("Verified: user 9.");
    assert_eq!(audited(&site, 9), ["email_verified, 127.0.0.1, by user 1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_does_the_same_beside_the_running_web() {
    let site = Site::start().await;
    let mut kim = Browser::new_user(&site, "kim@example.com").await;
    let mut guest = site.browser();
    guest.submit("/signup", &sign_up("sam@example.com")).await;
    for (arguments, code, text) in [
        (
            ["list"].as_slice(),
            0,
            "1\tverified\tkim@example.com\tno address\n",
        ),
        (&["show", "kim@example.com"], 0, "state           verified"),
        (&["show", "sam@example.com"], 0, "signed up, the link"),
        (&["show", "nobody"], 1, "nobody is found by nobody"),
        (&["disable", "sam@example.com"], 1, "no account yet"),
        (&["verify", "sam@example.com"], 0, "verified: user 2"),
        (&["disable", "1"], 0, "the tickets are voted"),
        (&["list"], 0, "1\tdisabled\tkim@example.com"),
        (&["promote", "1"], 2, "unrecognized subcommand"),
    ] {
        says(&site, arguments, code, text).await;
    }
    assert_eq!(kim.get("/settings").await.location(), "/signin");
    says(&site, &["enable", "kim@example.com"], 0, "enabled").await;
    let again = kim.sign_in("kim@example.com", PASSWORD).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert_eq!(
        audited(&site, 1),
        ["user_disabled, , by command", "user_enabled, , by command"]
    );
}
