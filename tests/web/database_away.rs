//! The database goes silent while the site runs: pages come from caches, voters are watched as ever,
//! and everything is back by itself.

use http::StatusCode;

use super::browser::Browser;
use super::site::{MONITOR_TOKEN, Site, Wish};
use crate::harness::mariadb::MariaDb;

/// Until the page says so.
async fn until(browser: &mut Browser, path: &str, says: impl Fn(&str) -> bool) {
    for _ in 0..1500 {
        if says(&browser.get(path).await.body) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("waited in vain for {path}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_database_stops_neither_pages_nor_the_watching_of_voters() {
    let server = MariaDb::start();
    let database = server.url(&server.create_database());
    let mut site = Site::with(Wish {
        voters: 2,
        pool: "min_voters = 1\n",
        database: Some(database),
        ..Wish::default()
    })
    .await;
    let mut user = Browser::new_user(&site, "kim@example.com").await;
    let mut guest = site.browser();
    let mut monitor = site.browser();
    monitor
        .headers
        .push(("authorization", format!("Bearer {MONITOR_TOKEN}")));
    until(&mut guest, "/stats", |body| body.contains("200")).await;

    server.freeze();
    until(&mut monitor, "/alertz", |body| {
        body.contains("database_away")
    })
    .await;
    for path in ["/", "/stats", "/signin", "/healthz", "/api/v2/stats"] {
        let answer = guest.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:#?}");
    }
    let answer = user.get("/tickets").await;
    assert_eq!(
        answer.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{answer:#?}"
    );
    answer.shows("href=\"/tickets\">Try again");
    // What a voter says, and that it goes, is still seen.
    site.voters[0].stop().await;
    until(&mut monitor, "/alertz", |body| body.contains("voter_away")).await;
    site.voters[0].start_again().await;
    until(&mut monitor, "/alertz", |body| !body.contains("voter_away")).await;
    site.voters[1].fake.set_height(203);
    until(&mut monitor, "/status", |body| body.contains("203")).await;

    server.thaw();
    until(&mut monitor, "/alertz", |body| {
        !body.contains("database_away")
    })
    .await;
    until(&mut guest, "/stats", |body| body.contains("203")).await;
    assert_eq!(user.get("/address").await.status, StatusCode::OK);
    Browser::new_user(&site, "lee@example.com").await;
    let log = site.log();
    let told = log
        .matches("the database does not answer; it is tried")
        .count();
    let over = log.matches("the database answers again").count();
    assert!(
        told >= 1 && told == over,
        "{told} times away, {over} times back"
    );
}
