//! What people do, from sign-up to the tickets page.

use dcrstakepool::decred::hash::{Hash, blake256};
use dcrstakepool::decred::{Atoms, Height, TicketHash};
use dcrstakepool::domain::{FeeVerdict, TicketRecord, TicketStatus, UserId};
use dcrstakepool::rpc::wire::Event;
use http::StatusCode;

use super::browser::{Api, Browser, PASSWORD};
use super::site::{MONITOR_TOKEN, Site, Wish, user_address, wait_for};

#[tokio::test]
async fn from_sign_up_to_the_api() {
    let site = Site::start().await;
    let mut browser = Browser::new_user(&site, "alice@example.com").await;

    let page = browser.get("/tickets").await;
    assert_eq!(
        (page.status, page.location()),
        (StatusCode::SEE_OTHER, "/address")
    );
    let page = browser.get("/address").await;
    page.shows("UserPubKeyAddr");
    let enrolled = browser
        .submit("/address", &[("UserPubKeyAddr", &user_address(1))])
        .await;
    assert_eq!(enrolled.status, 200, "{enrolled:#?}");
    enrolled.shows("Your key was accepted");
    enrolled.shows("dcrstakepool buy --pool http://pool.example.com");

    let script = browser.get("/address/script.txt").await;
    assert!(script.body.starts_with("5121") && script.body.ends_with("52ae\n"));
    assert!(
        script
            .header("content-disposition")
            .contains("ticket-script.txt")
    );
    let json: serde_json::Value =
        serde_json::from_str(&browser.get("/address/script.json").await.body).unwrap();
    assert_eq!(json["redeem_script"], script.body.trim_end());
    assert_eq!(json["network"], "simnet");

    browser.get("/tickets").await.shows("None yet");
    vote(&mut browser).await;

    let mut api = Api::new(site.address, &browser.api_token().await);
    let info = api.get("getpurchaseinfo").await;
    Api::check(
        &info,
        &format!(
            "{{\"status\":\"success\",\"code\":0,\"message\":\"purchaseinfo successfully \
             retrieved\",\"data\":{{\"PoolAddress\":{},\"PoolFees\":7.5,\"Script\":{},\
             \"TicketAddress\":{},\"VoteBits\":21,\"VoteBitsVersion\":12}}}}",
            json["fee_address"], json["redeem_script"], json["ticket_address"]
        ),
    );

    let answer = browser.submit("/logout", &[]).await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/")
    );
    assert!(!browser.cookies.contains_key("session"));
    let answer = browser.get("/tickets").await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/signin")
    );
    let answer = browser.sign_in("Alice@Example.com", PASSWORD).await;
    assert_eq!(
        answer.location(),
        "/tickets",
        "an enrolled user is led to the tickets"
    );
}

