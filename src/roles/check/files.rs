//! Who may read the files that the role keeps: what the configuration names is looked at when it is read.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::findings::Findings;

const OTHERS_READ: u32 = 0o004;
const OTHERS_ENTER: u32 = 0o001;

/// Files and folders that may be missing.
pub fn check(paths: &[&Path], findings: &mut Findings) {
    let open: Vec<_> = paths.iter().filter(|path| is_open(path)).collect();
    for path in &open {
        let text = format!("everybody on this machine can read {}", path.display());
        findings.warn("files", text, format!("chmod o-rwx {}", path.display()));
    }
    if open.is_empty() {
        findings.ok("files", "what is kept is not open to everybody");
    }
}

/// Whether anybody on this machine may read it, and come to it.
fn is_open(path: &Path) -> bool {
    let allows = |path: &Path, what: u32| {
        std::fs::metadata(path).is_ok_and(|data| data.permissions().mode() & what == what)
    };
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    let mut folders = path.ancestors().skip(1);
    allows(&path, OTHERS_READ) && folders.all(|folder| allows(folder, OTHERS_ENTER))
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions, write};

    use super::*;

    #[test]
    fn a_file_is_open_when_it_and_the_way_to_it_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("voter.key");
        let set = |path: &Path, mode| set_permissions(path, Permissions::from_mode(mode)).unwrap();
        assert!(!is_open(&file), "it is not there");
        write(&file, "").unwrap();
        set(folder.path(), 0o755);
        set(&file, 0o644);
        assert!(is_open(&file));
        let mut findings = Findings::new();
        check(&[&file], &mut findings);
        assert!(findings.to_string().contains("chmod o-rwx"));
        set(&file, 0o640);
        assert!(!is_open(&file));
        set(&file, 0o644);
        set(folder.path(), 0o750);
        assert!(!is_open(&file), "nobody comes to it");
    }
}
