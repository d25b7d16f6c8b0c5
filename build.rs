//! Tells the program which commit it was built from. A source archive knows none: then the version
//! stands alone.

use std::process::Command;

fn main() {
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
    println!("cargo::rerun-if-env-changed=DCRSTAKEPOOL_COMMIT");
    // In a linked work tree `.git` is a file; then the version is that of the last full build.
    println!("cargo::rerun-if-changed=.git/HEAD");
}

/// Twelve digits of the checked-out commit; `None` without git, or when the sources lie in
/// somebody else's repository.
fn commit_of_checkout() -> Option<String> {
    std::path::Path::new(".git").exists().then_some(())?;
    let output = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!commit.is_empty()).then_some(commit)
}
