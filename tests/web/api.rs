//! The API's own rows: tokens, numbers, and everything that is no command.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use http::{Method, StatusCode};
use serde_json::Value;

use super::browser::{Answer, Api, Browser};
use super::site::{Site, user_address, wait_for};

const UNKNOWN: &str =
    "{\"status\":\"error\",\"code\":3,\"message\":\"invalid API command or version\"}\n";

#[track_caller]
fn is_unknown(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{answer:#?}");
    assert_eq!(
        answer.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert_eq!(answer.body, UNKNOWN);
}

#[tokio::test]
async fn whatever_is_no_command_is_unknown() {
    let site = Site::start().await;
    let mut browser = site.browser();
    for path in [
        "/api/v0/stats",
        "/api/v3/stats",
        "/api/v1/",
        "/api/v1",
        "/api/",
        "/api/v1/stats/",
        "/api/v1/Stats",
        "/api/v2/purchaseticket",
        "/api/v1/%73tats",
    ] {
        is_unknown(&browser.get(path).await);
    }
    for (method, path) in [
        (Method::POST, "/api/v1/stats"),
        (Method::POST, "/api/v2/getpurchaseinfo"),
        (Method::GET, "/api/v1/address"),
        (Method::GET, "/api/v2/voting"),
        (Method::PUT, "/api/v1/address"),
        (Method::DELETE, "/api/v1/stats"),
        (Method::OPTIONS, "/api/v1/voting"),
    ] {
        is_unknown(&browser.send(method, path, String::new()).await);
    }
}

#[tokio::test]
async fn tokens_that_are_not_good_are_refused_by_every_command() {
    let site = Site::start().await;
    let mut alice = Browser::new_user(&site, "alice@example.com").await;
    let good = alice.api_token().await;
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let cut = &good[..good.len() - 1];
    let unsigned = format!("{signed}.");
    let mixed = format!("{signed}.{}", signature.to_uppercase());
    for token in ["", "nonsense", "a.b.c", cut, &unsigned, &mixed] {
        let mut api = Api::new(site.address, token);
        let refuse = |subject: &str, data: &str| {
            format!(
                "{{\"status\":\"error\",\"code\":16,\"message\":\"{subject} error - invalid api \
                 token\"{data}}}"
            )
        };
        Api::check(
            &api.get("getpurchaseinfo").await,
            &refuse("purchaseinfo", ",\"data\":null"),
        );
        // The token is looked at first.
        Api::check(&api.post("address", &[]).await, &refuse("address", ""));
        Api::check(&api.post("voting", &[]).await, &refuse("voting", ""));
    }
    // Without a header at all, and with one that is no bearer's.
    let mut browser = site.browser();
    browser
        .get("/api/v1/getpurchaseinfo")
        .await
        .shows("invalid api token");
    browser
        .headers
        .push(("authorization", format!("Basic {good}")));
    browser
        .get("/api/v1/getpurchaseinfo")
        .await
        .shows("invalid api token");
    // A session is no token.
    alice
        .get("/api/v1/getpurchaseinfo")
        .await
        .shows("invalid api token");
}

#[tokio::test]
async fn vote_bits_are_checked_and_stored() {
    let site = Site::start().await;
    let mut browser = Browser::new_user(&site, "alice@example.com").await;
    let mut api = Api::new(site.address, &browser.api_token().await);
    let answer = api
        .post("address", &[("UserPubKeyAddr", &user_address(1))])
        .await;
    assert!(answer.body.contains("success"), "{answer:#?}");
    wait_for_numbers(&mut api).await;
    for bits in ["", "65536", "-1", "+5", "5 ", "five", "٥"] {
        Api::check(
            &api.post("voting", &[("VoteBits", bits)]).await,
            "{\"status\":\"error\",\"code\":3,\"message\":\"voting error - unable to convert \
             votebits to uint16\"}",
        );
    }
    // Without bit 0, with both choices of an agenda, with a bit of none.
    for bits in ["0", "4", "7", "33", "65535"] {
        Api::check(
            &api.post("voting", &[("VoteBits", bits)]).await,
            "{\"status\":\"error\",\"code\":3,\"message\":\"voting error - votebits invalid for \
             current agendas\"}",
        );
    }
    api.get("getpurchaseinfo").await.shows("\"VoteBits\":1,");
    for bits in ["1", "5", "21"] {
        Api::check(
            &api.post("voting", &[("VoteBits", bits)]).await,
            "{\"status\":\"success\",\"code\":0,\"message\":\"successfully updated voting \
             preferences\"}",
        );
        api.get("getpurchaseinfo")
            .await
            .shows(&format!("\"VoteBits\":{bits},\"VoteBitsVersion\":12"));
    }
    let voters = &site.voters;
    wait_for(|| {
        let knows = |voter: &super::super::harness::fake_voter::RunningVoter| {
            voter
                .fake
                .with(|state| state.preferences.get(&1).map(|it| it.bits.0))
        };
        voters
            .iter()
            .all(|voter| knows(voter) == Some(21))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn purchase_info_is_told_to_the_byte() {
    let site = Site::start().await;
    let mut browser = Browser::new_user(&site, "alice@example.com").await;
    let mut api = Api::new(site.address, &browser.api_token().await);
    wait_for_numbers(&mut api).await;
    Api::check(
        &api.get("getpurchaseinfo").await,
        "{\"status\":\"error\",\"code\":9,\"message\":\"purchaseinfo error - no address \
         submitted\",\"data\":null}",
    );
    let address = user_address(1);
    Api::check(
        &api.post("address", &[("UserPubKeyAddr", &address)]).await,
        "{\"status\":\"success\",\"code\":0,\"message\":\"address successfully imported\"}",
    );
    let json = browser.get("/address/script.json").await.body;
    let json: Value = serde_json::from_str(&json).unwrap();
    let of = |name: &str| json[name].as_str().unwrap();
    Api::check(
        &api.get("getpurchaseinfo").await,
        &format!(
            "{{\"status\":\"success\",\"code\":0,\"message\":\"purchaseinfo successfully retrieved\",\
             \"data\":{{\"PoolAddress\":\"{}\",\"PoolFees\":7.5,\"Script\":\"{}\",\
             \"TicketAddress\":\"{}\",\"VoteBits\":1,\"VoteBitsVersion\":12}}}}",
            of("fee_address"),
            of("redeem_script"),
            of("ticket_address")
        ),
    );
}

#[tokio::test]
async fn a_full_pool_takes_no_address() {
    let mut site = Site::start().await;
    Browser::new_user(&site, "alice@example.com").await;
    let mut second = Browser::new_user(&site, "bob@example.com").await;
    let token = second.api_token().await;
    site.edit("fee_percent", "max_users = 1\nfee_percent");
    site.edit_voters_too();
    assert!(site.stop().await.success());
    site.start_again().await;
    let mut api = Api::new(site.address, &token);
    Api::check(
        &api.post("address", &[("UserPubKeyAddr", &user_address(1))])
            .await,
        "{\"status\":\"error\",\"code\":9,\"message\":\"address error - the pool is full\"}",
    );
}

#[tokio::test]
async fn a_database_that_fails_is_code_13() {
    let site = Site::start().await;
    let mut browser = Browser::new_user(&site, "alice@example.com").await;
    let mut api = Api::new(site.address, &browser.api_token().await);
    wait_for_numbers(&mut api).await;
    let path = site.folder.path().join("pool.db").display().to_string();
    let mut database = SqliteConnection::establish(&path).unwrap();
    let mut execute = |sql: &str| database.batch_execute(sql).unwrap();
    let fault = |text: &str, data: &str| {
        format!("{{\"status\":\"error\",\"code\":13,\"message\":\"{text}\"{data}}}")
    };
    let address = [("UserPubKeyAddr", user_address(1))];
    let address = address
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    execute("PRAGMA busy_timeout = 5000; ALTER TABLE pool_keys RENAME TO away");
    Api::check(
        &api.post("address", &address).await,
        &fault("address error - failed to save address in database", ""),
    );
    execute("ALTER TABLE away RENAME TO pool_keys");
    execute("ALTER TABLE pool_revisions RENAME TO away");
    Api::check(
        &api.post("voting", &[("VoteBits", "5")]).await,
        &fault(
            "voting error - failed to update voting prefs in database",
            "",
        ),
    );
    execute("ALTER TABLE away RENAME TO pool_revisions");
    execute("ALTER TABLE Users RENAME TO away");
    let unread = |subject: &str| format!("{subject} error - failed to read user from database");
    Api::check(
        &api.get("getpurchaseinfo").await,
        &fault(&unread("purchaseinfo"), ",\"data\":null"),
    );
    Api::check(
        &api.post("address", &address).await,
        &fault(&unread("address"), ""),
    );
    Api::check(
        &api.post("voting", &[("VoteBits", "5")]).await,
        &fault(&unread("voting"), ""),
    );
    assert!(!site.log().contains(&browser.cookies["session"]));
}

#[tokio::test]
async fn the_api_describes_itself_to_programs_and_people() {
    let site = Site::start().await;
    let mut guest = site.browser();
    let document = guest.get("/api/openapi.json").await;
    assert_eq!(
        document.header("content-type"),
        "application/json; charset=utf-8"
    );
    let json: Value = serde_json::from_str(&document.body).unwrap();
    assert_eq!(
        json["servers"][0]["url"],
        "http://pool.example.com/api/{version}"
    );
    assert_eq!(json["info"]["version"], env!("CARGO_PKG_VERSION"));
    let page = guest.get("/api").await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows("-H 'Authorization: Bearer TOKEN' http://pool.example.com/api/v2/getpurchaseinfo");
    page.shows("address error - address already submitted");
    page.shows("href=\"/api/openapi.json\"");
    assert!(page.body.len() < 40_000, "{} bytes", page.body.len());
    is_unknown(
        &guest
            .send(Method::POST, "/api/openapi.json", String::new())
            .await,
    );
    let refused = guest.send(Method::POST, "/api", String::new()).await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
}

/// The pool's numbers, once there are any.
pub async fn wait_for_numbers(api: &mut Api) -> Answer {
    for _ in 0..500 {
        let answer = api.get("stats").await;
        if answer.body.contains("success") {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no numbers came");
}

#[tokio::test]
async fn stats_need_no_token() {
    let site = Site::start().await;
    let mut api = Api::new(site.address, "nonsense");
    let answer = wait_for_numbers(&mut api).await;
    Api::check(
        &answer,
        &format!(
            "{{\"status\":\"success\",\"code\":0,\"message\":\"stats successfully retrieved\",\
             \"data\":{{\"AllMempoolTix\":3,\"APIVersionsSupported\":[1,2],\"BlockHeight\":200,\
             \"Difficulty\":0.2,\"Expired\":0,\"Immature\":0,\"Live\":0,\"Missed\":0,\
             \"OwnMempoolTix\":0,\"PoolSize\":64,\"ProportionLive\":0,\"ProportionMissed\":0,\
             \"Revoked\":0,\"TotalSubsidy\":0,\"Voted\":0,\"Network\":\"simnet\",\
             \"PoolEmail\":\"admin@example.com\",\"PoolFees\":7.5,\"PoolStatus\":\"Open\",\
             \"UserCount\":0,\"UserCountActive\":0,\"Version\":\"{}\"}}}}",
            env!("CARGO_PKG_VERSION")
        ),
    );
}

#[tokio::test]
async fn too_large_a_body_is_refused_in_the_envelope() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let body = format!("VoteBits={}", "1".repeat(70_000));
    let answer = browser.send(Method::POST, "/api/v1/voting", body).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        answer.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert_eq!(
        answer.body,
        "{\"status\":\"error\",\"code\":3,\"message\":\"request too large\"}\n"
    );
}
