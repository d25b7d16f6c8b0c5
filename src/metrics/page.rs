//! The page of a scrape, and the table of the documentation.

use std::fmt::Write as _;

use super::catalogue::ALL;
use super::family::{Role, Sample};

/// What a role says of itself at a scrape.
pub type Scraped = Vec<Sample>;

/// All metrics of a role in Prometheus' text format, version 0.0.4. Each has its `HELP` and `TYPE` lines even
/// while it has no value.
pub fn page(role: Role, samples: &[Sample]) -> String {
    let mut page = String::with_capacity(32 * 1024);
    for metric in ALL {
        let about = metric.about();
        if !about.roles.contains(&role) {
            continue;
        }
        let _ = writeln!(page, "# HELP {} {}", about.name, about.help);
        let _ = writeln!(page, "# TYPE {} {}", about.name, metric.kind());
        metric.write(&mut page);
        for sample in samples.iter().filter(|it| it.name == about.name) {
            page.push_str(&sample.line);
        }
    }
    page
}

/// The rows of `docs/metrics.md`.
pub fn table() -> String {
    let mut table = String::new();
    for metric in ALL {
        let about = metric.about();
        let labels: Vec<String> = metric
            .labels()
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        let roles: Vec<&str> = about.roles.iter().map(|role| role.name()).collect();
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} | {} |",
            about.name,
            metric.kind(),
            labels.join(", "),
            roles.join(", "),
            about.help
        );
    }
    table
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Role::Voter => "voter",
            Role::Web => "web",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::metrics::catalogue;

    #[test]
    fn the_documentation_has_every_metric_and_no_other() {
        let document = include_str!("../../docs/metrics.md");
        let (_, all) = document.split_once("## All of them").unwrap();
        let rows = all
            .lines()
            .filter(|line| line.starts_with("| `dcrstakepool_"));
        let written: Vec<&str> = rows.collect();
        let table = table();
        let expected: Vec<&str> = table.lines().collect();
        assert_eq!(
            written, expected,
            "the rows of docs/metrics.md must be:\n{table}"
        );
    }

    #[test]
    fn names_say_what_they_count_and_are_declared_once() {
        let mut seen = HashSet::new();
        for metric in ALL {
            let (about, kind) = (metric.about(), metric.kind());
            let name = about.name;
            assert!(seen.insert(name), "{name} is there twice");
            assert!(name.starts_with("dcrstakepool_"), "{name}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
            assert!(kind != "histogram" || name.ends_with("_seconds"), "{name}");
            assert!(
                !about.help.is_empty() && !about.help.contains('|'),
                "{name}"
            );
            assert!(!about.roles.is_empty(), "{name}");
        }
    }

    #[test]
    fn a_page_has_the_roles_own_metrics_only() {
        let samples = [catalogue::BLOCK_HEIGHT.is(7_u32)];
        let web = page(Role::Web, &samples);
        assert!(web.contains("\ndcrstakepool_block_height 7\n"), "{web}");
        assert!(web.contains("# TYPE dcrstakepool_http_request_seconds histogram\n"));
        assert!(!web.contains("dcrstakepool_votes_total"));
        let voter = page(Role::Voter, &samples);
        assert!(voter.contains("dcrstakepool_votes_total{outcome=\"accepted\"}"));
        assert!(!voter.contains("http_request"));
    }
}
