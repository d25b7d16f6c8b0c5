//! Whether a person is there: asked for in forms that programs like to fill in.

use dcrstakepool::clock::Clock;
use dcrstakepool::pool::keys::{Purpose, derive};
use dcrstakepool::secret::Secret;
use dcrstakepool::web::captcha::{ANSWER, CHALLENGE, Captchas};
use http::StatusCode;

use super::browser::{Answer, Browser, PASSWORD};
use super::site::{API_SECRET, Site, Wish};
use crate::harness::secrets;

async fn site() -> Site {
    Site::with(Wish {
        voters: 2,
        web: "captcha = true\n",
        ..Wish::default()
    })
    .await
}

/// The challenge of the form that a page shows.
pub(super) fn challenge(page: &Answer) -> String {
    let field = format!("name=\"{CHALLENGE}\" value=\"");
    let (_, rest) = page.body.split_once(&field).expect("a captcha");
    rest.split('"').next().expect("a value").to_owned()
}

/// What a person reads.
pub(super) fn letters(challenge: &str) -> String {
    let key = derive(&Secret::new(API_SECRET), Purpose::Captcha);
    let now = Clock::system().unix_seconds();
    let letters = Captchas::new(key)
        .answer(challenge, now)
        .expect("a challenge of the site");
    secrets::keep("the answer of a captcha", &letters);
    letters
}

/// Opens a page, fills its form in, and copies the letters.
async fn solve(browser: &mut Browser, page: &str, fields: &[(&str, &str)]) -> Answer {
    let challenge = challenge(&browser.get(page).await);
    let letters = letters(&challenge);
    let mut all = vec![(CHALLENGE, challenge.as_str()), (ANSWER, letters.as_str())];
    all.extend_from_slice(fields);
    browser.submit(page, &all).await
}

const SIGN_UP: [(&str, &str); 3] = [
    ("email", "ann@example.com"),
    ("password", PASSWORD),
    ("passwordrepeat", PASSWORD),
];

#[tokio::test]
async fn who_signs_up_or_forgot_the_password_copies_letters() {
    let site = site().await;
    let mut browser = site.browser();
    let page = browser.get("/signup").await;
    page.shows("admin@example.com");
    let challenge = challenge(&page);
    let picture = format!("/captcha/{challenge}.png");
    page.shows(&picture);
    let picture = browser.send_for_bytes(&picture).await;
    assert!(picture.starts_with(b"\x89PNG"), "{} bytes", picture.len());
    let none = browser.get("/captcha/00.png").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);

    let missing = browser.submit("/signup", &SIGN_UP).await;
    assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
    missing.shows("not the letters");
    missing.shows("value=\"ann@example.com\"");
    let taken = solve(&mut browser, "/signup", &SIGN_UP).await;
    assert_eq!(taken.status, StatusCode::OK, "{taken:#?}");
    taken.shows("Check your mail");
    site.mailed_token("ann@example.com").await;

    let asked = [("email", "ann@example.com")];
    let refused = browser.submit("/passwordreset", &asked).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.shows("value=\"ann@example.com\"");
    let sent = solve(&mut browser, "/passwordreset", &asked).await;
    assert_eq!(sent.status, StatusCode::OK, "{sent:#?}");
}

#[tokio::test]
async fn letters_count_once() {
    let site = site().await;
    let mut browser = site.browser();
    let challenge = challenge(&browser.get("/passwordreset").await);
    let letters = letters(&challenge).to_uppercase();
    let fields = [
        ("email", "ann@example.com"),
        (CHALLENGE, challenge.as_str()),
        (ANSWER, letters.as_str()),
    ];
    let first = browser.submit("/passwordreset", &fields).await;
    assert_eq!(first.status, StatusCode::OK, "{first:#?}");
    let again = browser.submit("/passwordreset", &fields).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    again.shows("not the letters");
}

#[tokio::test]
async fn a_sign_in_meets_letters_after_five_wrong_passwords_only() {
    let site = site().await;
    let mut browser = site.browser();
    solve(&mut browser, "/signup", &SIGN_UP).await;
    let token = site.mailed_token("ann@example.com").await;
    let page = format!("/emailverify?t={token}");
    browser.submit(&page, &[("t", token.as_str())]).await;

    for _ in 0..5 {
        let right = browser.sign_in("ann@example.com", PASSWORD).await;
        assert_eq!(right.status, StatusCode::SEE_OTHER, "{right:#?}");
        browser.cookies.clear();
        let wrong = browser.sign_in("ann@example.com", "wrong horse").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        wrong.shows("role=\"alert\"");
    }
    let held = browser.sign_in("ann@example.com", PASSWORD).await;
    assert_eq!(held.status, StatusCode::UNPROCESSABLE_ENTITY);
    held.shows("not the letters");
    let fields = [("email", "ann@example.com"), ("password", PASSWORD)];
    let passed = solve(&mut browser, "/signin", &fields).await;
    assert_eq!(passed.status, StatusCode::SEE_OTHER, "{passed:#?}");
}
