//! Two web processes on one database: whichever a browser or wallet meets, it is the same site.

use dcrstakepool::web::captcha::{ANSWER, CHALLENGE};
use http::StatusCode;

use super::browser::{Answer, Api, Browser, PASSWORD};
use super::captcha::{challenge, letters};
use super::mail::{mailed, section, sign_up};
use super::site::{MONITOR_TOKEN, Site, Wish, user_address};
use crate::harness::mariadb::MariaDb;
use crate::harness::smtp::{Manners, Security, SmtpServer};

const HERE: &str = "It does the background work.";
const ELSEWHERE: &str = "Another process of this site does the background work.";

async fn two(wish: Wish) -> (Site, Site) {
    let server = MariaDb::shared();
    let one = Site::with(Wish {
        voters: 1,
        database: Some(server.url(&server.create_database())),
        ..wish
    })
    .await;
    let other = one.beside().await;
    (one, other)
}

fn usual() -> Wish {
    Wish {
        pool: "min_voters = 1\n",
        ..Wish::default()
    }
}

/// The same browser, sent to the other process.
fn at(site: &Site, browser: &mut Browser) {
    browser.address = site.address;
}

async fn status(site: &Site) -> String {
    let mut monitor = site.browser();
    let token = format!("Bearer {MONITOR_TOKEN}");
    monitor.headers.push(("authorization", token));
    monitor.get("/status").await.body
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..4500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("waited in vain for {what}");
}

async fn until_status(site: &Site, says: &str) {
    until(says, async || status(site).await.contains(says)).await;
}

