//! Enrolment under bad input and trouble, by page and by API.

use dcrstakepool::decred::hash::blake256;
use dcrstakepool::rpc::{Error, method};
use http::StatusCode;

use super::browser::{Answer, Api, Browser};
use super::site::{MONITOR_TOKEN, Site, Wish, pool_address, user_address};

const NOT_NOW: &str = "{\"status\":\"error\",\"code\":14,\"message\":\"system error - unable to \
                       process wallet commands\"}";
const ACCEPTED: &str =
    "{\"status\":\"success\",\"code\":0,\"message\":\"address successfully imported\"}";

struct User {
    browser: Browser,
    api: Api,
    token: String,
}

impl User {
    async fn new(site: &Site, email: &str) -> Self {
        let mut browser = Browser::new_user(site, email).await;
        let token = browser.api_token().await;
        Self {
            browser,
            api: Api::new(site.address, &token),
            token,
        }
    }

    /// The same user at a site that was started again.
    fn move_to(&mut self, site: &Site) {
        self.browser.address = site.address;
        self.api = Api::new(site.address, &self.token);
    }

    async fn post(&mut self, address: &str) -> Answer {
        self.api
            .post("address", &[("UserPubKeyAddr", address)])
            .await
    }

    /// By API: nothing is there yet.
    async fn has_nothing(&mut self) {
        Api::check(
            &self.api.get("getpurchaseinfo").await,
            "{\"status\":\"error\",\"code\":9,\"message\":\"purchaseinfo error - no address \
             submitted\",\"data\":null}",
        );
    }
}

fn refusal(code: u8, reason: &str) -> String {
    format!("{{\"status\":\"error\",\"code\":{code},\"message\":\"address error - {reason}\"}}")
}

/// A public key of the signature type 1, ed25519.
fn edwards_address() -> String {
    let mut bytes = vec![0x27, 0x6f, 1];
    bytes.extend([0x5a; 32]);
    let checksum = blake256(&blake256(&bytes));
    bytes.extend(&checksum[..4]);
    bs58::encode(bytes).into_string()
}

/// Each with the reason of its refusal.
fn bad_addresses() -> Vec<(String, &'static str)> {
    let long = "S".repeat(66);
    let too_short = "address too short";
    let undecodable = "couldn't decode address";
    let wrong_type = "incorrect address type";
    let own = pool_address(1);
    let edwards = edwards_address();
    let table = [
        ("", too_short),
        ("SkLUogQ7o9fNW3obauL6QygsnoWVvmFv26VL1", too_short),
        // Hash addresses of every kind have 35 characters.
        ("Ssmv2xisHgLGimdz3iTxfngtkZJjQyFboU8", too_short),
        ("SctQiXhqdQf8JWbpqowdsr3peGeCWgirQhr", too_short),
        ("SSpxduzPRf9YQ4mLgCTJuiv1yY2kvwDkmvk", too_short),
        ("Seu6jTFL4xZSgbmXGw3JUGgBaRAVEJ14VbZ", too_short),
        (long.as_str(), "address too long"),
        // Another network's.
        (
            "DkRL6V1HtGkdDFRJbQJnfCNMVWT5yBoP4vTbnQNwii9demJWZmAfo",
            undecodable,
        ),
        (
            "TkQ3aJjfRkmwnVpaWZdLmPVKTQr37qchoGNojqdCrwxRi5SjRsjRr",
            undecodable,
        ),
        // Off the curve, an unknown kind, a changed character, a foreign alphabet.
        (
            "SkLUogQ7o9fNW3obauL6QygsnoWVvmFv26VL17UTLsvAaz1QWQoLC",
            undecodable,
        ),
        (
            "SkLeXQHH3JvVtBUhVRrzWyTUng651MWSEURXMehCnMtScvUSV9NcA",
            undecodable,
        ),
        (
            "SkLUogQ7o9fNW3obauL6QygsnoWVvmFv26VL17UTLsvAaz1KoHG93",
            undecodable,
        ),
        (
            "SkLUogQ7o9ƒNW3obauL6QygsnoWVvmFv26VL17UTLsvAaz1KoHG92",
            undecodable,
        ),
        (
            "票票票票票票票票票票票票票票票票票票票票票票票票票票票票票票票票票票票票票票票票",
            undecodable,
        ),
        // A Schnorr key; the pool's own key.
        (
            "SkLYhAkahDNDrW5EkK9FeybWzMLjACZKhr4c9KxkifuUbkzYFQx3S",
            wrong_type,
        ),
        (own.as_str(), wrong_type),
        (edwards.as_str(), wrong_type),
    ];
    table
        .map(|(address, reason)| (address.to_owned(), reason))
        .to_vec()
}

