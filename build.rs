//! Tells the program which commit it was built from. A source archive knows none: then the version
//! stands alone.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=DCRSTAKEPOOL_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let commit = std::env::var("DCRSTAKEPOOL_COMMIT")
        .ok()
        .filter(|commit| !commit.is_empty())
        .or_else(commit_of_checkout);
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let long = match commit {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    println!("cargo::rustc-env=DCRSTAKEPOOL_VERSION={long}");
}

/// Twelve digits of the checked-out commit; `None` without git, or when the sources lie inside
/// somebody else's repository.
fn commit_of_checkout() -> Option<String> {
    Path::new(".git").exists().then_some(())?;
    // The reflog changes with every commit. A debug build does not follow it: rebuilding everything
    // after each commit costs a developer more than an old commit in `--version`.
    let followed = if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        "logs/HEAD"
    } else {
        "HEAD"
    };
    let followed = PathBuf::from(git(&["rev-parse", "--git-path", followed])?);
    if followed.exists() {
        println!("cargo::rerun-if-changed={}", followed.display());
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
