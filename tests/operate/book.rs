//! The documentation as a book, by the real mdBook.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::tools::{root, succeeds, unpacked};
use crate::harness::folder::Folder;

/// Pages of the book by their file.
fn pages(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let pages = files.filter(|path| path.extension().is_some_and(|it| it == "html"));
    pages
        .map(|path| {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, std::fs::read_to_string(&path).expect("text"))
        })
        .collect()
}

/// What a page leads to within the book.
fn targets(page: &str) -> Vec<&str> {
    let starts = ["href=\"", "src=\""];
    let all = starts
        .iter()
        .flat_map(|start| page.split(start).skip(1))
        .filter_map(|rest| rest.split('"').next());
    all.filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .collect()
}

#[test]
fn the_book_is_built_and_its_links_lead_somewhere() {
    let folder = Folder::new("book");
    let said = succeeds(
        Command::new(unpacked("mdbook"))
            .args(["build", "docs", "--dest-dir"])
            .arg(folder.path())
            .current_dir(root()),
    );
    for word in ["WARN", "ERROR"] {
        assert!(!said.contains(word), "{said}");
    }
    let pages = pages(folder.path());
    for name in [
        "operator",
        "runbook",
        "metrics",
        "user",
        "api",
        "architecture",
    ] {
        assert!(
            pages.contains_key(&format!("{name}.html")),
            "{:?}",
            pages.keys()
        );
    }
    let (mut count, mut wrong) = (0, Vec::new());
    // What is not found may be asked for anywhere: its links begin at the site's root.
    for (name, page) in pages.iter().filter(|(name, _)| *name != "404.html") {
        for target in targets(page) {
            count += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { name } else { file };
            let there = !file.starts_with("..") && folder.path().join(file).exists();
            let shown = |page: &String| page.contains(&format!("id=\"{anchor}\""));
            if !there || !(anchor.is_empty() || pages.get(file).is_some_and(shown)) {
                wrong.push(format!("{name}: {target}"));
            }
        }
    }
    assert!(count > 200, "only {count} links are seen");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