#[tokio::test]
async fn bad_addresses_get_the_answers_of_the_table_and_store_nothing() {
    let site = Site::start().await;
    let mut user = User::new(&site, "alice@example.com").await;
    for (address, reason) in bad_addresses() {
        let address = address.as_str();
        let answer = user.post(address).await;
        Api::check(&answer, &refusal(3, reason));
        let page = user
            .browser
            .submit("/address", &[("UserPubKeyAddr", address)])
            .await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}");
        page.shows("role=\"alert\"");
    }
    let empty = user.api.post("address", &[]).await;
    Api::check(&empty, &refusal(3, "address too short"));
    user.has_nothing().await;
    for voter in &site.voters {
        assert_eq!(voter.fake.calls_of(method::IMPORT_SCRIPTS), 0);
    }
}

#[tokio::test]
async fn a_second_address_is_refused() {
    let site = Site::start().await;
    let mut user = User::new(&site, "alice@example.com").await;
    Api::check(&user.post(&user_address(1)).await, ACCEPTED);
    let before = user.api.get("getpurchaseinfo").await.body;
    for address in [user_address(1), user_address(2), String::new()] {
        let answer = user.post(&address).await;
        Api::check(&answer, &refusal(6, "address already submitted"));
    }
    assert_eq!(user.api.get("getpurchaseinfo").await.body, before);
    user.browser
        .get("/address")
        .await
        .shows("Your ticket address");
    let other = user_address(2);
    let fields = [("UserPubKeyAddr", other.as_str())];
    let page = user.browser.get("/settings").await;
    let token = page.form_token("/settings");
    let fields = [("csrf_token", token.as_str()), fields[0]];
    let answer = user.browser.post("/address", &fields).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    answer.shows("it stays as it is");
    answer.shows("Save your redeem script");
}

#[tokio::test]
async fn of_two_at_once_one_wins_and_two_users_do_not_meet() {
    let site = Site::start().await;
    let mut alice = User::new(&site, "alice@example.com").await;
    let token = alice.browser.api_token().await;
    let mut twin = Api::new(site.address, &token);
    let (one, two) = (user_address(1), user_address(2));
    let fields = [("UserPubKeyAddr", two.as_str())];
    let (first, second) = tokio::join!(alice.post(&one), twin.post("address", &fields));
    let mut answers = [first.body, second.body];
    answers.sort();
    assert_eq!(
        answers,
        [
            refusal(6, "address already submitted") + "\n",
            format!("{ACCEPTED}\n")
        ]
    );

    let mut bob = User::new(&site, "bob@example.com").await;
    let mut carol = User::new(&site, "carol@example.com").await;
    let (three, four) = (user_address(3), user_address(4));
    let (first, second) = tokio::join!(bob.post(&three), carol.post(&four));
    Api::check(&first, ACCEPTED);
    Api::check(&second, ACCEPTED);
    assert_ne!(
        bob.api.get("getpurchaseinfo").await.body,
        carol.api.get("getpurchaseinfo").await.body
    );
}

