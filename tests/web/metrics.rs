//! `/metrics` of both roles, from real processes: every metric that is declared really appears, and counts
//! what happened.

use std::net::SocketAddr;
use std::path::Path;

use dcrstakepool::decred::hash::Hash;
use dcrstakepool::metrics::{Role, catalogue};
use dcrstakepool::rpc::wire::{Alarm, MAX_BODY_BYTES};
use http::Method;
use serde_json::json;

use super::browser::{Answer, Browser};
use super::rpc::{request, say};
use super::site::{Site, Wish, wait_for};
use super::voter_bed::{Bed, TOKEN};
use crate::harness::port::free_port;
use crate::harness::process::{Process, read_log};
use crate::harness::program;

/// Where the log says that metrics are.
fn listener(log: &str) -> Option<SocketAddr> {
    let line = log
        .lines()
        .find(|line| line.contains("metrics are served"))?;
    let address = line.split("listen=").nth(1)?.split_whitespace().next()?;
    address.parse().ok()
}

async fn scrape(address: SocketAddr) -> String {
    let answer = Browser::new(address).get("/metrics").await;
    assert_eq!(answer.status, 200);
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(answer.header("content-type"), kind);
    answer.body
}

/// The value of a series, written as on the page.
fn value(page: &str, series: &str) -> Option<String> {
    let mut lines = page.lines();
    let line = lines.find(|line| {
        line.strip_prefix(series)
            .is_some_and(|rest| rest.starts_with(' '))
    })?;
    Some(line.rsplit(' ').next()?.to_owned())
}

/// Scrapes until a series has this value.
async fn until(address: SocketAddr, series: &str, expected: &str) -> String {
    for _ in 0..600 {
        let page = scrape(address).await;
        if value(&page, series).as_deref() == Some(expected) {
            return page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let page = scrape(address).await;
    panic!("{series} never was {expected}: {page}");
}

/// Every metric of the role has a value, and each line belongs to a metric of the role.
fn is_whole(page: &str, role: Role) {
    let of_role = |about: &dcrstakepool::metrics::About| about.roles.contains(&role);
    for metric in catalogue::ALL {
        let name = metric.about().name;
        let found = page.lines().any(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with([' ', '{']) || rest.starts_with("_bucket{"))
        });
        assert_eq!(found, of_role(metric.about()), "{name} in {page}");
        let kind = format!("# TYPE {name} {}\n", metric.kind());
        assert_eq!(page.contains(&kind), of_role(metric.about()), "{name}");
    }
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let number = line.rsplit(' ').next().expect("a value");
        assert!(number.parse::<f64>().is_ok(), "{line}");
    }
}

