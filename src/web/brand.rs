//! What operators put beside the program: a logo, colours, and the texts that their law asks for. Only
//! the four names below are ever opened in `web.assets_dir`, and none that a request names.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// No file may be larger: each is held in memory, and the page's reader waits for it.
const MAX_BYTES: u64 = 128 * 1024;

/// What was found; all of it may be missing.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Brand {
    /// `logo.svg`, shown in place of our own.
    pub logo: Option<Vec<u8>>,
    /// `brand.css`, added at the end of our own style.
    pub style: Option<Vec<u8>>,
    /// `terms.html`: the inside of the page `/terms`.
    pub terms: Option<String>,
    /// `privacy.html`: the inside of the page `/privacy`.
    pub privacy: Option<String>,
}

impl Brand {
    /// Reads the folder, off the async threads. A file that cannot be used is logged and left out.
    pub async fn load(folder: Option<PathBuf>) -> Self {
        let Some(folder) = folder else {
            return Self::default();
        };
        let read = tokio::task::spawn_blocking(move || Self::read(&folder));
        read.await.unwrap_or_default()
    }

    fn read(folder: &Path) -> Self {
        let text = |name| {
            let bytes = file(folder, name)?;
            let text = String::from_utf8(bytes);
            text.inspect_err(|_| {
                tracing::warn!(name, "assets_dir: the file is not UTF-8, left out");
            })
            .ok()
        };
        Self {
            logo: file(folder, "logo.svg"),
            style: file(folder, "brand.css"),
            terms: text("terms.html"),
            privacy: text("privacy.html"),
        }
    }

    /// What of it there is, for the log.
    pub fn names(&self) -> Vec<&'static str> {
        [
            ("logo.svg", self.logo.is_some()),
            ("brand.css", self.style.is_some()),
            ("terms.html", self.terms.is_some()),
            ("privacy.html", self.privacy.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, there)| there.then_some(name))
        .collect()
    }
}

/// `None` when it is not there, or is nothing to serve.
fn file(folder: &Path, name: &'static str) -> Option<Vec<u8>> {
    match read_file(&folder.join(name)) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(name, %error, "assets_dir: the file is left out");
            None
        }
    }
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for its writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_BYTES.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(io::Error::other(format!(
            "it is larger than {MAX_BYTES} bytes"
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_or_too_large_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Brand::read(folder.path()), Brand::default());
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        };
        let full = vec![b' '; 128 * 1024];
        write("brand.css", &full);
        write("logo.svg", &[full.as_slice(), b"x"].concat());
        write("terms.html", b"<p>\xff</p>");
        write("other.html", b"never read");
        std::fs::create_dir(folder.path().join("privacy.html")).unwrap();
        let brand = Brand::read(folder.path());
        assert_eq!(brand.names(), ["brand.css"]);
        write("terms.html", b"<p>Be nice.</p>");
        assert_eq!(
            Brand::read(folder.path()).terms.as_deref(),
            Some("<p>Be nice.</p>")
        );
    }

    #[tokio::test]
    async fn without_a_folder_there_is_nothing() {
        assert_eq!(Brand::load(None).await, Brand::default());
        let gone = Brand::load(Some("/does/not/exist".into())).await;
        assert_eq!(gone, Brand::default());
    }
}
