//! Procedures of the runbook that need only database and web, carried out with the real program.

use std::path::Path;
use std::process::Output;
use std::time::Instant;

use http::StatusCode;
use serde_json::Value;

use crate::harness::fake_voter::State;
use crate::web::browser::{Api, Browser, PASSWORD};
use crate::web::low_fee::shows_in_time;
use crate::web::site::{API_SECRET, COLD_KEY, MONITOR_TOKEN, Site, user_address, wait_for};

/// Of another wallet.
const NEW_COLD_KEY: &str = "spubVXwdiaaE4uC5NM59xj8WydJNVLbNSEswZ5b7gqyKTmfF15ofMe6FNN8WLJotgV4g838G5Do6guEmGLZvNVrWcuzmBL3U5hqFLtZv9u9qNgS";
const NEW_SECRET: &str = "another-api-secret-that-only-tests-may-use";

async fn enrolled(site: &Site, email: &str, key: u32) -> Browser {
    let mut browser = Browser::new_user(site, email).await;
    let key = user_address(key);
    let answer = browser
        .submit("/address", &[("UserPubKeyAddr", &key)])
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:#?}");
    browser
}

async fn votes(browser: &mut Browser, first: &str, second: &str) {
    shows_in_time(browser, "/voting", "agenda0").await;
    let fields = [("agenda0", first), ("agenda1", second)];
    let answer = browser.submit("/voting", &fields).await;
    assert_eq!(answer.location(), "/voting?saved", "{answer:#?}");
}

/// Waits until each voter votes so for a user.
async fn voters_vote(site: &Site, user: i64, bits: u16) {
    for voter in &site.voters {
        let known = || voter.fake.with(|it| it.preferences.get(&user).cloned());
        wait_for(|| known().filter(|it| it.bits.0 == bits)).await;
    }
}

