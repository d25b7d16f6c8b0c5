//! The server as such: methods, headers, guards, limits, the end.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use super::browser::{Browser, PASSWORD};
use super::site::{MONITOR_TOKEN, Site};

/// Pages that stand without a user.
const PUBLIC: [&str; 7] = [
    "/",
    "/signup",
    "/signin",
    "/stats",
    "/emailverify?t=x",
    "/error",
    "/healthz",
];

#[tokio::test]
async fn public_pages_answer_with_the_headers_that_protect() {
    let site = Site::start().await;
    let mut browser = site.browser();
    for path in PUBLIC {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"));
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert!(policy.contains("script-src 'self'"));
        let scripts = page.body.matches("<script").count();
        let ours = page.body.matches("<script src=\"/assets/site.").count();
        let expected = usize::from(path != "/healthz");
        assert_eq!((scripts, ours), (expected, expected), "{path}");
        assert!(!page.body.contains("style=\"") && !page.body.contains("onclick"));

        let head = browser.send(Method::HEAD, path, String::new()).await;
        assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
        let refused = browser.send(Method::PUT, path, String::new()).await;
        assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
        assert!(refused.header("allow").starts_with("GET, HEAD"), "{path}");
    }
    assert_eq!(browser.get("/readyz").await.status, 200);
    assert_eq!(browser.get("/register").await.location(), "/signup");
    assert_eq!(browser.get("/login").await.location(), "/signin");
    let missing = browser.get("/no/such%3Cpage%3E").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    missing.shows("Page not found");
    browser.get("/robots.txt").await.shows("Disallow");
}

#[tokio::test]
async fn readers_get_no_cookie_and_every_link_leads_somewhere() {
    let site = Site::start().await;
    let mut browser = site.browser();
    browser.get("/").await;
    browser.get("/stats").await;
    assert!(browser.cookies.is_empty());
    browser.get("/signin").await;
    assert_eq!(browser.cookies.keys().collect::<Vec<_>>(), ["guest"]);

    let mut user = Browser::new_user(&site, "alice@example.com").await;
    let address = super::site::user_address(1);
    user.submit("/address", &[("UserPubKeyAddr", &address)])
        .await;
    for (browser, pages) in [
        (
            &mut browser,
            vec!["/", "/signup", "/signin", "/stats", "/nothing"],
        ),
        (
            &mut user,
            vec![
                "/",
                "/tickets",
                "/address",
                "/voting",
                "/settings",
                "/logout",
            ],
        ),
    ] {
        for page in pages {
            let body = browser.get(page).await.body;
            let links = body.split("href=\"").skip(1);
            for link in links.filter_map(|rest| rest.split('"').next()) {
                if link.starts_with('/') {
                    let status = browser.get(link).await.status;
                    assert!(status.is_success(), "{page} links {link}: {status}");
                }
            }
        }
    }
}

#[tokio::test]
async fn guests_share_their_pages_and_nobody_else_gets_them() {
    let site = Site::start().await;
    let mut guest = site.browser();
    let mut user = Browser::new_user(&site, "alice@example.com").await;
    for path in ["/", "/stats"] {
        for _ in 0..2 {
            let page = guest.get(path).await;
            page.shows("href=\"/signup\"");
            assert_eq!(page.header("cache-control"), "private, no-cache");
            assert!(!page.body.contains("alice"), "{page:#?}");
            let page = user.get(path).await;
            page.shows("Signed in as alice@example.com");
            assert_eq!(page.header("cache-control"), "no-store");
        }
    }
    let farewell = "Your account is closed";
    guest.get("/?closed=account").await.shows(farewell);
    assert!(!guest.get("/").await.body.contains(farewell));
}

