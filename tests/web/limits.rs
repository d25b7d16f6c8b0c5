//! Who does too much is held up: clients and accounts, on pages and in the API; readers never are.

use diesel::connection::SimpleConnection as _;
use http::StatusCode;

use super::browser::{Answer, Api, Browser, PASSWORD};
use super::site::{Site, Wish, user_address};

async fn site(limits: &'static str) -> Site {
    Site::with(Wish {
        voters: 1,
        pool: "min_voters = 1\n",
        web: "real_ip_header = \"X-Real-IP\"\n",
        limits,
        ..Wish::default()
    })
    .await
}

/// Comes by a proxy that names it so.
fn browser(site: &Site, ip: &str) -> Browser {
    let mut browser = site.browser();
    browser.headers.push(("x-real-ip", ip.to_owned()));
    browser
}

async fn new_user(site: &Site, ip: &str, email: &str) -> Browser {
    let mut browser = browser(site, ip);
    browser.sign_up(site, email, PASSWORD).await;
    let answer = browser.sign_in(email, PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:#?}");
    browser
}

#[track_caller]
fn is_held_up(answer: &Answer, at_most: u64) {
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{answer:#?}");
    let seconds: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=at_most).contains(&seconds), "{seconds}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_passwords_is_slow_and_signing_in_rightly_is_not() {
    let site = site(
        "sign_in_per_minute = 1\nsign_up_per_hour = 0\nmail_per_hour = 0\naddress_per_hour = 0\n",
    )
    .await;
    // The link of the mail counts too: each user comes from elsewhere.
    for (ip, email) in [("192.0.2.1", "ann"), ("192.0.2.2", "bob")] {
        new_user(&site, ip, &format!("{email}@example.com")).await;
    }
    let mut monitor = browser(&site, "192.0.2.9");
    for _ in 0..5 {
        let answer = monitor.sign_in("ann@example.com", PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        monitor.cookies.clear();
    }
    // The client is counted whomever it tries.
    let mut thief = browser(&site, "2001:db8::1");
    let wrong = thief.sign_in("nobody@example.com", "wrong horse").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut neighbour = browser(&site, "2001:db8::2");
    let answer = neighbour.sign_in("bob@example.com", PASSWORD).await;
    is_held_up(&answer, 60);
    answer.shows("Too many attempts");
    for page in ["/", "/stats", "/signin", "/signup"] {
        assert_eq!(neighbour.get(page).await.status, StatusCode::OK, "{page}");
    }
    // The account is counted whoever tries, be it there or not.
    for email in ["ann@example.com", "nobody-else@example.com"] {
        for (last, status) in [(1, StatusCode::UNPROCESSABLE_ENTITY), (2, TOO_MANY)] {
            let mut elsewhere = browser(&site, &format!("198.51.{}.{last}", email.len()));
            let answer = elsewhere.sign_in(email, "wrong horse").await;
            assert_eq!(answer.status, status, "{email}");
        }
    }
}

const TOO_MANY: StatusCode = StatusCode::TOO_MANY_REQUESTS;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_flooded_with_mails_or_accounts() {
    let site = site(
        "sign_in_per_minute = 0\nsign_up_per_hour = 2\nmail_per_hour = 1\naddress_per_hour = 0\n",
    )
    .await;
    let mut client = browser(&site, "192.0.2.1");
    let sign_up = |email: &'static str| {
        [
            ("email", email),
            ("password", PASSWORD),
            ("passwordrepeat", PASSWORD),
        ]
    };
    for email in ["ann@example.com", "bob@example.com"] {
        let answer = client.submit("/signup", &sign_up(email)).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let answer = client.submit("/signup", &sign_up("eve@example.com")).await;
    is_held_up(&answer, 1800);
    // One mail an hour to this address, whoever asks for it and how.
    let mut other = browser(&site, "192.0.2.2");
    let answer = other.submit("/signup", &sign_up("ANN@example.com")).await;
    is_held_up(&answer, 3600);
    let resend = [("email", "bob@example.com")];
    let answer = other.submit_to("/signup", "/signup/resend", &resend).await;
    is_held_up(&answer, 3600);
    let mails = site.log().matches("mail to bob@example.com").count();
    assert_eq!(mails, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_and_preferences_are_limited_on_pages_and_in_the_api() {
    let site = site(
        "sign_in_per_minute = 0\nsign_up_per_hour = 0\nmail_per_hour = 0\naddress_per_hour = 2\n\
         preference_per_minute = 1\n",
    )
    .await;
    let mut ann = new_user(&site, "192.0.2.1", "ann@example.com").await;
    let mut api = Api::new(site.address, &ann.api_token().await);
    let answer = api.post("address", &[("UserPubKeyAddr", "short")]).await;
    Api::check(
        &answer,
        "{\"status\":\"error\",\"code\":3,\"message\":\"address error - address too short\"}",
    );
    let fields = [("UserPubKeyAddr", &*user_address(1))];
    let answer = ann.submit("/address", &fields).await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = api.post("address", &fields).await;
    is_held_up(&answer, 1800);
    assert_eq!(
        answer.body,
        "{\"status\":\"error\",\"code\":8,\"message\":\"too many requests\"}\n"
    );
    assert_eq!(
        answer.header("content-type"),
        "application/json; charset=utf-8"
    );

    let answer = api.post("voting", &[("VoteBits", "1")]).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:#?}");
    is_held_up(&api.post("voting", &[("VoteBits", "1")]).await, 60);
    is_held_up(&ann.submit("/voting", &[("agenda0", "4")]).await, 60);
    assert_eq!(ann.get("/voting").await.status, StatusCode::OK);
    assert_eq!(api.get("getpurchaseinfo").await.status, StatusCode::OK);

    // What cannot be counted is a database that fails, as every other.
    let mut database = site.database();
    database
        .batch_execute("ALTER TABLE pool_limits RENAME TO away")
        .unwrap();
    Api::check(
        &api.post("voting", &[("VoteBits", "1")]).await,
        "{\"status\":\"error\",\"code\":13,\
         \"message\":\"voting error - failed to update voting prefs in database\"}",
    );
}
