//! The audit log on the admins' page.

use http::StatusCode;

use super::browser::{Browser, PASSWORD};
use super::site::Site;

const PAGE: &str = "/admin/log";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn admins_read_who_did_what() {
    let site = Site::start().await;
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    let mut kim = Browser::new_user(&site, "kim@example.com").await;
    for other in [&mut kim, &mut site.browser()] {
        let page = other.get(PAGE).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED);
        assert!(!page.body.contains("admin@example.com</td>"));
    }
    let mut guest = site.browser();
    guest.sign_in("kim@example.com", "not my password").await;
    let disable = [("user_id", "2"), ("action", "disable")];
    admin.submit("/admin/users", &disable).await;
    let sign = [("notice", "<b>Tonight</b>"), ("action", "set")];
    admin.submit("/admin/pool", &sign).await;

    let all = admin.get(PAGE).await;
    for text in [
        "User disabled by an operator",
        "by user 1",
        "href=\"/admin/users?q=2\">2</a> kim@example.com",
        "Wrong password at sign-in",
        "Notice and closing set",
        "notice: &lt;b&gt;Tonight&lt;/b&gt;",
        "127.0.0.1",
    ] {
        all.shows(text);
    }
    let newest = all.body.find("<td data-label=\"What\">").expect("a row");
    assert!(all.body[newest..].starts_with("<td data-label=\"What\">Notice and closing set"));

    let of_kim = admin.get(&format!("{PAGE}?q=KIM%40example.com")).await;
    of_kim.shows("User disabled by an operator");
    assert!(!of_kim.body.contains("<td data-label=\"What\">Notice"));
    let failed = admin.get(&format!("{PAGE}?q=2&kind=sign_in_failed")).await;
    failed.shows("1 in all");
    failed.shows("<option value=\"sign_in_failed\" selected>");
    // An admin's own deeds, also those to others.
    let of_admin = admin.get(&format!("{PAGE}?q=1")).await;
    of_admin.shows("User disabled by an operator");
    let none = admin.get(&format!("{PAGE}?q=nobody%40example.com")).await;
    none.shows("Nobody is found by this");
    for odd in ["kind=%27+OR+1=1", "kind=%00", "page=99999", "q=%ff"] {
        let page = admin.get(&format!("{PAGE}?{odd}")).await;
        assert_eq!(page.status, StatusCode::OK, "{odd}");
        assert!(!page.body.contains("<tbody"), "{odd}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_log_is_paged() {
    let site = Site::start().await;
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    for _ in 0..35 {
        let mut browser = site.browser();
        let signed_in = browser.sign_in("admin@example.com", PASSWORD).await;
        assert_eq!(signed_in.status, StatusCode::SEE_OTHER);
    }
    let page = admin.get(&format!("{PAGE}?kind=sign_in")).await;
    page.shows("36 in all");
    page.shows("Page 1 of 2");
    page.shows("href=\"/admin/log?kind=sign_in&amp;page=2\"");
    let rows = page.body.matches("<td data-label=\"When\">").count();
    let page = admin.get(&format!("{PAGE}?kind=sign_in&page=2")).await;
    assert_eq!(
        rows + page.body.matches("<td data-label=\"When\">").count(),
        36
    );
}