async fn vote(browser: &mut Browser) {
    let page = wait_for_agendas(browser).await;
    assert!(page.contains("abstain"));
    let saved = browser
        .submit("/voting", &[("agenda0", "4"), ("agenda1", "16")])
        .await;
    assert_eq!(
        (saved.status, saved.location()),
        (StatusCode::SEE_OTHER, "/voting?saved")
    );
    let page = browser.get("/voting?saved").await;
    page.shows("name=\"agenda0\" value=\"4\" checked");
    page.shows("name=\"agenda1\" value=\"16\" checked");
    let refused = browser.submit("/voting", &[("agenda0", "6")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

async fn wait_for_agendas(browser: &mut Browser) -> String {
    for _ in 0..500 {
        let page = browser.get("/voting").await;
        if page.body.contains("agenda0") {
            return page.body;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no agendas");
}

#[tokio::test]
async fn tickets_appear_newest_first_page_by_page() {
    let site = Site::start().await;
    let mut browser = Browser::new_user(&site, "alice@example.com").await;
    let enrolled = browser
        .submit("/address", &[("UserPubKeyAddr", &user_address(1))])
        .await;
    assert_eq!(enrolled.status, 200);
    let json: serde_json::Value =
        serde_json::from_str(&browser.get("/address/script.json").await.body).unwrap();
    let address = json["ticket_address"].as_str().unwrap().to_owned();
    for voter in &site.voters {
        voter.fake.with(|state| {
            state.tickets = (0..130).map(|number| ticket(number, &address)).collect();
        });
        voter.fake.emit(&Event::Tickets { sequence: 130 });
    }
    for _ in 0..1500 {
        if browser.get("/tickets").await.body.contains("130 in all") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let first = browser.get("/tickets").await;
    first.shows("130 in all");
    first.shows("Page 1 of 3");
    // Above the tickets there may be tables of other things.
    let rows = |page: &str| {
        let tickets = page.split("<table class=\"cards tickets\">").nth(1);
        tickets.expect("tickets").matches("<tr>").count() - 1
    };
    assert_eq!(rows(&first.body), 50);
    let newest = ticket(129, &address).hash.to_string();
    let oldest = ticket(0, &address).hash.to_string();
    assert!(first.body.contains(&newest) && !first.body.contains(&oldest));
    let last = browser.get("/tickets?page=3").await;
    assert_eq!(rows(&last.body), 30);
    assert!(last.body.contains(&oldest));
    last.shows("badge bad\">Low fee</span>");
    browser
        .get("/tickets?page=nonsense")
        .await
        .shows("Page 1 of 3");
}

fn ticket(number: u32, address: &str) -> TicketRecord {
    TicketRecord {
        hash: hash(number),
        user_id: UserId(1),
        ticket_address: address.to_owned(),
        price: Atoms(20_000_000),
        fee_paid: Atoms(1_000),
        mined: Some((Hash(blake256(b"block")), Height(10 + number))),
        status: TicketStatus::Live,
        verdict: if number == 7 {
            FeeVerdict::Low
        } else {
            FeeVerdict::Good
        },
        vote: None,
        revocation: None,
    }
}

fn hash(number: u32) -> TicketHash {
    Hash(blake256(&number.to_be_bytes()))
}

#[tokio::test]
async fn settings_renew_the_token_end_sessions_and_change_the_password() {
    let site = Site::start().await;
    let mut browser = Browser::new_user(&site, "alice@example.com").await;
    let old = browser.api_token().await;
    assert_eq!(browser.api_token().await, old, "looking changes nothing");
    let answer = browser.submit("/settings", &[("renewToken", "true")]).await;
    assert_eq!(answer.location(), "/settings?done=token");
    let new = browser.api_token().await;
    assert_ne!(new, old);
    let mut api = Api::new(site.address, &old);
    api.get("getpurchaseinfo").await.shows("invalid api token");
    let mut api = Api::new(site.address, &new);
    api.get("getpurchaseinfo")
        .await
        .shows("no address submitted");

    let mut elsewhere = site.browser();
    elsewhere.sign_in("alice@example.com", PASSWORD).await;
    let page = browser.get("/settings").await;
    page.shows("this one");
    page.shows("<strong>127.0.0.1</strong>, signed in ");
    let id = page.body.split("name=\"endSession\" value=\"").nth(1);
    let id = id.and_then(|rest| rest.split('"').next()).unwrap();
    let mut stranger = Browser::new_user(&site, "eve@example.com").await;
    stranger.submit("/settings", &[("endSession", id)]).await;
    assert_eq!(elsewhere.get("/settings").await.status, 200);
    let answer = browser.submit("/settings", &[("endSession", id)]).await;
    assert_eq!(answer.location(), "/settings?done=session");
    assert_eq!(elsewhere.get("/settings").await.location(), "/signin");
    assert!(!browser.get("/settings").await.body.contains("endSession\""));
    elsewhere.sign_in("alice@example.com", PASSWORD).await;

    let answer = browser
        .submit("/settings", &[("endSessions", "true")])
        .await;
    assert_eq!(answer.location(), "/settings?done=sessions");
    assert_eq!(elsewhere.get("/settings").await.location(), "/signin");
    assert_eq!(browser.get("/settings").await.status, 200);

    let wrong = [
        ("updatePassword", "true"),
        ("password", "not the password"),
        ("newpassword", "a staple of horses"),
        ("newpasswordrepeat", "a staple of horses"),
    ];
    let answer = browser.submit("/settings", &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.shows("The current password is wrong.");
    let mut right = wrong;
    right[1].1 = PASSWORD;
    let answer = browser.submit("/settings", &right).await;
    assert_eq!(answer.location(), "/settings?done=password");
    let answer = elsewhere.sign_in("alice@example.com", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let answer = elsewhere
        .sign_in("alice@example.com", "a staple of horses")
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let site = Site::start().await;
    Browser::new_user(&site, "alice@example.com").await;
    let mut browser = site.browser();
    let mut sign_up = async |email: &'static str| {
        let fields = [
            ("email", email),
            ("password", PASSWORD),
            ("passwordrepeat", PASSWORD),
        ];
        let answer = browser.submit("/signup", &fields).await;
        (
            answer.status,
            without_token(&answer.body).replace(email, ""),
        )
    };
    let known = sign_up("alice@example.com").await;
    assert_eq!(known, sign_up("bob@example.com").await);
    assert_eq!(known.0, 200);
    let mut browser = site.browser();
    let mut sign_in = async |email: &'static str| {
        let answer = browser.sign_in(email, "wrong password").await;
        (
            answer.status,
            without_token(&answer.body).replace(email, ""),
        )
    };
    let known = sign_in("alice@example.com").await;
    assert_eq!(known, sign_in("nobody@example.com").await);
    assert_eq!(
        known,
        sign_in("bob@example.com").await,
        "signed up, never verified"
    );
}

fn without_token(page: &str) -> String {
    page.split("name=\"csrf_token\" value=\"")
        .enumerate()
        .map(|(index, part)| match index {
            0 => part,
            _ => part.split_once('"').map_or("", |(_, rest)| rest),
        })
        .collect()
}

#[tokio::test]
async fn bad_sign_ups_and_bad_links_are_explained() {
    let site = Site::start().await;
    let mut browser = site.browser();
    for (email, password, repeat, text) in [
        (
            "alice@example.com",
            "short",
            "short",
            "at least 8 characters",
        ),
        ("alice@example.com", PASSWORD, "other", "not the same"),
        ("no address", PASSWORD, PASSWORD, "e-mail address"),
        ("", "", "", ""),
    ] {
        let fields = [
            ("email", email),
            ("password", password),
            ("passwordrepeat", repeat),
        ];
        let answer = browser.submit("/signup", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{email}");
        answer.shows(text);
    }
    let long = "x".repeat(73);
    let fields = [
        ("email", "alice@example.com"),
        ("password", long.as_str()),
        ("passwordrepeat", long.as_str()),
    ];
    browser
        .submit("/signup", &fields)
        .await
        .shows("at most 72 bytes");

    browser.sign_up(&site, "alice@example.com", PASSWORD).await;
    let token = site.mailed_token("alice@example.com").await;
    // Clicked twice: nothing is done again, and the account is as ready as before.
    let answer = browser.submit("/emailverify?t=x", &[("t", &token)]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.shows("used already: the address is confirmed");
    answer.shows("href=\"/signin\"");
    for token in ["0123456789abcdef0123456789abcdef", "", "x\"<"] {
        let answer = browser.submit("/emailverify?t=x", &[("t", token)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.shows("used already");
    }
}

#[tokio::test]
async fn a_lost_verification_mail_is_sent_again() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let fields = [
        ("email", "alice@example.com"),
        ("password", PASSWORD),
        ("passwordrepeat", PASSWORD),
    ];
    browser
        .submit("/signup", &fields)
        .await
        .shows("Check your mail");
    let first = site.mailed_token("alice@example.com").await;
    let answer = browser
        .submit_to(
            "/signup",
            "/signup/resend",
            &[("email", "alice@example.com")],
        )
        .await;
    answer.shows("Check your mail");
    let second = wait_for(|| {
        let log = site.log();
        (log.matches("/emailverify?t=").count() > 1).then_some(())
    });
    second.await;
    let second = site.mailed_token("alice@example.com").await;
    assert_ne!(first, second);
    let answer = browser
        .submit(&format!("/emailverify?t={second}"), &[("t", &second)])
        .await;
    assert_eq!(answer.status, 200);
    let unknown = browser
        .submit_to("/signup", "/signup/resend", &[("email", "x@example.com")])
        .await;
    unknown.shows("Check your mail");
}

#[tokio::test]
async fn a_closed_pool_says_so_and_lets_nobody_in() {
    let site = Site::with(Wish {
        voters: 1,
        pool: "closed = true\nclosed_message = \"Full until spring.\"\n",
        ..Wish::default()
    })
    .await;
    let mut browser = site.browser();
    browser.get("/").await.shows("Full until spring.");
    let page = browser.get("/signup").await;
    page.shows("Full until spring.");
    assert!(!page.body.contains("passwordrepeat"));
    let fields = [
        ("email", "alice@example.com"),
        ("password", PASSWORD),
        ("passwordrepeat", PASSWORD),
    ];
    let answer = browser
        .submit_to("/signup", "/signup/resend", &fields)
        .await;
    assert_eq!(answer.status, 200);
    let token = browser.get("/signup").await.form_token("/signup/resend");
    let mut all = fields.to_vec();
    all.push(("csrf_token", &token));
    let answer = browser.post("/signup", &all).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    answer.shows("Full until spring.");
    assert!(!site.log().contains("mail to"));
}

#[tokio::test]
async fn operators_close_the_pool_and_put_up_a_notice_without_a_restart() {
    let site = Site::start().await;
    let mut browser = Browser::new_user(&site, "alice@example.com").await;
    site.edit(
        "fee_percent",
        "notice = \"Back at <noon>\"\nclosed = true\nclosed_message = \"Full.\"\nfee_percent",
    );
    site.signal("-HUP");
    wait_for(|| {
        site.log()
            .contains("configuration read again")
            .then_some(())
    })
    .await;
    let page = browser.get("/address").await;
    page.shows("Back at &lt;noon&gt;");
    page.shows("Full.");
    site.browser().get("/signup").await.shows("Full.");
}

#[tokio::test]
async fn the_log_tells_no_secrets() {
    let site = Site::start().await;
    let mut browser = Browser::new_user(&site, "alice@example.com").await;
    let mut other = site.browser();
    other.sign_in("alice@example.com", "a wrong password").await;
    let guest = other.cookies["guest"].clone();
    other.sign_in("alice@example.com", PASSWORD).await;
    let api_token = browser.api_token().await;
    Api::new(site.address, &api_token)
        .get("getpurchaseinfo")
        .await;
    let form_token = browser.get("/address").await.form_token("/address");
    browser
        .headers
        .push(("authorization", format!("Bearer {MONITOR_TOKEN}")));
    browser.get("/status").await;
    wait_for(|| site.log().contains("/status").then_some(())).await;
    let log = site.log();
    let session = browser.cookies["session"].clone();
    for secret in [
        PASSWORD,
        "a wrong password",
        &api_token,
        &form_token,
        &session,
        &guest,
        MONITOR_TOKEN,
        "an-api-secret",
        &super::site::voting_key(),
    ] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
    // The mail itself is logged, since there is no `[mail]`; nothing else tells its token.
    assert_eq!(
        log.matches(&site.mailed_token("alice@example.com").await)
            .count(),
        1
    );
}
