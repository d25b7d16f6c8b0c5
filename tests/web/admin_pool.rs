//! Notice and closing from the admin's page: in place of the file, in every web process, until reset.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use http::StatusCode;

use super::browser::{Api, Browser, PASSWORD};
use super::site::{Site, Wish, user_address};

const PAGE: &str = "/admin/pool";
const NOTICE: &str = "Maintenance &lt;tonight&gt;";

async fn shows_in_time(browser: &mut Browser, path: &str, text: &str, wanted: bool) {
    for _ in 0..1500 {
        if browser.get(path).await.body.contains(text) == wanted {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{path}: {text:?} is not as it should be");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_closes_the_pool_and_opens_it_again() {
    let site = Site::start().await;
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    let mut kim = Browser::new_user(&site, "kim@example.com").await;
    let mut api = Api::new(site.address, &kim.api_token().await);
    for other in [&mut kim, &mut site.browser()] {
        assert_eq!(other.get(PAGE).await.status, StatusCode::UNAUTHORIZED);
        let sent = other.post(PAGE, &[("closed", "true"), ("action", "set")]);
        assert_eq!(sent.await.status, StatusCode::UNAUTHORIZED);
    }
    admin.get(PAGE).await.shows("The configuration file holds");
    let fields = [
        ("notice", "Maintenance <tonight>"),
        ("closed", "true"),
        ("closed_message", "Closed\r\nuntil May."),
        ("action", "set"),
    ];
    let answer = admin.submit(PAGE, &fields).await;
    assert_eq!(answer.location(), "/admin/pool?done=set");
    let page = admin.get(PAGE).await;
    page.shows("Set here by user 1 on");
    page.shows(">Closed until May.</textarea>");

    let mut guest = site.browser();
    guest.get("/").await.shows(NOTICE);
    let page = guest.get("/signup").await;
    page.shows("Closed until May.");
    assert!(!page.body.contains("passwordrepeat"));
    let token = guest.get("/signin").await.form_token("/signin");
    let sign_up = [
        ("csrf_token", &*token),
        ("email", "sam@example.com"),
        ("password", PASSWORD),
        ("passwordrepeat", PASSWORD),
    ];
    let refused = guest.post("/signup", &sign_up).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let address = user_address(1);
    let refused = api.post("address", &[("UserPubKeyAddr", &address)]).await;
    Api::check(
        &refused,
        "{\"status\":\"error\",\"code\":9,\"message\":\"address error - Closed until May.\"}",
    );
    shows_in_time(
        &mut guest,
        "/api/v2/stats",
        "\"PoolStatus\":\"Closed\"",
        true,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_admin_said_outlives_the_process_until_it_is_reset() {
    let mut site = Site::start().await;
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    let fields = [
        ("notice", "Maintenance <tonight>"),
        ("closed", "true"),
        ("action", "set"),
    ];
    admin.submit(PAGE, &fields).await;
    // Neither a new process nor the file changes it.
    site.edit("[pool]\n", "[pool]\nnotice = \"From the file\"\n");
    site.signal("-HUP");
    site.logged("stay as an admin set them").await;
    site.kill();
    site.start_again().await;
    admin.address = site.address;
    admin.get("/stats").await.shows(NOTICE);
    let closed = site.browser().get("/signup").await;
    assert!(!closed.body.contains("passwordrepeat"), "{closed:#?}");
    let answer = admin.submit(PAGE, &[("action", "reset")]).await;
    assert_eq!(answer.location(), "/admin/pool?done=reset");
    let mut guest = site.browser();
    let page = guest.get("/signup").await;
    page.shows("From the file");
    page.shows("passwordrepeat");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_web_process_was_told_holds_here_soon() {
    let site = Site::with(Wish {
        voters: 1,
        pool: "min_voters = 1\nclosed = true\n",
        ..Wish::default()
    })
    .await;
    let mut guest = site.browser();
    guest
        .get("/signup")
        .await
        .shows("The pool is closed to new sign-ups.");
    let path = site.folder.path().join("pool.db");
    let mut database = SqliteConnection::establish(&path.display().to_string()).expect("database");
    let mut execute = |sql: &str| {
        let sql = format!("PRAGMA busy_timeout = 5000; {sql}");
        database
            .batch_execute(&sql)
            .expect("another process's statement");
    };
    execute("INSERT INTO pool_sign VALUES (1, 'Maintenance <tonight>', 0, '', 5, 1)");
    shows_in_time(&mut guest, "/signup", NOTICE, true).await;
    guest.get("/signup").await.shows("passwordrepeat");
    execute("DELETE FROM pool_sign");
    shows_in_time(&mut guest, "/signup", NOTICE, false).await;
    guest
        .get("/signup")
        .await
        .shows("The pool is closed to new sign-ups.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_said_changes_nothing() {
    let site = Site::start().await;
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    let long = "x".repeat(1001);
    for (fields, words) in [
        (
            [("notice", &*long), ("action", "set")],
            "at most 1000 characters",
        ),
        (
            [("notice", "Hello"), ("action", "paint")],
            "This cannot be done",
        ),
    ] {
        let answer = admin.submit(PAGE, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.shows(words);
    }
    let page = admin.get(PAGE).await;
    page.shows("The configuration file holds");
    assert!(!page.body.contains("Hello"));
    // Without a form's token nothing either.
    let forged = admin
        .post(PAGE, &[("notice", "Forged"), ("action", "set")])
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert!(!admin.get("/").await.body.contains("Forged"));
}
