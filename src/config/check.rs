//! From what was written to what is meant: collects problems instead of stopping at the first.

use std::path::{Path, PathBuf};

use super::layers::place_of;
use super::problem::{Invalid, Problem};
use super::raw::Raw;
use super::reader::{Entry, Given, GivenSecret};
use crate::secret::Secret;
use crate::tls;

/// Gathers problems and warnings while a role's sections are resolved.
#[derive(Debug)]
pub struct Check {
    problems: Vec<Problem>,
    warnings: Vec<String>,
    /// Where relative paths begin.
    base: PathBuf,
    place: String,
    file: Option<PathBuf>,
    unreadable: bool,
    /// A secret stands in the file itself.
    secret_in_file: bool,
}

impl Check {
    pub fn of(raw: &mut Raw) -> Self {
        let base = raw
            .file
            .as_deref()
            .and_then(|file| std::path::absolute(file).ok())
            .and_then(|file| file.parent().map(Path::to_owned))
            .or_else(|| std::env::current_dir().ok())
            .unwrap_or_default();
        Self {
            problems: std::mem::take(&mut raw.problems),
            warnings: Vec::new(),
            base,
            place: place_of(raw.file.as_deref()),
            file: raw.file.clone(),
            unreadable: raw.unreadable,
            secret_in_file: false,
        }
    }

    /// The resolved value with the warnings, or every problem that was met. `searched` is told when
    /// there was no file at all.
    pub fn finish<T>(
        mut self,
        resolved: Option<T>,
        searched: &[PathBuf],
    ) -> Result<(T, Vec<String>), Invalid> {
        if let (true, Some(file)) = (self.secret_in_file, self.file.clone()) {
            self.warn_if_others_can_read(&file);
        }
        match resolved {
            Some(resolved) if self.problems.is_empty() => Ok((resolved, self.warnings)),
            _ => {
                if self.file.is_none() && !searched.is_empty() {
                    let places: Vec<_> = searched
                        .iter()
                        .map(|path| path.display().to_string())
                        .collect();
                    let reason = format!("no configuration file at {}", places.join(", "));
                    self.problems.insert(
                        0,
                        Problem {
                            place: self.place,
                            key: String::new(),
                            reason,
                        },
                    );
                }
                Err(Invalid(self.problems))
            }
        }
    }

    pub fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    /// Notes that something is wrong with an entry.
    pub fn reject<T>(&mut self, entry: &Entry<T>, reason: impl Into<String>) {
        self.problems.push(Problem {
            place: entry.place.clone(),
            key: entry.key.clone(),
            reason: reason.into(),
        });
    }

    /// Notes that something is wrong with a key that was perhaps not given.
    pub fn reject_key(&mut self, key: &str, reason: impl Into<String>) {
        self.problems.push(Problem {
            place: self.place.clone(),
            key: key.to_owned(),
            reason: reason.into(),
        });
    }

    /// Notes that a key should be there, unless the whole file is unknown.
    pub fn missing(&mut self, key: &str) {
        if !self.unreadable {
            self.reject_key(key, "is missing");
        }
    }

    /// The entry, or a problem when it was not given.
    pub fn need<T>(&mut self, given: Given<T>, key: &str) -> Given<T> {
        if given.is_none() && !self.noted(key) {
            self.missing(key);
        }
        given
    }

    /// Whether a problem about this key is known: a key of the wrong type is not missing, too.
    pub fn noted(&self, key: &str) -> bool {
        self.problems.iter().any(|problem| problem.key == key)
    }

    /// Parses what was given; the outcome is `None` when it was not given or is wrong.
    pub fn parse<T, U>(
        &mut self,
        given: Given<T>,
        parse: impl FnOnce(&T) -> Result<U, String>,
    ) -> Option<U> {
        let entry = given?;
        parse(&entry.value)
            .map_err(|reason| self.reject(&entry, reason))
            .ok()
    }

    /// As `parse`, with a default for what was not given.
    pub fn parse_or<T, U>(
        &mut self,
        given: Given<T>,
        default: U,
        parse: impl FnOnce(&T) -> Result<U, String>,
    ) -> Option<U> {
        match given {
            None => Some(default),
            given => self.parse(given, parse),
        }
    }

    /// Parses each item of a list; one problem per bad item.
    pub fn parse_all<T, U>(
        &mut self,
        given: Given<Vec<T>>,
        default: Vec<U>,
        parse: impl Fn(&T) -> Result<U, String>,
    ) -> Vec<U> {
        let Some(entry) = given else { return default };
        entry
            .value
            .iter()
            .filter_map(|item| {
                parse(item)
                    .map_err(|reason| self.reject(&entry, reason))
                    .ok()
            })
            .collect()
    }