#[tokio::test]
async fn a_voter_that_is_away_is_no_disagreement_but_too_few_are_refused() {
    let mut site = Site::with(Wish {
        voters: 2,
        pool: "min_voters = 1\n",
        ..Wish::default()
    })
    .await;
    let mut alice = User::new(&site, "alice@example.com").await;
    let mut bob = User::new(&site, "bob@example.com").await;
    site.voters[1].stop().await;
    Api::check(&alice.post(&user_address(1)).await, ACCEPTED);
    site.voters[0].stop().await;
    Api::check(&bob.post(&user_address(2)).await, NOT_NOW);
    let page = bob
        .browser
        .submit("/address", &[("UserPubKeyAddr", &user_address(2))])
        .await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    page.shows("Too few voting wallets");
    bob.has_nothing().await;
    // The site itself is there all the same, with the numbers it had.
    assert_eq!(bob.browser.get("/").await.status, 200);
    assert_eq!(bob.browser.get("/voting").await.location(), "/address");
    assert_eq!(alice.browser.get("/voting").await.status, 200);

    for voter in &mut site.voters {
        voter.start_again().await;
    }
    for _ in 0..500 {
        if bob.post(&user_address(2)).await.body == format!("{ACCEPTED}\n") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let answer = bob.post(&user_address(2)).await;
    Api::check(&answer, &refusal(6, "address already submitted"));
    // What the second missed it gets by itself.
    super::site::wait_for(|| {
        let scripts = site.voters[1].fake.with(|state| state.scripts.len());
        (scripts == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_lagging_voter_does_not_confirm() {
    let site = Site::start().await;
    let mut user = User::new(&site, "alice@example.com").await;
    site.voters[0].fake.set_height(210);
    Api::check(&user.post(&user_address(1)).await, NOT_NOW);
    user.has_nothing().await;
    site.voters[1].fake.set_height(210);
    Api::check(&user.post(&user_address(1)).await, ACCEPTED);
}

#[tokio::test]
async fn a_voter_that_disagrees_halts_enrolment_until_it_agrees() {
    let site = Site::start().await;
    let mut alice = User::new(&site, "alice@example.com").await;
    let mut bob = User::new(&site, "bob@example.com").await;
    site.voters[1].fake.disagree();
    Api::check(&alice.post(&user_address(1)).await, NOT_NOW);
    alice.has_nothing().await;
    site.voters[1].fake.recover(method::VERIFY_ENROLMENT);
    // A halt outlives its cause, for everyone.
    Api::check(&alice.post(&user_address(1)).await, NOT_NOW);
    Api::check(&bob.post(&user_address(2)).await, NOT_NOW);
    alice.browser.get("/address").await.shows("do not agree");

    let mut monitor = site.browser();
    monitor
        .headers
        .push(("authorization", format!("Bearer {MONITOR_TOKEN}")));
    let status = monitor.get("/status").await;
    assert_eq!(status.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        status
            .body
            .lines()
            .any(|line| line == "RPC Status: Emergency")
    );
    status.shows("halted");
    let alert = monitor.get("/alertz").await;
    assert_eq!(alert.status, StatusCode::SERVICE_UNAVAILABLE);
    alert.shows("halted");

    let resumed = site.resume().await;
    assert!(resumed.status.success(), "{resumed:?}");
    Api::check(&alice.post(&user_address(1)).await, ACCEPTED);
    Api::check(&bob.post(&user_address(2)).await, ACCEPTED);
    assert_eq!(monitor.get("/status").await.status, 200);
}

#[tokio::test]
async fn a_halt_outlives_a_restart_while_the_voter_still_disagrees() {
    let mut site = Site::start().await;
    let mut user = User::new(&site, "alice@example.com").await;
    site.voters[0].fake.disagree();
    Api::check(&user.post(&user_address(1)).await, NOT_NOW);
    let resumed = site.resume().await;
    assert!(!resumed.status.success(), "{resumed:?}");
    for recovered in [false, true] {
        if recovered {
            site.voters[0].fake.recover(method::VERIFY_ENROLMENT);
        }
        assert!(site.stop().await.success());
        site.start_again().await;
        user.move_to(&site);
        let expected = if recovered { ACCEPTED } else { NOT_NOW };
        Api::check(&user.post(&user_address(1)).await, expected);
    }
}

#[tokio::test]
async fn transport_trouble_of_every_kind_never_halts() {
    let site = Site::start().await;
    let mut user = User::new(&site, "alice@example.com").await;
    let voter = &site.voters[1].fake;
    for error in [
        Error::Refused {
            code: "unavailable".into(),
            message: "dcrwallet is restarting".into(),
        },
        Error::Refused {
            code: "bad_request".into(),
            message: "what?".into(),
        },
    ] {
        voter.fail_next(method::VERIFY_ENROLMENT, error);
        Api::check(&user.post(&user_address(1)).await, NOT_NOW);
        user.has_nothing().await;
    }
    Api::check(&user.post(&user_address(1)).await, ACCEPTED);
}

#[tokio::test]
async fn a_closed_pool_takes_no_address_with_its_reason() {
    let mut site = Site::start().await;
    let mut user = User::new(&site, "alice@example.com").await;
    site.edit(
        "fee_percent",
        "closed = true\nclosed_message = \"Full <until> spring.\"\nfee_percent",
    );
    assert!(site.stop().await.success());
    site.start_again().await;
    user.move_to(&site);
    let expected = refusal(9, "Full \\u003cuntil\\u003e spring.");
    Api::check(&user.post(&user_address(1)).await, &expected);
    Api::check(&user.post("nonsense").await, &expected);
    let page = user.browser.get("/address").await;
    page.shows("Full &lt;until&gt; spring.");
    assert!(!page.body.contains("UserPubKeyAddr"));
    user.has_nothing().await;
}

#[tokio::test]
async fn a_site_without_voters_serves_all_but_enrolment() {
    let mut site = Site::with(Wish {
        voters: 1,
        web: "start_without_voters = true\n",
        away: true,
        ..Wish::default()
    })
    .await;
    let mut user = User::new(&site, "alice@example.com").await;
    Api::check(
        &user.api.get("stats").await,
        "{\"status\":\"error\",\"code\":14,\"message\":\"stats error - RPC server \
         error\",\"data\":null}",
    );
    Api::check(&user.post(&user_address(1)).await, NOT_NOW);
    user.has_nothing().await;
    for path in ["/", "/address", "/settings", "/readyz"] {
        assert_eq!(user.browser.get(path).await.status, 200, "{path}");
    }
    let stats = user.browser.get("/stats").await;
    stats.shows("have not reported any numbers");

    site.voters[0].start_again().await;
    for _ in 0..500 {
        if user.post(&user_address(1)).await.body.contains("success") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    user.browser
        .get("/address")
        .await
        .shows("Your ticket address");
}

#[tokio::test]
async fn a_web_killed_between_two_steps_leaves_no_half_user() {
    let mut site = Site::start().await;
    let mut user = User::new(&site, "alice@example.com").await;
    // Before the row: nothing is there, and the user tries again.
    killed_while_a_voter_is_asked(&mut site, &mut user, method::VERIFY_ENROLMENT).await;
    user.has_nothing().await;
    // After the row: the address is the user's, and the wallets learn it by themselves.
    killed_while_a_voter_is_asked(&mut site, &mut user, method::IMPORT_SCRIPTS).await;
    user.api
        .get("getpurchaseinfo")
        .await
        .shows("successfully retrieved");
    let answer = user.post(&user_address(2)).await;
    Api::check(&answer, &refusal(6, "address already submitted"));
    super::site::wait_for(|| {
        let knows = |voter: &crate::harness::fake_voter::RunningVoter| {
            voter.fake.with(|state| state.scripts.len() == 1)
        };
        site.voters.iter().all(knows).then_some(())
    })
    .await;
}

async fn killed_while_a_voter_is_asked(site: &mut Site, user: &mut User, step: &'static str) {
    let before = site.voters[1].fake.calls_of(step);
    site.voters[1].fake.hang(step);
    {
        let address = user_address(1);
        let mut request = std::pin::pin!(user.post(&address));
        let asked = super::site::wait_for(|| {
            let calls = site.voters[1].fake.calls_of(step);
            (calls > before).then_some(())
        });
        tokio::select! {
            _ = request.as_mut() => {}
            () = asked => {}
        }
    }
    site.kill();
    site.voters[1].fake.recover(step);
    site.start_again().await;
    user.move_to(site);
}

#[tokio::test]
async fn a_user_is_reminded_until_the_script_is_saved() {
    let site = Site::start().await;
    let mut user = User::new(&site, "ann@example.com").await;
    let address = user_address(1);
    Api::check(&user.post(&address).await, ACCEPTED);
    let reminder = "Is your redeem script saved?";
    user.browser.get("/tickets").await.shows(reminder);
    let page = user.browser.get("/address").await;
    page.shows("I have saved it");
    let said = user
        .browser
        .submit("/address", &[("scriptSaved", "true")])
        .await;
    assert_eq!(said.location(), "/tickets");
    let tickets = user.browser.get("/tickets").await;
    assert!(!tickets.body.contains(reminder));
    let page = user.browser.get("/address").await;
    assert!(!page.body.contains("I have saved it"));
    page.shows("/address/script.json");
}
