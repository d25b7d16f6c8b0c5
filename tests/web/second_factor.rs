//! The second factor, as people and operators meet it: on, asked for, lost, off. Who has the password alone gets
//! nowhere.

use std::process::Output;

use dcrstakepool::clock::Clock;
use diesel::connection::SimpleConnection as _;
use http::StatusCode;
use totp_rs::{Builder, Secret, Totp};

use super::browser::{Answer, Browser, PASSWORD};
use super::site::{MONITOR_TOKEN, Site, Wish};
use crate::harness::secrets;

const PAGE: &str = "/settings/second-factor";
const KIM: &str = "kim@example.com";

/// A phone with an app for codes, and the recovery codes beside it.
pub struct Phone {
    key: String,
    totp: Totp,
    /// The step of the last code that was typed.
    last: u64,
    pub recovery: Vec<String>,
}

impl Phone {
    /// Turns it on for who is signed in.
    pub async fn set_up(browser: &mut Browser) -> Self {
        let fields = [("action", "offer"), ("password", PASSWORD)];
        let offer = browser.submit(PAGE, &fields).await;
        assert_eq!(offer.status, StatusCode::OK, "{offer:#?}");
        let key = between(&offer.body, "<code class=\"copy\">", "</code>").replace(' ', "");
        secrets::keep("a second factor's key", &key);
        let secret = Secret::try_from_base32(&key).expect("a key in base32");
        let mut phone = Self {
            totp: Builder::new().with_secret(secret).build().expect("a key"),
            key,
            last: 0,
            recovery: Vec::new(),
        };
        let sealed = between(&offer.body, "name=\"offer\" value=\"", "\"");
        let (token, code) = (offer.form_token(PAGE), phone.shows());
        let fields = [
            ("csrf_token", token.as_str()),
            ("action", "on"),
            ("offer", sealed),
            ("code", &code),
        ];
        let on = browser.post(PAGE, &fields).await;
        assert_eq!(on.status, StatusCode::OK, "{on:#?}");
        phone.recovery = recovery_codes(&on);
        for code in &phone.recovery {
            secrets::keep("a recovery code", code);
        }
        phone
    }

    /// The code of now.
    fn shows(&mut self) -> String {
        self.last = now();
        self.totp.generate(self.last * 30).to_string()
    }

    /// A code that was not used yet. Where the next one is too far ahead, the site forgets the last one: as if time
    /// had passed.
    pub fn next(&mut self, site: &Site) -> String {
        let now = now();
        self.last = now.max(self.last + 1);
        if self.last > now + 1 {
            change(site, "UPDATE pool_second_factors SET last_step = 0");
            self.last = now;
        }
        self.totp.generate(self.last * 30).to_string()
    }

    /// One that is right at no time near this.
    fn wrong(&self) -> String {
        let near: Vec<String> = (now() - 3..=now() + 3)
            .map(|step| self.totp.generate(step * 30).to_string())
            .collect();
        let codes = (0..10).map(|number| format!("{number:06}"));
        let mut wrong = codes.filter(|code| !near.contains(code));
        wrong.next().expect("ten codes are not all right")
    }
}

fn now() -> u64 {
    Clock::system().unix_seconds().unsigned_abs() / 30
}

fn change(site: &Site, sql: &str) {
    site.database().batch_execute(sql).expect("a change");
}

#[track_caller]
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).map(|(_, rest)| rest);
    let found = rest.and_then(|rest| rest.split_once(after));
    found.unwrap_or_else(|| panic!("no {before} in {text}")).0
}

#[track_caller]
fn recovery_codes(answer: &Answer) -> Vec<String> {
    let codes = between(&answer.body, "<pre tabindex=\"0\"><code>", "</code>");
    let codes: Vec<String> = codes.lines().map(str::to_owned).collect();
    assert_eq!(codes.len(), 10, "{answer:#?}");
    let file = codes.join("%0A");
    answer.shows(&format!("href=\"data:text/plain,{file}%0A\""));
    codes
}