#[track_caller]
fn succeeds(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{output:#?}");
}

async fn purchase_info(site: &Site, token: &str) -> Value {
    let answer = Api::new(site.address, token).get("getpurchaseinfo").await;
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Stops web, changes its configuration and the voters', and starts it again.
async fn changed(site: &mut Site, from: &str, to: &str) {
    site.stop().await;
    site.edit(from, to);
    site.edit_voters_too();
    site.start_again().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_database_comes_back_from_last_night_s_backup() {
    let mut site = Site::start().await;
    let mut ann = enrolled(&site, "ann@example.com", 1).await;
    votes(&mut ann, "2", "8").await;
    let backup = site.folder.path().join("night.backup");
    let backup = backup.to_str().expect("a path");
    succeeds(&site.command(&["backup", backup]).await);
    // What the backup has not: another choice, another user.
    votes(&mut ann, "4", "16").await;
    enrolled(&site, "kim@example.com", 2).await;
    voters_vote(&site, 1, 21).await;
    voters_vote(&site, 2, 1).await;

    let began = Instant::now();
    site.stop().await;
    for file in ["pool.db", "pool.db-wal", "pool.db-shm"] {
        let _ = std::fs::remove_file(site.folder.path().join(file));
    }
    succeeds(&site.command(&["restore", backup]).await);
    site.start_again().await;
    println!(
        "measured: a small database restored and web ready: {:.1} s",
        began.elapsed().as_secs_f64()
    );
    let mut monitor = site.browser();
    monitor.headers = vec![("authorization", format!("Bearer {MONITOR_TOKEN}"))];
    shows_in_time(&mut monitor, "/status", "database_is_older").await;
    let mut ann = site.browser();
    let answer = ann.sign_in("ann@example.com", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    // Nobody's votes change, and the number of the forgotten user is nobody else's.
    voters_vote(&site, 1, 21).await;
    enrolled(&site, "lee@example.com", 3).await;
    for voter in &site.voters {
        let keys = |it: &mut State| [2, 3].map(|user| Some(it.scripts.get(&user)?.key_index.0));
        wait_for(|| (voter.fake.with(keys) == [Some(2), Some(3)]).then_some(())).await;
        assert!(voter.fake.with(|it| it.preferences.contains_key(&2)));
    }
    succeeds(&site.command(&["resume", "--accept-preferences"]).await);
    voters_vote(&site, 1, 11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn address_fee_and_cold_wallet_of_a_pool_change_and_nobody_loses_anything() {
    let mut site = Site::start().await;
    let mut ann = enrolled(&site, "ann@example.com", 1).await;
    let token = ann.api_token().await;
    let before = purchase_info(&site, &token).await["data"].clone();
    assert_eq!(before["PoolFees"], 7.5);

    let old = "base_url = \"http://pool.example.com\"\n";
    let new =
        "base_url = \"http://new.example.com\"\nformer_base_urls = [\"http://pool.example.com\"]\n";
    changed(&mut site, old, new).await;
    assert_eq!(purchase_info(&site, &token).await["data"], before);

    let fees = "fees = [{ from_height = 0, percent = 7.5 }, { from_height = 100, percent = 5 }]\n";
    changed(&mut site, "fee_percent = 7.5\n", fees).await;
    let cheaper = purchase_info(&site, &token).await["data"].clone();
    assert_eq!(cheaper["PoolFees"], 5.0);
    assert_eq!(cheaper["Script"], before["Script"]);

    let old = format!("cold_wallet_extpub = \"{COLD_KEY}\"\n");
    let new = format!(
        "cold_wallet_extpub = \"{NEW_COLD_KEY}\"\nformer_cold_wallet_extpubs = [\"{COLD_KEY}\"]\n"
    );
    changed(&mut site, &old, &new).await;
    let still = purchase_info(&site, &token).await["data"].clone();
    assert_eq!(still["PoolAddress"], before["PoolAddress"]);
    let mut kim = enrolled(&site, "kim@example.com", 2).await;
    let token = kim.api_token().await;
    let of_kim = purchase_info(&site, &token).await["data"].clone();
    assert!(of_kim["PoolAddress"].is_string(), "{of_kim}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaked_api_secret_is_changed_and_every_token_with_it() {
    let mut site = Site::start().await;
    let mut ann = enrolled(&site, "ann@example.com", 1).await;
    let leaked = ann.api_token().await;
    assert_eq!(purchase_info(&site, &leaked).await["status"], "success");

    site.stop().await;
    site.edit(API_SECRET, NEW_SECRET);
    let backup = site.folder.path().join("before.backup");
    let backup = backup.to_str().expect("a path");
    let reissue = ["migrate", "--reissue-tokens", "--backup", backup];
    succeeds(&site.command(&reissue).await);
    site.start_again().await;
    assert_eq!(purchase_info(&site, &leaked).await["status"], "error");
    let mut ann = site.browser();
    ann.sign_in("ann@example.com", PASSWORD).await;
    let token = ann.api_token().await;
    assert_ne!(token, leaked);
    assert_eq!(purchase_info(&site, &token).await["status"], "success");
}

/// What lies beside the database: configuration, and certificates of voters.
fn copy_all_but_the_database(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("a file");
        let database = entry.file_name().to_string_lossy().starts_with("pool.db");
        if entry.file_type().expect("a kind").is_file() && !database {
            let copy = to.join(entry.file_name());
            std::fs::copy(entry.path(), copy).expect("a folder");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_moves_to_another_machine_and_nobody_has_to_sign_in_again() {
    let mut site = Site::start().await;
    let mut ann = enrolled(&site, "ann@example.com", 1).await;
    votes(&mut ann, "2", "8").await;
    let token = ann.api_token().await;
    let before = purchase_info(&site, &token).await["data"].clone();
    // Under way: a sign-up whose link is opened after the move.
    let fields = [
        ("email", "kim@example.com"),
        ("password", PASSWORD),
        ("passwordrepeat", PASSWORD),
    ];
    site.browser().submit("/signup", &fields).await;
    let mailed = site.mailed_token("kim@example.com").await;

    let began = Instant::now();
    site.stop().await;
    let carried = tempfile::tempdir().expect("a folder");
    let backup = carried.path().join("move.backup");
    let backup = backup.to_str().expect("a path");
    succeeds(&site.command(&["backup", backup, "--with-secrets"]).await);
    let new = tempfile::tempdir().expect("a folder");
    copy_all_but_the_database(site.folder.path(), new.path());
    // The old machine is gone.
    site.folder = new;
    succeeds(&site.command(&["restore", backup]).await);
    site.start_again().await;
    println!(
        "measured: web moved to another machine with a small database: {:.1} s",
        began.elapsed().as_secs_f64()
    );
    ann.address = site.address;
    let settings = ann.get("/settings").await;
    assert_eq!(settings.status, StatusCode::OK, "{settings:#?}");
    assert_eq!(purchase_info(&site, &token).await["data"], before);
    voters_vote(&site, 1, 11).await;
    let page = format!("/emailverify?t={mailed}");
    let opened = site.browser().submit(&page, &[("t", &mailed)]).await;
    assert_eq!(opened.status, StatusCode::OK, "{opened:#?}");
    let mut monitor = site.browser();
    monitor.headers = vec![("authorization", format!("Bearer {MONITOR_TOKEN}"))];
    shows_in_time(&mut monitor, "/status", "RPC Status: OK").await;
}
