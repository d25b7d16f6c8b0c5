//! An account is closed: nothing of the person is left, and its tickets are voted on.

use http::StatusCode;

use super::browser::{Api, Browser, PASSWORD};
use super::site::Site;

#[tokio::test]
async fn who_leaves_is_forgotten_and_the_address_can_be_used_anew() {
    let site = Site::start().await;
    let mut browser = Browser::new_user(&site, "ann@example.com").await;
    let page = browser.get("/settings").await;
    page.shows("What happened lately");
    page.shows("Signed in");
    let token = browser.api_token().await;
    let data = browser.get("/settings/data.json").await;
    data.shows("\"email\": \"ann@example.com\"");
    data.shows("\"event\": \"sign_in\"");
    assert!(!data.body.contains(&token), "the token is no datum");

    let close = |password| {
        [
            ("closeAccount", "true"),
            ("confirm", "true"),
            ("password", password),
        ]
    };
    let unsure = browser.submit("/settings", &close(PASSWORD)[..1]).await;
    assert_eq!(unsure.status, StatusCode::UNPROCESSABLE_ENTITY);
    let wrong = browser.submit("/settings", &close("wrong horse")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.shows("current password is wrong");
    let mut elsewhere = site.browser();
    elsewhere.sign_in("ann@example.com", PASSWORD).await;
    let closed = browser.submit("/settings", &close(PASSWORD)).await;
    assert_eq!(closed.location(), "/?closed=account");
    browser
        .get("/?closed=account")
        .await
        .shows("Your account is closed");
    for browser in [&mut browser, &mut elsewhere] {
        assert_eq!(browser.get("/settings").await.location(), "/signin");
    }
    let again = browser.sign_in("ann@example.com", PASSWORD).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut api = Api::new(site.address, &token);
    api.get("getpurchaseinfo").await.shows("invalid api token");
    site.logged("mail to ann@example.com: Test pool: your account is closed")
        .await;

    let mut admin = Browser::new_user(&site, "ann@example.com").await;
    assert_eq!(admin.get("/settings").await.status, StatusCode::OK);
}
