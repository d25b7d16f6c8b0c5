//! The command line of the real binary: help, version, usage errors.

use super::config_faults::{Run, run};

#[test]
fn help_shows_every_command_with_examples() {
    let Run { code, stdout, .. } = run(&["--help"], &[]);
    assert_eq!(code, 0);
    for text in [
        "Examples:",
        "web",
        "voter",
        "migrate",
        "resume",
        "buy",
        "78",
    ] {
        assert!(stdout.contains(text), "{text} not in\n{stdout}");
    }
    for command in ["web", "voter", "migrate", "resume", "buy"] {
        let Run { code, stdout, .. } = run(&[command, "--help"], &[]);
        assert_eq!(code, 0);
        assert!(stdout.contains("Examples:"), "{command}\n{stdout}");
    }
}

#[test]
fn the_version_comes_with_the_commit_where_it_is_known() {
    let Run { code, stdout, .. } = run(&["--version"], &[]);
    assert_eq!(code, 0);
    let version = format!("dcrstakepool {}", env!("CARGO_PKG_VERSION"));
    assert!(stdout.starts_with(&version), "{stdout}");
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    for args in [
        &[][..],
        &["vote"],
        &["web", "--no-such"],
        &["web", "--config"],
        &["migrate", "--backup", "x", "--yes-i-have-a-backup"],
        &["migrate", "--grandfathered-height", "many"],
        &["buy"],
        &["resume", "--override"],
    ] {
        let run = run(args, &[]);
        assert_eq!(run.code, 2, "{args:?}: {}", run.stderr);
        let helps = ["Usage:", "--help"]
            .iter()
            .any(|it| run.stderr.contains(it));
        assert!(helps, "{args:?}: {}", run.stderr);
    }
}
