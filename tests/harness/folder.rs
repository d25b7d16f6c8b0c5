//! A folder of a test's own, gone with a success and kept after a failure, or when `KEEP_TEST_FOLDERS` is set.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::wait;

static COUNT: AtomicU32 = AtomicU32::new(0);

#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Short paths on purpose: sockets live here too.
    pub fn new(name: &str) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("dsp-{name}-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a temporary folder can be made");
        Self { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let wanted = std::env::var_os("KEEP_TEST_FOLDERS").is_some();
        if wanted || std::thread::panicking() && !wait::interrupted() {
            eprintln!("kept for a look: {}", self.path.display());
        } else {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
