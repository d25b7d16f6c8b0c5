//! The documentation: its links lead somewhere, and the messages that it explains are those of the program.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every text for people.
pub fn documents() -> Vec<PathBuf> {
    let mut all = Vec::new();
    for folder in ["", "docs", "deploy"] {
        let entries = std::fs::read_dir(root().join(folder)).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        all.extend(paths.filter(|path| path.extension().is_some_and(|it| it == "md")));
    }
    assert!(all.len() > 10, "{all:?}");
    all
}

/// Targets of links within the tree, and of `{{#include …}}`.
fn targets(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        }
        if in_code || line.starts_with("    ") {
            continue;
        }
        for (opening, end) in [("](", ')'), ("{{#include ", '}')] {
            let links = line.split(opening).skip(1);
            targets.extend(
                links
                    .filter_map(|rest| rest.split(end).next())
                    .map(str::to_owned),
            );
        }
    }
    targets.retain(|target| !target.contains("://") && !target.starts_with("mailto:"));
    targets
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in documents() {
        for target in targets(&read(&document)) {
            count += 1;
            let (file, fragment) = target.split_once('#').unwrap_or((&target, ""));
            let path = match file {
                "" => document.clone(),
                file => document.parent().expect("a folder").join(file),
            };
            let found = path.exists()
                && (fragment.is_empty()
                    || read(&path)
                        .lines()
                        .any(|line| line.starts_with('#') && anchor(line) == fragment));
            if !found {
                wrong.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(count > 20, "only {count} links are seen");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn links_and_includes_are_seen() {
    let text = "[a](b.md) and [c](d.md#e)\n    [not](x)\n```\n[not](y)\n```\n{{#include ../f.md}}";
    assert_eq!(targets(text), ["b.md", "d.md#e", "../f.md"]);
    assert_eq!(anchor("## 2. The cold wallet!"), "2-the-cold-wallet");
}

/// All sources as one text, without the line breaks inside strings.
fn sources(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|it| it == "rs") {
            all.push_str(&read(&path));
        }
    }
}

/// `\` at the end of a line of a string takes the indentation of the next with it.
fn joined(text: &str) -> String {
    let mut parts = text.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.trim_start())
}

#[test]
fn troubleshooting_is_by_what_the_program_says() {
    let mut code = String::new();
    sources(&root().join("src"), &mut code);
    let code = joined(&code);
    let document = read(&root().join("docs/troubleshooting.md"));
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    let messages: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    assert!(messages.len() > 40, "{messages:?}");
    for message in messages {
        // `…` stands for what differs.
        for part in message.split('…').map(str::trim).filter(|it| it.len() > 3) {
            assert!(code.contains(part), "nothing says {part:?} ({message})");
        }
    }
}
