//! A pool of a hundred thousand users and a million tickets, taken over, opened, backed up and restored: that all of
//! it is there afterwards, that nothing reads more than it shows, and what each thing costs.

mod measures;
mod pool;

use std::time::{Duration, Instant};

use http::StatusCode;

use self::measures::Measures;
use self::pool::{OF_ONE, TABLES, TICKETS, USERS};
use super::former::{Former, PASSWORD, Version, ends, tables};
use crate::harness::mariadb::MariaDb;
use crate::web::browser::{Api, Browser};
use crate::web::site::{COLD_KEY, Site, Wish, voting_key};

/// What reads more rows than one screen of them needs, and why that is right. The text is a part of the statement.
const LONG: &[(&str, &str)] = &[
    (
        "`user_id` = ?",
        "all tickets of one user: their sums, and what a late page skips",
    ),
    (
        "user_id = ? AND vote_height >= ?",
        "the rewards of one user",
    ),
    ("SELECT COUNT(*) AS total, CAST(COALESCE(SUM(CASE", NUMBERS),
    ("SELECT status, verdict, COUNT(*) AS number", NUMBERS),
    (
        "SELECT `pool_audit`.`id`",
        "as far as the pages of the log reach",
    ),
    (
        "SELECT `Users`.`UserId` FROM `Users` ORDER BY",
        "what a late page skips, in an index",
    ),
    (
        "`Users`.`MultiSigAddress` = ?) LIMIT",
        "an operator looks for an address: the Go program's table gets no index",
    ),
    ("VoteBitsVersion < ?", A_RESET),
    (
        "WHERE (`Users`.`MultiSigAddress` != ?) ORDER BY",
        "the choices of all: a voter that has none yet, or after a reset",
    ),
    (
        "(`Users`.`UserId` > ?)) ORDER BY",
        "two thousand scripts at a time: all are read at the start, and each ten minutes",
    ),
    ("`Samples`", "the points of the pictures, once a block"),
];
const A_RESET: &str = "the choices of all users are void: a new vote version, once in months";
const NUMBERS: &str =
    "the numbers of the first page: a fiftieth of the time at most, for all readers";
/// A voter is taught a hundred thousand scripts in it, whatever else the machine does.
const PATIENCE: Duration = Duration::from_mins(20);
/// A page of the longest list, with all that is beside it.
const FEW: u64 = 3_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a hundred thousand users and a million tickets: ten minutes, and three gigabytes of disk"]
async fn a_hundred_thousand_users_and_a_million_tickets() {
    // Ends with this process.
    let server: &'static MariaDb = Box::leak(Box::new(MariaDb::start()));
    server.execute(
        "mysql",
        "SET GLOBAL innodb_log_file_size = 268435456; SET GLOBAL innodb_buffer_pool_size = 1073741824",
    );
    let former = Former::on(server);
    former.execute(&tables(Version::V150));
    for insert in pool::users() {
        former.execute(&insert);
    }
    let mut measures = Measures::of(server);
    take_over(&former, &mut measures);
    let began = Instant::now();
    for insert in pool::history() {
        former.execute(&insert);
    }
    println!("filled in {:.0} s", began.elapsed().as_secs_f64());
    open(&former, &mut measures).await;
    back_up(&former, &mut measures);
    measures.print();
    measures.nothing_reads_more_than(FEW, LONG);
}

fn keys() -> String {
    format!(
        "voting_wallet_extpub = \"{}\"\ncold_wallet_extpub = \"{COLD_KEY}\"\n",
        voting_key()
    )
}

fn take_over(former: &Former, measures: &mut Measures) {
    let before = former.rows(pool::FINGERPRINT);
    let arguments = ["--yes-i-have-a-backup"];
    let done = measures.once("`migrate`, 100,000 users", || {
        former.migrate_with(&keys(), &arguments)
    });
    ends(&done, 0, &["100000 of 100000 users", "done"]);
    // What the Go program knows of them is as it was, but for fee addresses that were never written.
    assert_eq!(former.rows(pool::FINGERPRINT), before);
    let whole = former.rows(
        "SELECT CAST(COUNT(*) AS CHAR) AS line FROM Users u JOIN pool_keys k ON k.user_id = u.UserId \
         AND k.key_index = IF(u.UserId % 1000 = 0, u.UserId + 99999, u.UserId) \
         JOIN pool_emails e ON e.user_id = u.UserId AND e.email_hash = CONVERT(SHA2(LOWER(u.Email), 256) USING ascii) COLLATE ascii_bin \
         JOIN pool_revisions r ON r.user_id = u.UserId \
         WHERE (u.MultiSigScript = '') = (u.UserFeeAddr = '')",
    );
    assert_eq!(whole, [USERS.to_string()]);
}

