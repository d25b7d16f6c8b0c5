//! What operators put into `web.assets_dir`.

use http::StatusCode;

use super::site::{Site, Wish, wait_for};

const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"/>";

/// Where the front page says that a file lies.
fn linked(page: &str, start: &str, end: &str) -> String {
    let at = page
        .find(start)
        .unwrap_or_else(|| panic!("no {start} in {page}"));
    let rest = &page[at..];
    rest[..rest.find(end).expect("end")].to_owned() + end
}

#[tokio::test]
async fn an_operator_brands_the_site_and_changes_it_without_a_restart() {
    let site = Site::with(Wish {
        voters: 1,
        assets: &[
            ("logo.svg", LOGO),
            ("brand.css", ":root { --accent: #055; }"),
            ("terms.html", "<p>Be nice.</p>"),
            ("secret.html", "not for anybody"),
        ],
        ..Wish::default()
    })
    .await;
    let mut browser = site.browser();
    let page = browser.get("/").await;
    let logo = browser
        .get(&linked(&page.body, "/assets/icon.", ".svg"))
        .await;
    assert_eq!(logo.body, LOGO);
    assert_eq!(logo.header("content-type"), "image/svg+xml");
    let style = browser
        .get(&linked(&page.body, "/assets/style.", ".css"))
        .await;
    style.shows("prefers-color-scheme");
    assert!(style.body.ends_with(":root { --accent: #055; }"));
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    page.shows("href=\"/terms\"");
    assert!(!page.body.contains("/privacy"));
    browser.get("/terms").await.shows("<p>Be nice.</p>");
    assert_eq!(browser.get("/privacy").await.status, StatusCode::NOT_FOUND);

    let folder = site.folder.path().join("assets");
    std::fs::write(folder.join("privacy.html"), "<h1>We keep little</h1>").expect("folder");
    std::fs::remove_file(folder.join("terms.html")).expect("folder");
    site.signal("-USR1");
    wait_for(|| site.log().contains("assets read again").then_some(())).await;
    browser
        .get("/privacy")
        .await
        .shows("<h1>We keep little</h1>");
    assert_eq!(browser.get("/terms").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn no_path_leads_to_other_files_of_the_folder_or_out_of_it() {
    let site = Site::with(Wish {
        voters: 1,
        assets: &[
            ("secret.html", "not for anybody"),
            ("terms.html", "<p>Be nice.</p>"),
        ],
        ..Wish::default()
    })
    .await;
    let mut browser = site.browser();
    for path in [
        "/assets/secret.html",
        "/assets/terms.html",
        "/assets/../dcrstakepool.toml",
        "/assets/%2e%2e/dcrstakepool.toml",
        "/assets/..%2fdcrstakepool.toml",
        "/assets//etc/passwd",
        "/assets/",
        "/secret.html",
        "/terms/../secret",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}