#[tokio::test]
async fn embedded_files_are_kept_for_good_under_changing_names() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let page = browser.get("/").await.body;
    let rest = page.split("rel=\"stylesheet\" href=\"").nth(1).unwrap();
    let path = rest.split('"').next().unwrap().to_owned();
    let file = browser.get(&path).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), "text/css; charset=utf-8");
    assert!(file.header("cache-control").contains("immutable"));
    let etag = file.header("etag").to_owned();
    browser.headers.push(("if-none-match", etag));
    let again = browser.get(&path).await;
    assert_eq!(
        (again.status, again.body.as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
    for missing in ["/assets/style.css", "/assets/", "/assets/../Cargo.toml"] {
        assert_eq!(browser.get(missing).await.status, StatusCode::NOT_FOUND);
    }
    browser.headers.clear();
    let icon = browser.send_for_bytes("/favicon.ico").await;
    assert_eq!(icon[..], include_bytes!("../../assets/favicon.ico")[..]);
}

#[tokio::test]
async fn forms_without_their_token_change_nothing() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let fields = [
        ("email", "a@example.com"),
        ("password", PASSWORD),
        ("passwordrepeat", PASSWORD),
    ];
    for path in ["/signup", "/signup/resend", "/signin", "/emailverify"] {
        let answer = browser.post(path, &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        answer.shows("Nothing was changed");
    }
    // A token of another browser.
    let stolen = site.browser().get("/signin").await.form_token("/signin");
    browser.get("/signin").await;
    let answer = browser.post("/signin", &[("csrf_token", &stolen)]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);

    let mut user = Browser::new_user(&site, "alice@example.com").await;
    for path in ["/address", "/voting", "/settings", "/logout"] {
        assert_eq!(
            user.post(path, &fields).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
        assert_eq!(
            browser.post(path, &fields).await.location(),
            "/signin",
            "{path}"
        );
    }
    // Right token, but the browser says that another site sends the form.
    let token = user.get("/logout").await.form_token("/logout");
    user.headers.push(("sec-fetch-site", "cross-site".into()));
    let answer = user.post("/logout", &[("csrf_token", &token)]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    user.headers.clear();
    assert_eq!(user.get("/settings").await.status, 200);
}

#[tokio::test]
async fn signed_in_pages_are_not_kept_and_the_cookie_is_guarded() {
    let site = Site::start().await;
    let mut user = Browser::new_user(&site, "alice@example.com").await;
    let page = user.get("/settings").await;
    assert_eq!(page.header("cache-control"), "no-store");
    let old = user.cookies["session"].clone();
    let again = user.get("/signin").await;
    assert_eq!(
        again.location(),
        "/tickets",
        "who is signed in needs no form"
    );
    let mut other = site.browser();
    let answer = other.sign_in("alice@example.com", PASSWORD).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("session=") && cookie.contains("HttpOnly; SameSite=Lax"));
    assert_ne!(
        other.cookies["session"], old,
        "every sign-in has its own session"
    );
    let mut forged = site.browser();
    forged.cookies.insert("session".into(), "0".repeat(64));
    assert_eq!(forged.get("/settings").await.location(), "/signin");
}

#[tokio::test]
async fn status_is_for_admins_and_monitors() {
    let site = Site::start().await;
    let mut guest = site.browser();
    assert_eq!(guest.get("/status").await.status, StatusCode::UNAUTHORIZED);
    // User 1 at 127.0.0.1 is an admin, user 2 is not.
    let mut admin = Browser::new_user(&site, "admin@example.com").await;
    let mut user = Browser::new_user(&site, "user@example.com").await;
    assert_eq!(user.get("/status").await.status, StatusCode::UNAUTHORIZED);
    let mut monitor = site.browser();
    monitor
        .headers
        .push(("authorization", format!("Bearer {MONITOR_TOKEN}")));
    for browser in [&mut admin, &mut monitor] {
        let mut page = browser.get("/status").await;
        for _ in 0..500 {
            if page.body.lines().any(|line| line == "RPC Status: OK") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            page = browser.get("/status").await;
        }
        assert_eq!(page.status, 200);
        assert!(
            page.body.lines().any(|line| line == "RPC Status: OK"),
            "{page:#?}"
        );
        for voter in &site.voters {
            page.shows(&voter.address.to_string());
        }
    }
    assert_eq!(monitor.get("/alertz").await.status, 200);
    // An admin who comes through an unnamed proxy is none.
    admin.headers.push(("x-forwarded-for", "192.0.2.1".into()));
    assert_eq!(admin.get("/status").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(admin.get("/alertz").await.status, StatusCode::UNAUTHORIZED);
    monitor.headers = vec![("authorization", "Bearer wrong".into())];
    assert_eq!(
        monitor.get("/status").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_voter_away_degrades_too_few_are_critical() {
    let site = Site::start().await;
    let mut monitor = site.browser();
    monitor
        .headers
        .push(("authorization", format!("Bearer {MONITOR_TOKEN}")));
    site.voters[1].stop().await;
    let page = until(&mut monitor, "RPC Status: Critical").await;
    assert_eq!(page, 200);
    assert_eq!(
        monitor.get("/alertz").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    site.voters[0].stop().await;
    let page = until(&mut monitor, "RPC Status: Emergency").await;
    assert_eq!(page, 500);
    assert_eq!(
        monitor.get("/readyz").await.status,
        200,
        "readiness is no matter of voters"
    );
}

/// The database is there, but not for what status asks it.
#[tokio::test]
async fn status_is_told_without_the_database() {
    let site = Site::start().await;
    let mut monitor = site.browser();
    monitor
        .headers
        .push(("authorization", format!("Bearer {MONITOR_TOKEN}")));
    let url = site.folder.path().join("pool.db").display().to_string();
    let mut database = SqliteConnection::establish(&url).unwrap();
    let mut execute = |sql: &str| database.batch_execute(sql).unwrap();
    execute("PRAGMA busy_timeout = 5000; ALTER TABLE pool_halt RENAME TO away");
    let page = until(&mut monitor, "RPC Status: Degraded").await;
    assert_eq!(page, 503);
    let page = monitor.get("/status").await;
    page.shows("the database does not answer");
    page.shows("preferences in sync");
    let alert = monitor.get("/alertz").await;
    assert_eq!(alert.status, StatusCode::SERVICE_UNAVAILABLE);
    alert.shows("the database does not answer");
    // An unknown halt never makes voters that are away look better.
    for voter in &site.voters {
        voter.stop().await;
    }
    let page = until(&mut monitor, "RPC Status: Emergency").await;
    assert_eq!(page, 500);
    execute("ALTER TABLE away RENAME TO pool_halt");
    let page = monitor.get("/status").await;
    assert!(!page.body.contains("the database does not answer"));
}

async fn until(monitor: &mut Browser, line: &str) -> u16 {
    for _ in 0..1500 {
        let page = monitor.get("/status").await;
        if page.body.lines().any(|it| it == line) {
            return page.status.as_u16();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("never {line}");
}

#[tokio::test]
async fn nonsense_on_the_wire_harms_nobody() {
    let site = Site::start().await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /signin HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"\r\n\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
    let mut browser = site.browser();
    let body = "x".repeat(70_000);
    let answer = browser.send(Method::POST, "/signin", body).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    browser.cookies.insert("session".into(), "x".repeat(500));
    assert_eq!(browser.get("/").await.status, 200);
    let long = format!("/{}", "a".repeat(60_000));
    let status = browser.get(&long).await.status;
    assert!(status.is_client_error(), "{status}");
}

#[tokio::test]
async fn the_site_also_listens_on_a_socket_file_and_ends_when_asked() {
    let mut site = Site::start().await;
    let socket = site.folder.path().join("web.sock");
    let mut stream = UnixStream::connect(&socket).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"),
        "{answer}"
    );

    let mut idle = TcpStream::connect(site.address).await.unwrap();
    assert!(site.stop().await.success());
    let mut rest = Vec::new();
    let _ = idle.read_to_end(&mut rest).await;
    assert!(rest.is_empty() && !socket.exists());
}
