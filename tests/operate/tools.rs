//! Programs that `scripts/prepare` brought.

use std::path::PathBuf;
use std::process::Command;

use crate::harness::program;

/// The files of the source tree.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A program that is only unpacked, since installing its package would start it: nginx, caddy, promtool.
pub fn unpacked(name: &str) -> PathBuf {
    let folder = program::target_folder().join("operate-tools/usr");
    let found = ["bin", "sbin"].map(|kind| folder.join(kind).join(name));
    let found = found.into_iter().find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not there: scripts/prepare test"))
}

/// Runs to a good end; what it said, or the failure with all of it.
#[track_caller]
pub fn succeeds(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [&output.stdout, &output.stderr]
        .map(|it| String::from_utf8_lossy(it).into_owned())
        .concat();
    assert!(output.status.success(), "{command:?}: {said}");
    said
}
