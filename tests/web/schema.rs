//! The API held to its own description by schemathesis, whose settings and own checks lie in
//! `schemathesis/` beside this file: examples, the edges of each field, and what chance brings, always of
//! the same seed.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use serde_json::Value;

use super::api::wait_for_numbers;
use super::browser::{Api, Browser};
use super::site::{Site, user_address};
use crate::harness::program::target_folder;

/// What one run came to.
struct Findings {
    cases: u64,
    /// All that it said.
    said: String,
    none: bool,
}

/// Asks `/api/VERSION` all that its description allows and forbids; without `token` as a stranger.
async fn examine(site: &Site, version: &str, token: Option<&str>) -> Findings {
    let home = target_folder().join("schemathesis");
    let python = home.join("bin/python");
    assert!(
        python.is_file() && home.join("stamp").is_file(),
        "{} has no schemathesis: run scripts/prepare",
        home.display()
    );
    let report = site.folder.path().join("schemathesis.json");
    let mut command = Command::new(python);
    command
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("http://{}/api/openapi.json", site.address))
        .args(["--url", &format!("http://{}/api/{version}", site.address)])
        .args(["--report", "json", "--report-json-path"])
        .arg(&report)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web/schemathesis"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("TOKEN");
    if let Some(token) = token {
        command
            .env("TOKEN", token)
            .args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    // The scripted voters live in this thread: they must be able to answer.
    let output = tokio::task::spawn_blocking(move || command.output());
    let Output {
        status,
        stdout,
        stderr,
    } = output.await.expect("task").expect("python runs");
    let said = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let said = said.concat();
    let report =
        std::fs::read(&report).unwrap_or_else(|error| panic!("no report, {error}: {said}"));
    let report: Value = serde_json::from_slice(&report).expect("a report");
    let cases = report["test_cases"]["generated"].as_u64();
    Findings {
        cases: cases.unwrap_or_default(),
        none: status.success() && report["complete"] == true,
        said,
    }
}

#[tokio::test]
async fn schemathesis_finds_nothing_in_the_api() {
    let site = Site::start().await;
    let mut alice = Browser::new_user(&site, "alice@example.com").await;
    let token = alice.api_token().await;
    let mut api = Api::new(site.address, &token);
    let answer = api
        .post("address", &[("UserPubKeyAddr", &user_address(1))])
        .await;
    assert!(answer.body.contains("success"), "{answer:#?}");
    wait_for_numbers(&mut api).await;

    let mut bob = Browser::new_user(&site, "bob@example.com").await;
    let newcomer = bob.api_token().await;

    let start = Instant::now();
    let mut counts = Vec::new();
    for (who, version, token) in [
        ("a user", "v2", Some(token.as_str())),
        ("one without an address", "v1", Some(newcomer.as_str())),
        ("a stranger", "v2", None),
    ] {
        let findings = examine(&site, version, token).await;
        assert!(findings.none, "as {who}:\n{}", findings.said);
        // Of the four commands some dozens each: fewer would be a run that lost its way.
        assert!(findings.cases > 150, "as {who}:\n{}", findings.said);
        counts.push(format!("{} as {who}", findings.cases));
    }
    let line = format!(
        "\nmeasured: schemathesis cases: {}; no finding, {:.0} s\n",
        counts.join(", "),
        start.elapsed().as_secs_f64()
    );
    // Past the test's own output, for scripts/test to repeat.
    let _ = std::io::stderr().write_all(line.as_bytes());
}
