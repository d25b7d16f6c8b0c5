//! docs/api.md, followed to the letter: its commands are run in their order, and answer what it says.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::browser::Browser;
use super::site::{Site, user_address, wait_for};
use crate::harness::secrets;

const GUIDE: &str = include_str!("../../docs/api.md");

/// Commands, and what the document has as the answer.
fn steps() -> Vec<(String, Option<Value>)> {
    let mut steps: Vec<(String, Option<Value>)> = Vec::new();
    for part in GUIDE.split("\n```").skip(1).step_by(2) {
        let (kind, text) = part.split_once('\n').expect("a block");
        match kind {
            "sh" => steps.push((text.to_owned(), None)),
            "json" => {
                let answer = serde_json::from_str(text).expect("JSON");
                steps.last_mut().expect("a command").1 = Some(answer);
            }
            other => panic!("a block of {other:?}"),
        }
    }
    steps
}

/// A shell in the folder; the site's voters live in this process and must be able to answer.
async fn run(folder: &Path, command: &str) -> String {
    let mut shell = Command::new("bash");
    shell.args(["-euc", command]).current_dir(folder);
    let output = tokio::task::spawn_blocking(move || shell.output());
    let output = output.await.expect("a thread").expect("bash");
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The same keys, with values of the same kind.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, value)| other.get(key).is_some_and(|it| alike(value, it)))
        }
        (Value::Array(_), Value::Array(_))
        | (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_)) => true,
        _ => one == other,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_command_answers_what_the_guide_says() {
    let site = Site::start().await;
    let mut browser = Browser::new_user(&site, "alice@example.com").await;
    let token = browser.api_token().await;
    secrets::keep("API token", &token);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("token"), &token).expect("a file");
    let here = format!("http://{}", site.address);
    wait_for(|| {
        let log = site.log();
        log.contains("web is ready").then_some(())
    })
    .await;
    let mut answered = 0;
    for (command, expected) in steps() {
        let command = command
            .replace("https://pool.example.com", &here)
            .replace("=ADDRESS", &format!("={}", user_address(1)));
        let said = run(folder.path(), &command).await;
        let Some(expected) = expected else {
            assert!(said.is_empty(), "{command}: {said}");
            continue;
        };
        let said: Value = serde_json::from_str(&said).expect("JSON");
        for key in ["status", "code", "message"] {
            assert_eq!(said[key], expected[key], "{command}: {said}");
        }
        assert!(alike(&said, &expected), "{command}: {said}");
        answered += 1;
    }
    assert_eq!(answered, 4, "commands with an answer");
}
