//! Every process of ours that tests start is searched for secrets at its end. Here one tells some.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use tempfile::TempDir;

use crate::harness::process::Process;
use crate::harness::program;

/// A configuration whose password is told by the message of what is wrong with it: as the name of a key.
fn telling(word: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("dcrstakepool.toml");
    let text = format!("[web]\nmonitor_token = \"{word}\"\n{word} = true\n");
    std::fs::write(&file, text).expect("folder");
    (folder, file)
}

fn words(end: std::thread::Result<()>) -> String {
    let found = end.expect_err("a secret is found");
    *found.downcast::<String>().expect("words")
}

#[test]
fn a_process_that_logs_a_secret_fails_its_test() {
    let (folder, file) = telling("the-token-that-a-process-tells");
    let log = folder.path().join("role.log");
    let mut command = program::command(&["web", "--config"]);
    let mut process = Process::start("web", command.arg(&file), &log);
    process.wait();
    let said = words(catch_unwind(AssertUnwindSafe(|| drop(process))));
    assert!(said.contains("role.log:\nline "), "{said}");
    assert!(said.contains(": monitor_token: "), "{said}");
    assert!(!said.contains("the-token-that"), "{said}");
}

#[test]
fn a_command_that_says_a_secret_fails_its_test() {
    let (_folder, file) = telling("the-token-that-a-command-says");
    let mut command = program::command(&["web", "--config"]);
    command.arg(&file);
    let said = words(catch_unwind(AssertUnwindSafe(|| {
        program::finish(&mut command);
    })));
    assert!(
        said.contains("stderr of ") && said.contains(": monitor_token: "),
        "{said}"
    );
}