async fn open(former: &Former, measures: &mut Measures) {
    measures.watch();
    let began = Instant::now();
    let site = Site::with(Wish {
        voters: 1,
        database: Some(former.url()),
        pool: "max_users = 300000\n",
        log: "info",
        ..Wish::default()
    })
    .await;
    measures.add("start of `web` until `/readyz`", began.elapsed(), 0);
    assert_eq!(site.browser().get("/readyz").await.status, StatusCode::OK);
    let enrolled = usize::try_from(USERS - USERS / 10 + USERS / 1_000).expect("small");
    let taught = || site.voters[0].fake.with(|it| it.scripts.len()) == enrolled;
    while !taught() && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(taught(), "not all scripts are with the voter");
    measures.add(
        "all scripts handed to a voter that had none",
        began.elapsed(),
        measures.rows(),
    );

    measures.rows();
    let mut browser = site.browser();
    let began = Instant::now();
    let answer = browser.sign_in("USER1@example.com", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    measures.add("sign-in", began.elapsed(), measures.rows());
    // The voter of the test was too busy to answer in time; `/status` is an emergency until it does.
    let began = Instant::now();
    while browser.get("/status").await.status != StatusCode::OK && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    measures.rows();
    visit(&mut browser, measures).await;
    let token = browser.api_token().await;
    let mut api = Api::new(site.address, &token);
    for _ in 0..measures::VISITS {
        let began = Instant::now();
        api.get("getpurchaseinfo").await.shows("TicketAddress");
        measures.add("`getpurchaseinfo`", began.elapsed(), measures.rows());
    }
    some_sign_in(&site).await;
}

async fn visit(browser: &mut Browser, measures: &mut Measures) {
    let all = format!("10,0{} in all", TICKETS / USERS);
    assert_eq!(OF_ONE, 10_000);
    for (path, text) in [
        ("/", "Test pool"),
        ("/stats", "sers"),
        ("/status", "oter"),
        ("/tickets", all.as_str()),
        ("/tickets?page=200", &all),
        ("/tickets?status=missed", "found"),
        ("/tickets?hash=abc", "found"),
        ("/tickets.csv", "fee_verdict"),
        ("/settings", "User1@Example.com"),
        ("/admin/users", "100,000 in all"),
        ("/admin/users?page=2700", "100,000 in all"),
        (
            "/admin/users?q=user77777%40example.com",
            "User77777@Example.com",
        ),
        ("/admin/users?q=77777", "User77777@Example.com"),
        ("/admin/users?q=ScNobody", "Nobody is found"),
        ("/admin/log", "The last 99,990, the newest first"),
        ("/admin/log?page=3000", "The last 99,990, the newest first"),
        (
            "/admin/log?kind=sign_in",
            "The last 99,990, the newest first",
        ),
        ("/admin/log?q=77777", "in all"),
        ("/admintickets", "fee"),
    ] {
        for _ in 0..measures::VISITS {
            let began = Instant::now();
            let page = browser.get(path).await;
            measures.add(&format!("`{path}`"), began.elapsed(), measures.rows());
            assert_eq!(page.status, StatusCode::OK, "{path}: {page:?}");
            page.shows(text);
        }
    }
}

/// From the first to the last, with the Go program's password.
async fn some_sign_in(site: &Site) {
    for id in (1..=USERS).step_by(9_999) {
        let mut browser = site.browser();
        let email = format!("user{id}@EXAMPLE.com");
        let answer = browser.sign_in(&email, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{email}");
        browser
            .get("/settings")
            .await
            .shows(&format!("User{id}@Example.com"));
    }
}

fn back_up(former: &Former, measures: &mut Measures) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pool.backup");
    let file = path.to_str().expect("a path");
    let done = measures.once("`backup`, 4,000,000 rows", || former.back_up(file));
    ends(&done, 0, &["done: "]);
    let size = path.metadata().expect("a file").len();
    println!("the backup has {} MB", size / 1_000_000);
    let again = Former::on(former.server());
    let done = measures.once("`restore` of it", || again.restore(file));
    ends(&done, 0, &["done"]);
    for table in TABLES {
        let all = format!("SELECT CAST(COUNT(*) AS CHAR) AS line FROM {table}");
        assert_eq!(again.rows(&all), former.rows(&all), "{table}");
    }
    for sums in [pool::FINGERPRINT, pool::TICKETS_FINGERPRINT] {
        assert_eq!(again.rows(sums), former.rows(sums));
    }
}
