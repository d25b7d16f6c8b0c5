//! The lock that keeps an SQLite database to one process.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::Error;

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
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked(path.display().to_string())),
        Err(TryLockError::Error(error)) => {
            Err(Error::Query(format!("lock {}: {error}", name.display())))
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

#[cfg(test)]
mod tests {
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
    fn a_missing_folder_is_named() {
        let error = take(Path::new("/nonexistent/pool.db")).unwrap_err();
        assert!(
            error.to_string().contains("/nonexistent/pool.db.lock"),
            "{error}"
        );
    }
}
