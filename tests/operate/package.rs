//! What `scripts/package` puts together, as far as it can be looked at without a release build; and, with `--all`, what
//! a machine makes of the package.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use config::{Config, File, FileFormat};

use super::tools::{root, succeeds};
use crate::harness::folder::Folder;
use crate::harness::program;

/// What `scripts/package` makes itself.
const MADE: &str = "target/";

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Each file of the package: from where, to where.
fn assets() -> Vec<(String, String)> {
    let manifest = read("Cargo.toml");
    let manifest = Config::builder().add_source(File::from_str(&manifest, FileFormat::Toml));
    let manifest = manifest.build().expect("Cargo.toml");
    let assets = manifest
        .get_array("package.metadata.deb.assets")
        .expect("assets");
    let assets = assets.into_iter().map(|asset| {
        let parts = asset.into_array().expect("an asset");
        let text = |at: usize| parts[at].clone().into_string().expect("text");
        (text(0), text(1))
    });
    assets.collect()
}

/// Whether a path, or one with `*` for the beginning of a file's name, names something.
fn names_something(pattern: &str) -> bool {
    let (folder, name) = pattern.rsplit_once('/').unwrap_or((".", pattern));
    let Some(ending) = name.strip_prefix('*') else {
        return root().join(pattern).is_file();
    };
    let mut files = std::fs::read_dir(root().join(folder)).expect("a folder");
    files.any(|file| {
        let name = file.expect("a file").file_name();
        name.to_string_lossy().ends_with(ending)
    })
}

#[test]
fn every_file_of_the_package_is_there_and_every_unit_is_in_it() {
    let assets = assets();
    for (from, _) in &assets {
        assert!(
            from.starts_with(MADE) || names_something(from),
            "{from} is not there"
        );
    }
    let units = std::fs::read_dir(root().join("deploy/systemd")).expect("units");
    for unit in units {
        let name = unit
            .expect("a unit")
            .file_name()
            .into_string()
            .expect("text");
        let from = format!("deploy/systemd/{name}");
        assert!(
            assets.iter().any(|(it, _)| *it == from),
            "{name} is not packaged"
        );
    }
}

#[test]
fn the_package_makes_the_users_and_folders_of_its_units() {
    let postinst = read("deploy/debian/postinst");
    let made = postinst
        .lines()
        .find_map(|line| line.trim().strip_prefix("for user in "));
    let made: BTreeSet<&str> = made
        .expect("users")
        .trim_end_matches("; do")
        .split(' ')
        .collect();
    let mut used = BTreeSet::new();
    for (from, to) in assets() {
        if !to.starts_with("usr/lib/systemd") || !from.ends_with(".service") {
            continue;
        }
        for line in read(&from).lines() {
            if let Some(user) = line.strip_prefix("User=") {
                used.insert(user.to_owned());
                let state = format!("StateDirectory={user}");
                assert!(read(&from).contains(&state), "{from} works elsewhere");
            }
        }
    }
    assert_eq!(made, used.iter().map(String::as_str).collect());
    for script in ["postinst", "prerm", "postrm"] {
        let path = root().join("deploy/debian").join(script);
        succeeds(Command::new("sh").arg("-n").arg(path));
    }
    for script in ["scripts/package", "scripts/try-package"] {
        succeeds(Command::new("bash").arg("-n").arg(root().join(script)));
    }
}

#[test]
fn every_command_has_a_man_page_and_is_completed() {
    let folder = Folder::new("man");
    let path = folder.path().to_str().expect("text");
    succeeds(&mut program::command(&["manual", path]));
    let page = |name: &str| {
        let page = std::fs::read_to_string(folder.path().join(name));
        page.unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    assert!(page("dcrstakepool.1").contains("DCRSTAKEPOOL_CONFIG"));
    let bash = succeeds(&mut program::command(&["completions", "bash"]));
    for command in [
        "web", "voter", "migrate", "backup", "restore", "check", "buy", "vote",
    ] {
        let page = page(&format!("dcrstakepool-{command}.1"));
        assert!(page.contains("Examples:"), "{command}: {page}");
        assert!(bash.contains(command), "{command} is not completed");
    }
    assert!(!Path::new(path).join("dcrstakepool-manual.1").exists());
    let file = folder.path().join("completions");
    std::fs::write(&file, &bash).expect("folder");
    succeeds(Command::new("bash").arg("-n").arg(&file));
    for shell in ["zsh", "fish"] {
        let script = succeeds(&mut program::command(&["completions", shell]));
        assert!(script.contains("add-invalid-tickets"), "{shell}: {script}");
    }
}

/// The package of the debug build, made once; or the one that `PACKAGE` names, to try what is to be published.
fn built() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        if let Some(file) = std::env::var_os("PACKAGE") {
            return file.into();
        }
        succeeds(Command::new(root().join("scripts/package")).env("PROFILE", "dev"));
        let made = std::fs::read_dir(program::target_folder().join("package")).expect("packages");
        let mut made = made.flatten().map(|file| file.path());
        let deb = made.find(|path| path.extension().is_some_and(|it| it == "deb"));
        deb.expect("a Debian package")
    })
}

/// The same as a later version.
pub fn newer() -> Vec<u8> {
    let folder = Folder::new("newer");
    let (tree, deb) = (folder.path().join("tree"), folder.path().join("newer.deb"));
    succeeds(
        Command::new("dpkg-deb")
            .arg("--raw-extract")
            .arg(built())
            .arg(&tree),
    );
    let control = tree.join("DEBIAN/control");
    let text = std::fs::read_to_string(&control).expect("its control file");
    let text: Vec<_> = text
        .lines()
        .map(|line| match line.strip_prefix("Version: ") {
            Some(version) => format!("Version: {version}+later"),
            None => line.to_owned(),
        })
        .collect();
    std::fs::write(&control, text.join("\n") + "\n").expect("its control file");
    succeeds(
        Command::new("dpkg-deb")
            .args(["-Zgzip", "-z1", "--build", "--root-owner-group"])
            .args([&tree, &deb]),
    );
    std::fs::read(&deb).expect("the package")
}

/// What is in it.
pub fn bytes() -> Vec<u8> {
    std::fs::read(built()).expect("the package")
}

#[test]
#[ignore = "for --all: a Debian in a folder, as root; minutes"]
fn the_package_is_installed_upgraded_removed_and_purged() {
    let said = succeeds(Command::new(root().join("scripts/try-package")).arg(built()));
    assert!(said.contains("the package comes and goes"), "{said}");
}