    /// A path, relative to the configuration file.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// The text of a secret, from the configuration or its file; `None` when neither is given, or the
    /// file cannot be read (a problem).
    pub fn secret(&mut self, given: GivenSecret) -> Given<Secret> {
        match given {
            GivenSecret {
                file: Some(file), ..
            } => self.secret_file(file),
            GivenSecret { inline, .. } => {
                let in_file =
                    |entry: &Entry<Secret>| entry.place == self.place && !entry.value.is_empty();
                self.secret_in_file |= inline.as_ref().is_some_and(in_file);
                inline
            }
        }
    }

    fn secret_file(&mut self, file: Entry<PathBuf>) -> Given<Secret> {
        let path = self.path(&file.value);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                self.warn_if_others_can_read(&path);
                Some(Entry {
                    // Editors end a file with a new line; no secret does.
                    value: Secret::new(text.trim_end_matches(['\r', '\n'])),
                    place: path.display().to_string(),
                    key: file.key,
                })
            }
            Err(error) => {
                self.reject(&file, format!("{}: {error}", path.display()));
                None
            }
        }
    }

    /// A secret that must be there.
    pub fn need_secret(&mut self, given: GivenSecret) -> Given<Secret> {
        let key = given.key.clone();
        let file_failed = given.file.is_some();
        let entry = self.secret(given).filter(|entry| !entry.value.is_empty());
        if entry.is_none()
            && !self.noted(&key)
            && !(file_failed && self.noted(&format!("{key}_file")))
        {
            self.missing(&key);
        }
        entry
    }

    /// Reads the file of a certificate to pin; `hint` says where it comes from.
    pub fn pinned_certificate(
        &mut self,
        cert: &Entry<PathBuf>,
        hint: &str,
    ) -> Option<(PathBuf, String)> {
        let (path, pem) = self.pem(cert, hint)?;
        match tls::client_config(&pem, &[]) {
            Ok(_) => Some((path, pem)),
            Err(error) => {
                self.reject(cert, format!("{}: {error}; {hint}", path.display()));
                None
            }
        }
    }

    /// Reads a file that holds PEM.
    pub fn pem(&mut self, file: &Entry<PathBuf>, hint: &str) -> Option<(PathBuf, String)> {
        let path = self.path(&file.value);
        match std::fs::read_to_string(&path) {
            Ok(pem) if pem.contains("-----BEGIN ") => Some((path, pem)),
            Ok(_) => {
                self.reject(file, format!("{} is not PEM; {hint}", path.display()));
                None
            }
            Err(error) => {
                self.reject(file, format!("{}: {error}; {hint}", path.display()));
                None
            }
        }
    }

    fn warn_if_others_can_read(&mut self, path: &Path) {
        use std::os::unix::fs::PermissionsExt as _;
        let readable = std::fs::metadata(path)
            .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o004 != 0);
        if readable {
            self.warn(format!(
                "{} holds secrets and everybody on this machine can read it: chmod o-rwx",
                path.display()
            ));
        }
    }
}

/// A number in a range.
pub fn in_range<T: TryFrom<i64>>(value: i64, low: i64, high: i64) -> Result<T, String> {
    let fits = (low..=high).contains(&value);
    fits.then(|| T::try_from(value).ok())
        .flatten()
        .ok_or_else(|| format!("{value} is not between {low} and {high}"))
}

/// `0.0.0.0:80`, `[::]:80`; names are not looked up.
pub fn socket_address(text: &str) -> Result<std::net::SocketAddr, String> {
    text.replace("localhost:", "127.0.0.1:")
        .parse()
        .map_err(|_| format!("{text:?} is not ADDRESS:PORT, such as 127.0.0.1:8000"))
}

/// A socket address, or empty for none.
pub fn optional_socket_address(text: &str) -> Result<Option<std::net::SocketAddr>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    socket_address(text).map(Some)
}

/// The shared token of web and a voter.
pub fn token(secret: &Secret) -> Result<Secret, String> {
    let text = secret.expose();
    let length = text.chars().count();
    if length < 32 {
        return Err(format!(
            "must have at least 32 characters, has {length}; make one with: openssl rand -hex 32"
        ));
    }
    if !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err("must be printable ASCII without spaces: it travels in a header".into());
    }
    Ok(secret.clone())
}
