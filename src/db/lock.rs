//! The lock that keeps an SQLite database to one process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Error;
use crate::new_file;

/// Takes the lock of the database at `path`: an empty file beside it, since closing any handle of
/// the database's own file would drop SQLite's locks on it. The system frees it with the process.
pub(super) fn take(path: &Path) -> Result<File, Error> {
    let name = lock_path(path);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|error| Error::NoDatabase(format!("{}: {error}", name.display())))?;
    match file.try_lock() {
        Ok(()) => {
            make_private(path)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => Err(Error::Locked(path.display().to_string())),
        Err(TryLockError::Error(error)) => {
            Err(Error::Query(format!("lock {}: {error}", name.display())))
        }
    }
}

/// A database that SQLite is to make: empty, and for its owner alone, since hashes and tokens will be in it. SQLite's
/// other files get the mode of this one. One that is there stays as it is.
fn make_private(path: &Path) -> Result<(), Error> {
    match new_file::write(path, "", 0o600) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Error::NoDatabase(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_lock_has_one_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.db");
        let held = take(&path).unwrap();
        assert_eq!(
            take(&path).unwrap_err(),
            Error::Locked(path.display().to_string())
        );
        drop(held);
        take(&path).unwrap();
    }

    #[test]
    fn a_new_database_is_for_its_owner_alone_and_an_old_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.db");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        drop(take(&path).unwrap());
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(&path, "what is there").unwrap();
        drop(take(&path).unwrap());
        assert_eq!(mode(), 0o640);
        assert_eq!(fs::read_to_string(&path).unwrap(), "what is there");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = take(Path::new("/nonexistent/pool.db")).unwrap_err();
        assert!(
            error.to_string().contains("/nonexistent/pool.db.lock"),
            "{error}"
        );
    }
}