async fn nothing_else_is_there(address: SocketAddr) {
    let mut browser = Browser::new(address);
    for path in ["/", "/status", "/metrics/", "/healthz"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    let Answer {
        status, headers, ..
    } = browser.send(Method::POST, "/metrics", "x".into()).await;
    assert_eq!(
        (status.as_u16(), &headers["allow"]),
        (405, &"GET, HEAD".parse().unwrap())
    );
    let head = browser.send(Method::HEAD, "/metrics", String::new()).await;
    assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_shows_every_metric_and_counts_what_happens() {
    let mut site = Site::with(Wish {
        voters: 3,
        pool: "min_voters = 2\n",
        web: "metrics_listen = \"127.0.0.1:0\"\n",
        ..Wish::default()
    })
    .await;
    let address = listener(&site.log()).expect("metrics are served");
    site.voters[0].fake.with(|state| {
        state.status.alarms.push(Alarm {
            id: "wallet_locked".into(),
            message: "the wallet is locked".into(),
            since: 0,
        });
    });
    let page = until(address, "dcrstakepool_alarm{id=\"wallet_locked\"}", "1").await;
    is_whole(&page, Role::Web);
    nothing_else_is_there(address).await;

    let mut browser = site.browser();
    assert_eq!(browser.get("/").await.status, 200);
    assert_eq!(browser.get("/nowhere").await.status, 404);
    let wrong = [("email", "nobody@example.com"), ("password", "wrong wrong")];
    browser.submit("/signin", &wrong).await;
    let fields = [
        ("email", "kim@example.com"),
        ("password", "a good password"),
        ("passwordrepeat", "a good password"),
    ];
    browser.submit("/signup", &fields).await;
    site.mailed_token("kim@example.com").await;
    has_values(
        &scrape(address).await,
        &[
            ("dcrstakepool_sign_ins_total{outcome=\"wrong\"}", "1"),
            ("dcrstakepool_sign_ins_total{outcome=\"done\"}", "0"),
            ("dcrstakepool_mails_total{outcome=\"logged\"}", "1"),
            // The wrong password is one, too.
            (
                "dcrstakepool_http_request_seconds_count{class=\"4xx\"}",
                "2",
            ),
            ("dcrstakepool_block_height", "200"),
            ("dcrstakepool_health", "0"),
            ("dcrstakepool_enrolment_halted", "0"),
            ("dcrstakepool_database_up", "1"),
            ("dcrstakepool_users", "0"),
            ("dcrstakepool_backup_time_seconds", "0"),
        ],
    );
    trouble_with_voters_shows(&site, address).await;
    assert_eq!(site.stop().await.code(), Some(0), "{}", site.log());
}

/// One voter goes away, one falls behind.
async fn trouble_with_voters_shows(site: &Site, address: SocketAddr) {
    let of = |metric: &str, voter: usize| {
        let name = site.voters[voter].address;
        format!("dcrstakepool_voter_{metric}{{voter=\"{name}\"}}")
    };
    site.voters[2].stop().await;
    until(address, &of("connected", 2), "0").await;
    site.voters[0].fake.set_height(210);
    let page = until(address, &of("lagging", 1), "1").await;
    has_values(
        &page,
        &[
            (&of("lagging", 0), "0"),
            (&of("able", 2), "0"),
            ("dcrstakepool_health", "1"),
            ("dcrstakepool_block_height", "210"),
        ],
    );
}

#[track_caller]
fn has_values(page: &str, expected: &[(&str, &str)]) {
    for (series, expected) in expected {
        let found = value(page, series);
        assert_eq!(found.as_deref(), Some(*expected), "{series}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_metrics_address_that_is_taken_is_an_error_at_start() {
    let bed = Bed::new().await;
    let taken = bed.dcrd.address();
    let file = configuration(
        &bed,
        &format!("metrics_listen = \"{taken}\"\n"),
        free_port(),
    );
    let output = bed.run_binary_with(file).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let expected = format!("error: cannot listen on {taken} for metrics");
    assert!(said.contains(&expected), "{said}");
}

/// The bed's configuration with more of `[voter]`, and a port that the test knows.
fn configuration(bed: &Bed, more: &str, port: u16) -> std::path::PathBuf {
    let file = bed.configuration();
    let text = std::fs::read_to_string(&file).expect("configuration");
    let listen = format!("listen = \"127.0.0.1:{port}\"\n{more}");
    std::fs::write(&file, text.replace("listen = \"127.0.0.1:0\"\n", &listen)).expect("folder");
    file
}

/// Starts the real voter and waits until it votes; its own address and that of its metrics.
async fn voter(bed: &Bed, log: &Path) -> (Process, SocketAddr, SocketAddr) {
    let port = free_port();
    let mut command = program::command(&["voter", "--config"]);
    command.arg(configuration(
        bed,
        "metrics_listen = \"127.0.0.1:0\"\n",
        port,
    ));
    let process = Process::start("voter", &command, log);
    wait_for(|| read_log(log).contains("voter is ready").then_some(())).await;
    let metrics = listener(&read_log(log)).expect("metrics are served");
    (process, ([127, 0, 0, 1], port).into(), metrics)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_shows_every_metric_and_counts_votes_and_refusals() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    // The chain ends where the state does.
    let best = json!({"hash": Hash([2; 32]), "height": 480});
    bed.dcrd.answer("getbestblock", best);
    let log = bed.folder.path().join("log");
    let (mut process, own, metrics) = voter(&bed, &log).await;
    bed.announce_winners(Hash([77; 32]));
    until(
        metrics,
        "dcrstakepool_votes_total{outcome=\"accepted\"}",
        "1",
    )
    .await;
    // A second announcement sends the same vote again, which is no other vote.
    bed.announce_winners(Hash([77; 32]));
    bed.votes(2).await;

    let cert = std::fs::read_to_string(bed.folder.path().join("voter.cert")).expect("certificate");
    let huge = format!(
        "POST /rpc/v1/status HTTP/1.1\r\nHost: v\r\nAuthorization: Bearer {TOKEN}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{{",
        MAX_BODY_BYTES + 1
    );
    let nameless = "POST /rpc/v1/status HTTP/1.1\r\nHost: v\r\nConnection: close\r\n\r\n";
    for (text, status) in [
        (nameless.to_owned(), 401),
        (request("POST /rpc/v1/status", "wrong", "{}"), 401),
        (request("POST /rpc/v1/no_such", TOKEN, "{}"), 404),
        (request("GET /rpc/v1/status", TOKEN, ""), 405),
        (request("POST /rpc/v1/status", TOKEN, "{\"new\":1}"), 400),
        (huge, 413),
        // A replay is answered as the first: nothing that is asked changes anything twice.
        (request("POST /rpc/v1/status", TOKEN, "{}"), 200),
        (request("POST /rpc/v1/status", TOKEN, "{}"), 200),
    ] {
        let answer = say(own, &cert, &text).await;
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{text}: {answer}");
    }
    // The wallet is locked and dcrd refuses something: alarms and errors have values, too.
    bed.dcrd.refuse("getblockchaininfo", -5, "no");
    bed.dcrd.drop_connections();
    let series = "dcrstakepool_node_connections_total{daemon=\"dcrd\"}";
    until(metrics, series, "2").await;
    let refused = "dcrstakepool_node_call_errors_total{daemon=\"dcrd\",method=\"getblockchaininfo\",\
                   kind=\"refused\"}";
    wait_until_there(metrics, refused).await;
    until(metrics, "dcrstakepool_wallet_balance_atoms", "0").await;
    bed.wallet.drop_connections();
    bed.wallet.close(true);
    let gone = "dcrstakepool_daemon_connected{daemon=\"dcrwallet\"}";
    let page = until(metrics, gone, "0").await;
    is_whole(&page, Role::Voter);
    has_values(&page, EXPECTED);
    nothing_else_is_there(metrics).await;
    process.stop();
}

const EXPECTED: &[(&str, &str)] = &[
    ("dcrstakepool_votes_total{outcome=\"accepted\"}", "1"),
    ("dcrstakepool_votes_total{outcome=\"failed\"}", "0"),
    (
        "dcrstakepool_vote_step_seconds_count{step=\"looked_up\"}",
        "1",
    ),
    (
        "dcrstakepool_vote_step_seconds_count{step=\"accepted\"}",
        "1",
    ),
    ("dcrstakepool_own_winners_total", "1"),
    ("dcrstakepool_unvoted_winners_total", "0"),
    ("dcrstakepool_rpc_refusals_total{reason=\"no_token\"}", "1"),
    (
        "dcrstakepool_rpc_refusals_total{reason=\"wrong_token\"}",
        "1",
    ),
    (
        "dcrstakepool_rpc_refusals_total{reason=\"unknown_method\"}",
        "1",
    ),
    (
        "dcrstakepool_rpc_refusals_total{reason=\"wrong_verb\"}",
        "1",
    ),
    ("dcrstakepool_rpc_refusals_total{reason=\"bad_body\"}", "1"),
    ("dcrstakepool_rpc_refusals_total{reason=\"too_large\"}", "1"),
    ("dcrstakepool_signer{kind=\"memory\"}", "1"),
    ("dcrstakepool_signer{kind=\"wallet\"}", "0"),
    ("dcrstakepool_scripts", "1"),
    ("dcrstakepool_preferences_revision", "1"),
    (
        "dcrstakepool_node_disconnections_total{daemon=\"dcrd\"}",
        "1",
    ),
    ("dcrstakepool_alarm{id=\"wallet_disconnected\"}", "1"),
    (
        "dcrstakepool_certificate_expires_time_seconds{certificate=\"dcrd\"}",
        // 4096-01-01: the tests' own.
        "67090118400",
    ),
];

async fn wait_until_there(address: SocketAddr, series: &str) {
    for _ in 0..600 {
        if value(&scrape(address).await, series).is_some() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never: {series} in {}", scrape(address).await);
}