/// Gives the password, and is asked for the code.
pub async fn half_way(site: &Site, email: &str) -> Browser {
    let mut browser = site.browser();
    let answer = browser.sign_in(email, PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:#?}");
    assert_eq!(answer.location(), "/signin/code");
    assert!(!browser.cookies.contains_key("session"), "{answer:#?}");
    browser
}

async fn brings(browser: &mut Browser, code: &str) -> Answer {
    browser.submit("/signin/code", &[("code", code)]).await
}

#[track_caller]
fn is_refused(answer: &Answer) {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    assert_eq!(answer.status, status, "{answer:#?}");
    answer.shows("The code is wrong, or was used before");
}

#[track_caller]
fn is_in(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:#?}");
    assert_eq!(answer.location(), "/address");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_turning_it_on_to_signing_in_with_a_code() {
    let site = Site::start().await;
    let mut kim = Browser::new_user(&site, KIM).await;
    let mut elsewhere = site.browser();
    is_in(&elsewhere.sign_in(KIM, PASSWORD).await);
    kim.get("/settings").await.shows("Set it up");
    let wrong = [("action", "offer"), ("password", "wrong horse")];
    let answer = kim.submit(PAGE, &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.shows("The current password is wrong");
    let mut phone = Phone::set_up(&mut kim).await;
    site.logged("mail to kim@example.com: Test pool: your second factor is on")
        .await;
    assert_eq!(elsewhere.get("/settings").await.location(), "/signin");
    kim.get("/settings").await.shows("Second factor turned on");
    kim.get(PAGE).await.shows("10 recovery codes are left");
    let data = kim.get("/settings/data.json").await;
    data.shows("\"second_factor\": true");
    assert!(!data.body.contains(&phone.key));
    kim.submit("/logout", &[]).await;

    let mut half = half_way(&site, KIM).await;
    for path in ["/settings", "/tickets", PAGE] {
        assert_eq!(half.get(path).await.location(), "/signin", "{path}");
    }
    let page = half.get("/signin/code").await;
    page.shows("Your password is right");
    page.shows("mailto:admin@example.com");
    is_refused(&brings(&mut half, &phone.wrong()).await);
    is_refused(&brings(&mut half, "").await);
    let code = phone.next(&site);
    let cookie = half.cookies["signin"].clone();
    is_in(&brings(&mut half, &code).await);
    assert!(!half.cookies.contains_key("signin"));
    half.get("/settings").await.shows("Signed in");
    half.get("/settings")
        .await
        .shows("Wrong code of the second factor");

    // The same code, seen over the shoulder, with the password: too late.
    let mut thief = half_way(&site, KIM).await;
    is_refused(&brings(&mut thief, &code).await);
    is_in(&brings(&mut thief, &phone.next(&site)).await);
    let log = site.log();
    for secret in phone.recovery.iter().chain([&phone.key, &code, &cookie]) {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_way_is_good_once_for_minutes_and_for_nothing_else() {
    let site = Site::start().await;
    let mut kim = Browser::new_user(&site, KIM).await;
    let mut phone = Phone::set_up(&mut kim).await;
    let mut guest = site.browser();
    assert_eq!(guest.get("/signin/code").await.location(), "/signin");
    let mut half = half_way(&site, KIM).await;
    let cookie = half.cookies["signin"].clone();
    // As a session it opens nothing.
    guest.cookies.insert("session".into(), cookie.clone());
    assert_eq!(guest.get("/settings").await.location(), "/signin");
    guest.cookies.remove("session");
    // Nor does the form go without its token.
    let code = phone.next(&site);
    let answer = half.post("/signin/code", &[("code", &code)]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    is_in(&brings(&mut half, &code).await);

    guest.cookies.insert("signin".into(), cookie);
    let late = guest.get("/signin/code").await;
    assert_eq!(late.location(), "/signin?late");
    guest.get("/signin?late").await.shows("That took too long");
    assert!(!guest.cookies.contains_key("signin"));

    let mut slow = half_way(&site, KIM).await;
    let token = slow.get("/signin/code").await.form_token("/signin/code");
    change(&site, "UPDATE pool_half_sign_ins SET expires = 1");
    let code = phone.next(&site);
    let fields = [("csrf_token", token.as_str()), ("code", &code)];
    let answer = slow.post("/signin/code", &fields).await;
    assert_eq!(answer.location(), "/signin?late", "{answer:#?}");
    assert!(!slow.cookies.contains_key("session"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_phone_a_recovery_code_signs_in_once() {
    let site = Site::start().await;
    let mut kim = Browser::new_user(&site, KIM).await;
    let phone = Phone::set_up(&mut kim).await;
    let mut half = half_way(&site, KIM).await;
    is_in(&brings(&mut half, &phone.recovery[0]).await);
    half.get(PAGE).await.shows("9 recovery codes are left");
    half.get("/settings").await.shows("Recovery code used");
    let mut again = half_way(&site, KIM).await;
    is_refused(&brings(&mut again, &phone.recovery[0]).await);

    let renew = |code: &'static str| [("action", "codes"), ("password", PASSWORD), ("code", code)];
    let answer = half.submit(PAGE, &renew("")).await;
    is_refused(&answer);
    let fields = [
        ("action", "codes"),
        ("password", PASSWORD),
        ("code", &phone.recovery[1]),
    ];
    let new = recovery_codes(&half.submit(PAGE, &fields).await);
    is_refused(&brings(&mut again, &phone.recovery[2]).await);
    is_in(&brings(&mut again, &new[2]).await);

    let off = [("action", "off"), ("password", PASSWORD), ("code", &new[3])];
    let answer = half.submit(PAGE, &off).await;
    assert_eq!(answer.location(), "/settings/second-factor?off");
    half.get(answer.location())
        .await
        .shows("Your second factor is off");
    site.logged("mail to kim@example.com: Test pool: your second factor is off")
        .await;
    is_in(&site.browser().sign_in(KIM, PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_is_slow_and_a_wrong_password_tells_nothing() {
    let site = Site::start().await;
    let mut kim = Browser::new_user(&site, KIM).await;
    Browser::new_user(&site, "sam@example.com").await;
    let mut phone = Phone::set_up(&mut kim).await;
    let mut answers = Vec::new();
    for email in [KIM, "sam@example.com", "nix@example.com"] {
        let mut guest = site.browser();
        let answer = guest.sign_in(email, "wrong horse").await;
        assert!(!guest.cookies.contains_key("signin"));
        let token = answer.form_token("/signin");
        let body = answer.body.replace(&token, "").replace(email, "");
        answers.push((answer.status, body));
    }
    assert_eq!(answers[0].0, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answers.iter().all(|answer| *answer == answers[0]));

    for _ in 0..5 {
        let mut thief = half_way(&site, KIM).await;
        is_refused(&brings(&mut thief, &phone.wrong()).await);
    }
    let mut half = half_way(&site, KIM).await;
    let answer = brings(&mut half, &phone.next(&site)).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=720).contains(&seconds), "{seconds}");
    assert!(!half.cookies.contains_key("session"));
    // An hour later.
    change(&site, "DELETE FROM pool_limits");
    is_in(&brings(&mut half, &phone.next(&site)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_the_account_changes_without_a_code() {
    let site = Site::start().await;
    let mut kim = Browser::new_user(&site, KIM).await;
    let token = kim.api_token().await;
    let mut phone = Phone::set_up(&mut kim).await;
    let new = "a staple of horses";
    let password = [
        ("updatePassword", "true"),
        ("password", PASSWORD),
        ("newpassword", new),
        ("newpasswordrepeat", new),
    ];
    let email = [
        ("updateEmail", "true"),
        ("password", PASSWORD),
        ("email", "new@example.com"),
    ];
    let renew = [("renewToken", "true")];
    let close = [
        ("closeAccount", "true"),
        ("confirm", "true"),
        ("password", PASSWORD),
    ];
    let forms: [&[(&str, &str)]; 4] = [&renew, &email, &password, &close];
    for form in forms {
        is_refused(&kim.submit("/settings", form).await);
        let wrong = phone.wrong();
        let guessed = [form, &[("code", wrong.as_str())]].concat();
        is_refused(&kim.submit("/settings", &guessed).await);
    }
    assert_eq!(kim.api_token().await, token);
    assert!(!site.log().contains("mail to new@example.com"));
    change(&site, "DELETE FROM pool_limits");
    for (form, done) in [
        (&renew[..], "/settings?done=token"),
        (&email, "/settings?done=email"),
        (&password, "/settings?done=password"),
    ] {
        let code = phone.next(&site);
        let whole = [form, &[("code", code.as_str())]].concat();
        let answer = kim.submit("/settings", &whole).await;
        assert_eq!(answer.location(), done, "{answer:#?}");
        // Once.
        is_refused(
            &kim.submit("/settings", &[&renew[..], &[("code", &code)]].concat())
                .await,
        );
    }
    assert_ne!(kim.api_token().await, token);
    let close = [
        ("closeAccount", "true"),
        ("confirm", "true"),
        ("password", new),
        ("code", &phone.recovery[0]),
    ];
    let closed = kim.submit("/settings", &close).await;
    assert_eq!(closed.location(), "/?closed=account", "{closed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_by_mail_does_not_open_the_account() {
    let site = Site::start().await;
    let mut kim = Browser::new_user(&site, KIM).await;
    let mut phone = Phone::set_up(&mut kim).await;
    let mut guest = half_way(&site, KIM).await;
    guest.submit("/passwordreset", &[("email", KIM)]).await;
    let token = site.mailed_link(KIM, "/passwordupdate").await;
    let new = "a staple of horses";
    let fields = [("t", &*token), ("password", new), ("passwordrepeat", new)];
    let page = format!("/passwordupdate?t={token}");
    guest.submit(&page, &fields).await.shows("is changed");
    // What was begun with the old password is over.
    let late = guest.get("/signin/code").await;
    assert_eq!(late.location(), "/signin?late");
    let answer = guest.sign_in(KIM, new).await;
    assert_eq!(answer.location(), "/signin/code");
    is_in(&brings(&mut guest, &phone.next(&site)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_turn_it_on_first_where_that_is_asked_for() {
    let site = Site::with(Wish {
        voters: 2,
        pool: "min_voters = 2\n",
        web: "admins_need_second_factor = true\n",
        ..Wish::default()
    })
    .await;
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    let mut kim = Browser::new_user(&site, KIM).await;
    for path in ["/admin/users", "/admin/pool", "/admintickets", "/status"] {
        assert_eq!(admin.get(path).await.location(), PAGE, "{path}");
        assert_eq!(kim.get(path).await.status, StatusCode::UNAUTHORIZED);
    }
    admin.get(PAGE).await.shows("You are an operator");
    assert!(!kim.get(PAGE).await.body.contains("You are an operator"));
    let token = admin.get(PAGE).await.form_token(PAGE);
    let disable = [
        ("csrf_token", token.as_str()),
        ("user_id", "2"),
        ("action", "disable"),
    ];
    let answer = admin.post("/admin/users", &disable).await;
    assert_eq!(answer.location(), PAGE);
    assert_eq!(kim.get("/settings").await.status, StatusCode::OK);
    let mut monitor = site.browser();
    monitor
        .headers
        .push(("authorization", format!("Bearer {MONITOR_TOKEN}")));
    monitor.get("/status").await.shows("RPC Status");
    // The operator's browser with the monitor's token, too.
    admin
        .headers
        .push(("authorization", format!("Bearer {MONITOR_TOKEN}")));
    admin.get("/status").await.shows("RPC Status");
    admin.headers.clear();

    Phone::set_up(&mut admin).await;
    admin.get("/admin/users").await.shows("2 in all");
    admin.get("/status").await.shows("RPC Status");
    let page = admin.get(PAGE).await;
    assert!(!page.body.contains("You are an operator"), "{page:#?}");
}

async fn reset(site: &Site, who: &str) -> Output {
    site.command(&["user", "reset-second-factor", who]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_help_who_lost_everything() {
    let site = Site::start().await;
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    let mut kim = Browser::new_user(&site, KIM).await;
    let mut phone = Phone::set_up(&mut admin).await;
    Phone::set_up(&mut kim).await;
    let found = admin.get("/admin/users?q=kim%40example.com").await;
    found.shows("Reset second factor: user 2");
    let fields = |user| [("user_id", user), ("action", "reset-second-factor")];
    let answer = admin.submit("/admin/users", &fields("1")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.shows("Your own second factor is turned off by a code");
    let answer = admin.submit("/admin/users", &fields("2")).await;
    answer.shows("Second factor reset");
    site.logged("mail to kim@example.com: Test pool: your second factor was reset")
        .await;
    is_in(&site.browser().sign_in(KIM, PASSWORD).await);
    kim.get("/settings")
        .await
        .shows("Second factor reset by an operator");
    let again = admin.submit("/admin/users", &fields("2")).await;
    again.shows("This user has no second factor");

    // Of the operator, by who has the machine.
    let mut half = half_way(&site, "admin@example.com").await;
    let done = reset(&site, "admin@example.com").await;
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success() && said.contains("second factor reset"),
        "{done:?}"
    );
    let late = half.get("/signin/code").await;
    assert_eq!(late.location(), "/signin?late");
    let nothing = reset(&site, "admin@example.com").await;
    assert_eq!(nothing.status.code(), Some(1), "{nothing:?}");
    is_in(&half.sign_in("admin@example.com", PASSWORD).await);
    let code = phone.next(&site);
    let unasked = brings_unasked(&mut half, &code).await;
    assert_eq!(unasked.location(), "/signin");
}

/// A code that nobody asked for.
async fn brings_unasked(browser: &mut Browser, code: &str) -> Answer {
    let token = browser.get("/settings").await.form_token("/settings");
    let fields = [("csrf_token", token.as_str()), ("code", code)];
    browser.post("/signin/code", &fields).await
}
