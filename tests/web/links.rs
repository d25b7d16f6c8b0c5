//! Mailed links: a forgotten password, another e-mail address.

use http::StatusCode;

use super::browser::{Browser, PASSWORD};
use super::site::Site;

const NEW: &str = "battery staple horse";

#[tokio::test]
async fn a_forgotten_password_is_set_by_a_link() {
    let site = Site::start().await;
    let mut browser = Browser::new_user(&site, "alice@example.com").await;
    let mut guest = site.browser();
    guest.get("/signin").await.shows("href=\"/passwordreset\"");
    let known = guest
        .submit("/passwordreset", &[("email", "ALICE@example.com")])
        .await;
    let unknown = guest
        .submit("/passwordreset", &[("email", "nobody@example.com")])
        .await;
    assert_eq!(
        (known.status, unknown.status),
        (StatusCode::OK, StatusCode::OK)
    );
    assert_eq!(known.body, unknown.body);

    let token = site
        .mailed_link("alice@example.com", "/passwordupdate")
        .await;
    let page = format!("/passwordupdate?t={token}");
    // A mail scanner opens it, and it stays good.
    assert_eq!(guest.get(&page).await.status, StatusCode::OK);
    let fields = |password, repeat| {
        [
            ("t", token.as_str()),
            ("password", password),
            ("passwordrepeat", repeat),
        ]
    };
    let refused = guest.submit(&page, &fields(NEW, "another")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.shows("not the same");
    refused.shows(&format!("value=\"{token}\""));
    let done = guest.submit(&page, &fields(NEW, NEW)).await;
    assert_eq!(done.status, StatusCode::OK, "{done:#?}");
    done.shows("Your password is changed");
    assert_eq!(browser.get("/settings").await.location(), "/signin");
    let again = guest.submit(&page, &fields(PASSWORD, PASSWORD)).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    again.shows("used already");

    let old = guest.sign_in("alice@example.com", PASSWORD).await;
    assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
    let new = guest.sign_in("alice@example.com", NEW).await;
    assert_eq!(new.status, StatusCode::SEE_OTHER);
    assert!(!site.log().contains("mail to nobody@"));
    // The mail alone tells the token.
    assert_eq!(site.log().matches(&token).count(), 1);
}

#[tokio::test]
async fn an_address_is_changed_by_a_link_to_the_new_one() {
    let site = Site::start().await;
    let mut browser = Browser::new_user(&site, "alice@example.com").await;
    let mut elsewhere = site.browser();
    elsewhere.sign_in("alice@example.com", PASSWORD).await;
    let fields = |password| {
        [
            ("updateEmail", "true"),
            ("email", "alice@new.example"),
            ("password", password),
        ]
    };
    let wrong = browser.submit("/settings", &fields("wrong")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.shows("current password is wrong");
    let asked = browser.submit("/settings", &fields(PASSWORD)).await;
    assert_eq!(asked.location(), "/settings?done=email");
    let page = browser.get("/settings?done=email").await;
    page.shows("on its way to the new address");
    page.shows("alice@example.com");
    site.logged("mail to alice@example.com: Test pool: your e-mail address is about to change")
        .await;

    let token = site.mailed_link("alice@new.example", "/emailupdate").await;
    let page = format!("/emailupdate?t={token}");
    browser.get(&page).await.shows("Confirm my new address");
    let done = browser.submit(&page, &[("t", &token)]).await;
    assert_eq!(done.status, StatusCode::OK, "{done:#?}");
    done.shows("e-mail address is changed");
    browser.get("/settings").await.shows("alice@new.example");
    assert_eq!(elsewhere.get("/settings").await.location(), "/signin");
    let again = browser.submit(&page, &[("t", &token)]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let old = elsewhere.sign_in("alice@example.com", PASSWORD).await;
    assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
    let new = elsewhere.sign_in("alice@new.example", PASSWORD).await;
    assert_eq!(new.status, StatusCode::SEE_OTHER);
}
