//! What a role writes to standard error, as systemd's journal and programs read it.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use serde_json::Value;

use super::site::wait_for;
use super::voter_bed::Bed;
use crate::harness::process::{Process, read_log};
use crate::harness::program;

/// What a voter writes from its start until it votes, into a file that is there, with this in its environment.
async fn log_of_start(bed: &Bed, file: &Path, log: &Path, journal: &str) -> String {
    let mut command = program::command(&["voter", "--config"]);
    command.arg(file).env("JOURNAL_STREAM", journal);
    let mut process = Process::start("voter", &command, log);
    wait_for(|| read_log(log).contains("voter is ready").then_some(())).await;
    process.stop();
    assert!(bed.folder.path().exists());
    read_log(log)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_gets_a_priority_before_each_line_and_nobody_else_does() {
    let bed = Bed::new().await;
    let file = bed.configuration();
    // A warning.
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&file, open).expect("a file of ours");
    let log = bed.folder.path().join("journal");
    std::fs::write(&log, "").expect("a folder");
    let data = std::fs::metadata(&log).expect("a file");
    let journal = format!("{}:{}", data.dev(), data.ino());
    let told = log_of_start(&bed, &file, &log, &journal).await;
    for line in told.lines() {
        let priority = line.get(..3).unwrap_or_default();
        assert!(["<3>", "<4>", "<6>", "<7>"].contains(&priority), "{line}");
    }
    let is_there = |priority: &str, words: &str| {
        let lines = told.lines().filter(|line| line.starts_with(priority));
        lines.into_iter().any(|line| line.contains(words))
    };
    assert!(is_there("<4>", "holds secrets"), "{told}");
    assert!(is_there("<6>", " voter: "), "{told}");

    // Standard error is another file than systemd named.
    let log = bed.folder.path().join("plain");
    let plain = log_of_start(&bed, &file, &log, &journal).await;
    assert!(!plain.contains("<6>"), "{plain}");
}

#[test]
fn why_a_role_does_not_start_is_an_error_in_the_journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal");
    let log = std::fs::File::create(&path).expect("a file");
    let data = log.metadata().expect("a file");
    let mut command = program::command(&["web", "--config", "/nonexistent/pool.toml"]);
    command.env("JOURNAL_STREAM", format!("{}:{}", data.dev(), data.ino()));
    let status = command.stderr(log).status().expect("the program");
    assert!(!status.success());
    let told = read_log(&path);
    assert!(told.contains("<3>error: "), "{told}");
    assert!(told.lines().all(|line| line.starts_with("<3>")), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_programs_each_line_is_an_object_with_its_spans() {
    let bed = Bed::new().await;
    let file = bed.configuration();
    let text = std::fs::read_to_string(&file).expect("configuration");
    let json = text.replace("[log]", "[log]\nformat = \"json\"");
    assert_ne!(text, json);
    std::fs::write(&file, json).expect("configuration");
    let log = bed.folder.path().join("log");
    let told = log_of_start(&bed, &file, &log, "1:1").await;
    let mut ready = false;
    for line in told.lines() {
        let object: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(
            object["level"].is_string() && object["timestamp"].is_string(),
            "{line}"
        );
        if object["fields"]["message"] == "voter is ready" {
            assert_eq!(object["spans"][0]["name"], "voter", "{line}");
            ready = true;
        }
    }
    assert!(ready, "{told}");
}
