//! Alerts and dashboard ask for metrics that the program has, and each alert is tested and explained.

use std::collections::BTreeSet;

use dcrstakepool::metrics::catalogue;
use serde_json::Value;

const RULES: &str = include_str!("../../deploy/prometheus/rules.yml");
const TESTS: &str = include_str!("../../deploy/prometheus/rules_test.yml");
const DASHBOARD: &str = include_str!("../../deploy/grafana/dashboard.json");
const DOCUMENT: &str = include_str!("../../docs/metrics.md");

fn is_part_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Words of `text` that look like a metric of ours.
fn names_in(text: &str) -> BTreeSet<String> {
    text.split(|c| !is_part_of_a_name(c))
        .filter(|word| word.starts_with("dcrstakepool_"))
        .map(str::to_owned)
        .collect()
}

/// All names that Prometheus may know a metric by.
fn series() -> BTreeSet<String> {
    let all = catalogue::ALL.iter().flat_map(|metric| {
        let name = metric.about().name;
        let endings: &[&str] = match metric.kind() {
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        endings.iter().map(move |ending| format!("{name}{ending}"))
    });
    all.collect()
}

pub fn questions_of_the_dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array());
    let questions = targets.flatten().map(|target| target["expr"].as_str());
    questions
        .map(|it| it.expect("a question").to_owned())
        .collect()
}

fn alerts() -> Vec<&'static str> {
    let names = RULES
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    names.collect()
}

#[test]
fn rules_tests_and_dashboard_name_metrics_that_there_are() {
    let known = series();
    let questions = questions_of_the_dashboard().join("\n");
    assert!(names_in(&questions).len() > 20, "the dashboard asks little");
    for (file, text) in [
        ("rules.yml", RULES),
        ("rules_test.yml", TESTS),
        ("dashboard.json", &questions),
    ] {
        let unknown: Vec<_> = names_in(text).difference(&known).cloned().collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
    }
}

#[test]
fn every_alert_is_tested_both_ways_and_documented() {
    let alerts = alerts();
    assert!(alerts.len() > 20, "{alerts:?}");
    for alert in alerts {
        for way in ["fires", "is quiet"] {
            let test = format!("- name: '{alert} {way}'");
            assert!(TESTS.contains(&test), "rules_test.yml lacks {test}");
        }
        let entry = format!("| `{alert}` |");
        assert!(DOCUMENT.contains(&entry), "docs/metrics.md lacks {entry}");
    }
}
