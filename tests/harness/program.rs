//! The program under test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::secrets::{self, Told};

/// `dcrstakepool`: cargo names it to tests; an example finds it one folder up.
pub fn binary() -> PathBuf {
    if let Some(path) = option_env!("CARGO_BIN_EXE_dcrstakepool") {
        return path.into();
    }
    let own = std::env::current_exe().expect("a process knows its program");
    let beside = own
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("dcrstakepool"))
        .find(|path| path.is_file());
    beside.expect("dcrstakepool is built: cargo build")
}

/// Cargo's target folder, wherever it is configured to be.
pub fn target_folder() -> PathBuf {
    binary()
        .ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .expect("the program lies in target/PROFILE")
}

/// A command of the program, with the environment of this process kept out of its configuration.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).env_remove("RUST_LOG");
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("DCRSTAKEPOOL_") {
            command.env_remove(key);
        }
    }
    command
}

/// Runs to the end and gives what it said.
pub fn run(arguments: &[&str]) -> Output {
    finish(&mut command(arguments))
}

/// Runs it to its end. No secret may be in what it says.
pub fn finish(command: &mut Command) -> Output {
    let told = Told::of(command).expect("the program under test");
    told.keep();
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    for (name, said) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let source = format!("{name} of {:?}", told.arguments());
        secrets::must_not_be_in(&source, &String::from_utf8_lossy(said));
    }
    output
}