/// A sign-up whose link is not opened yet: its token.
async fn waiting(site: &Site, email: &str) -> String {
    let fields = [
        ("email", email),
        ("password", PASSWORD),
        ("passwordrepeat", PASSWORD),
    ];
    let answer = site.browser().submit("/signup", &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:#?}");
    site.mailed_token(email).await
}

async fn open_link(site: &Site, token: &str) -> Answer {
    let page = format!("/emailverify?t={token}");
    site.browser().submit(&page, &[("t", token)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_does_the_background_work_and_the_other_takes_it_over() {
    let (mut one, mut other) = two(usual()).await;
    until_status(&one, HERE).await;
    until_status(&other, ELSEWHERE).await;
    one.kill();
    until_status(&other, HERE).await;
    one.start_again().await;
    until_status(&one, ELSEWHERE).await;
    // Who is stopped does not let the other wait.
    other.stop().await;
    until_status(&one, HERE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_is_told_the_other_knows() {
    let (one, other) = two(usual()).await;
    let token = waiting(&one, "kim@example.com").await;
    let answer = open_link(&other, &token).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:#?}");
    // A form from the one is sent to the other, and what that gives is good at the first.
    let mut kim = one.browser();
    let form = kim.get("/signin").await.form_token("/signin");
    at(&other, &mut kim);
    let fields = [
        ("csrf_token", form.as_str()),
        ("email", "kim@example.com"),
        ("password", PASSWORD),
    ];
    let answer = kim.post("/signin", &fields).await;
    assert_eq!(answer.location(), "/address", "{answer:#?}");
    at(&one, &mut kim);
    let former = kim.api_token().await;
    let renewed = kim.submit("/settings", &[("renewToken", "true")]).await;
    assert_eq!(renewed.status, StatusCode::SEE_OTHER, "{renewed:#?}");
    // The old token is void everywhere, and the new one good. A process may believe for a moment what it read.
    let mut former = Api::new(other.address, &former);
    until("the old token to be void", async || {
        let answer = former.get("getpurchaseinfo").await;
        answer.body.contains("\"code\":16,")
    })
    .await;
    let token = kim.api_token().await;
    let answer = Api::new(other.address, &token).get("getpurchaseinfo").await;
    answer.shows("\"code\":9,");
    // Whoever signs out is signed out everywhere.
    let mut copy = other.browser();
    copy.cookies.clone_from(&kim.cookies);
    assert_eq!(copy.get("/settings").await.status, StatusCode::OK);
    kim.submit_to("/settings", "/logout", &[]).await;
    until("the sign-out", async || {
        copy.get("/settings").await.location() == "/signin"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_limited_wherever_it_is_tried() {
    let (one, other) = two(Wish {
        limits: "sign_in_per_minute = 2\nsign_up_per_hour = 0\nmail_per_hour = 0\n\
                 address_per_hour = 0\npreference_per_minute = 0\n",
        ..usual()
    })
    .await;
    let wrong = async |site: &Site| {
        let mut guest = site.browser();
        guest
            .sign_in("kim@example.com", "a guess at it")
            .await
            .status
    };
    assert_ne!(wrong(&one).await, StatusCode::TOO_MANY_REQUESTS);
    assert_ne!(wrong(&other).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(wrong(&one).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(wrong(&other).await, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_enrols_at_both_at_once_has_one_address() {
    let (one, other) = two(usual()).await;
    for number in 0..5 {
        let mut user = Browser::new_user(&one, &format!("user{number}@example.com")).await;
        let token = user.api_token().await;
        let (mut here, mut there) = (
            Api::new(one.address, &token),
            Api::new(other.address, &token),
        );
        let (first, second) = (user_address(2 * number), user_address(2 * number + 1));
        let first = [("UserPubKeyAddr", first.as_str())];
        let second = [("UserPubKeyAddr", second.as_str())];
        let answers = tokio::join!(here.post("address", &first), there.post("address", &second));
        let bodies = [answers.0.body, answers.1.body];
        let with = |code: &str| bodies.iter().filter(|body| body.contains(code)).count();
        assert_eq!(
            (with("\"code\":0,"), with("\"code\":6,")),
            (1, 1),
            "{bodies:?}"
        );
        let mut told = String::new();
        until("the address to be told", async || {
            told = here.get("getpurchaseinfo").await.body;
            told.contains("\"code\":0,")
        })
        .await;
        until("the other process to tell the same", async || {
            there.get("getpurchaseinfo").await.body == told
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_that_are_opened_at_both_at_once_make_no_user_too_many() {
    let (one, other) = two(Wish {
        pool: "min_voters = 1\nmax_users = 4\n",
        ..usual()
    })
    .await;
    // The same link twice: one user, and both are told that the address is confirmed.
    let token = waiting(&one, "ann@example.com").await;
    let answers = tokio::join!(open_link(&one, &token), open_link(&other, &token));
    let mut statuses = [answers.0.status, answers.1.status];
    statuses.sort();
    let good_once = [StatusCode::OK, StatusCode::UNPROCESSABLE_ENTITY];
    assert_eq!(statuses, good_once, "{answers:#?}");
    for answer in [answers.0, answers.1] {
        answer.shows("the address is confirmed");
    }
    // Six more for three places.
    let mut tokens = Vec::new();
    for number in 0..6 {
        tokens.push(waiting(&one, &format!("user{number}@example.com")).await);
    }
    let opened = (0..)
        .zip(&tokens)
        .map(|(number, token)| open_link(if number % 2 == 0 { &one } else { &other }, token));
    let answers = futures_util::future::join_all(opened).await;
    let with = |text: &str| answers.iter().filter(|it| it.body.contains(text)).count();
    let told = (
        with("is confirmed and your account is ready"),
        with("the pool is full"),
    );
    assert_eq!(told, (3, 3), "{answers:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halt_that_one_finds_stops_both() {
    let (one, other) = two(usual()).await;
    let mut users = Vec::new();
    for name in ["ann", "ben"] {
        let mut user = Browser::new_user(&one, &format!("{name}@example.com")).await;
        users.push(user.api_token().await);
    }
    one.voters[0].fake.disagree();
    let address = user_address(1);
    let fields = [("UserPubKeyAddr", address.as_str())];
    let answer = Api::new(one.address, &users[0])
        .post("address", &fields)
        .await;
    answer.shows("\"code\":14,");
    one.voters[0]
        .fake
        .recover(dcrstakepool::rpc::method::VERIFY_ENROLMENT);
    let answer = Api::new(other.address, &users[1])
        .post("address", &fields)
        .await;
    answer.shows("\"code\":14,");
    until_status(&other, "Enrolment is halted").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_that_were_copied_at_one_are_void_at_both() {
    let (one, other) = two(Wish {
        web: "captcha = true\n",
        ..usual()
    })
    .await;
    for (shown, first, second) in [(&one, &one, &other), (&one, &other, &one)] {
        let mut browser = shown.browser();
        let challenge = challenge(&browser.get("/passwordreset").await);
        let letters = letters(&challenge);
        let fields = [
            ("email", "ann@example.com"),
            (CHALLENGE, challenge.as_str()),
            (ANSWER, letters.as_str()),
        ];
        for (site, status) in [
            (first, StatusCode::OK),
            (second, StatusCode::UNPROCESSABLE_ENTITY),
            (first, StatusCode::UNPROCESSABLE_ENTITY),
        ] {
            let answer = site.browser().submit("/passwordreset", &fields).await;
            assert_eq!(answer.status, status, "{answer:#?}");
        }
    }
}

async fn two_with_mail(server: &SmtpServer) -> (Site, Site) {
    two(Wish {
        mail: section(server.port, "none", ""),
        ..usual()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_comes_once_whichever_of_both_is_asked() {
    let server = SmtpServer::start(Security::Plain, Manners::default()).await;
    let (one, other) = two_with_mail(&server).await;
    let joining = (0..20).map(async |number| {
        let site = if number % 2 == 0 { &one } else { &other };
        sign_up(&mut site.browser(), &format!("user{number}@example.com")).await;
    });
    futures_util::future::join_all(joining).await;
    until("twenty mails", async || server.taken().len() >= 20).await;
    for site in [&one, &other] {
        until_status(site, "0 waiting").await;
    }
    let mut to: Vec<String> = server.taken().iter().map(|it| it.to.clone()).collect();
    assert_eq!(to.len(), 20, "{to:?}");
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 20, "{to:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "for --all"]
async fn a_mail_that_one_was_sending_when_it_died_comes_from_the_other() {
    let silent = Manners {
        silent: true,
        ..Manners::default()
    };
    let server = SmtpServer::start(Security::Plain, silent).await;
    let (mut one, other) = two_with_mail(&server).await;
    // Only one of them can take it.
    other.signal("-STOP");
    sign_up(&mut one.browser(), "ann@example.com").await;
    one.logged("mail claimed").await;
    one.kill();
    other.signal("-CONT");
    server.behave(Manners::default());
    let start = std::time::Instant::now();
    until("the mail to be free", async || {
        other.log().contains("who was sending a mail is gone")
    })
    .await;
    mailed(&server, "ann@example.com", "/emailverify").await;
    println!(
        "measured: web killed while it sent a mail: the other sent it after {:.0} s",
        start.elapsed().as_secs_f64()
    );
    until_status(&other, "0 waiting").await;
    assert_eq!(server.taken().len(), 1);
}
