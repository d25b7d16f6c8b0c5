//! The alerts of `deploy/prometheus`, each caused and each kept quiet by Prometheus' own judge, and the questions that
//! the dashboard asks. That the metrics they name exist: `tests/pure/monitoring.rs`.

use std::process::Command;

use super::tools::{root, succeeds, unpacked};
use crate::harness::folder::Folder;
use crate::pure::monitoring;

#[test]
fn every_alert_comes_when_it_must_and_only_then() {
    let folder = root().join("deploy/prometheus");
    let said = succeeds(
        Command::new(unpacked("promtool"))
            .args(["test", "rules", "rules_test.yml"])
            .current_dir(&folder),
    );
    assert!(said.contains("SUCCESS"), "{said}");
    // The rules that it names, too.
    succeeds(
        Command::new(unpacked("promtool"))
            .args(["check", "config", "prometheus.yml"])
            .current_dir(&folder),
    );
}

#[test]
fn prometheus_understands_what_the_dashboard_asks() {
    let folder = Folder::new("dashboard");
    let rules: Vec<String> = monitoring::questions_of_the_dashboard()
        .iter()
        .enumerate()
        .map(|(number, question)| {
            let question = serde_json::to_string(question).expect("text");
            format!("  - record: question{number}\n    expr: {question}\n")
        })
        .collect();
    let file = folder.path().join("rules.yml");
    std::fs::write(
        &file,
        format!("groups:\n- name: all\n  rules:\n{}", rules.concat()),
    )
    .expect("folder");
    succeeds(
        Command::new(unpacked("promtool"))
            .args(["check", "rules"])
            .arg(&file),
    );
}
