//! Every secret that tests hand out or see, by name, and the search for all of them in whatever our own
//! program writes: a log with one in it fails the test that made it.
//!
//! What a program is started with is read here from its configuration and its other files; the rest says
//! `keep` where it is first seen, one line for a new kind.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, RwLock};

use super::program;

/// Shorter texts are of no use as a secret, and would be found by chance.
const SHORTEST: usize = 4;
/// Below this length a text counts only as a whole word.
const LONG: usize = 12;
/// What is seen in passing and is shorter is one of the wrong values that tests try too.
const SEEN: usize = 12;

/// Keys of a configuration whose values are secrets.
const SECRET_KEYS: [&str; 7] = [
    "api_secret",
    "monitor_token",
    "token",
    "password",
    "voting_wallet_extpub",
    "cold_wallet_extpub",
    "former_cold_wallet_extpubs",
];

static KNOWN: LazyLock<RwLock<Known>> = LazyLock::new(RwLock::default);

#[derive(Debug)]
struct Kept {
    name: String,
    text: String,
}

/// By how they start: the many bytes of a log are passed over with one look each.
#[derive(Debug)]
struct Known {
    by_start: HashMap<[u8; SHORTEST], Vec<Kept>>,
    starts: Vec<bool>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            by_start: HashMap::new(),
            starts: vec![false; 1 << 16],
        }
    }
}

impl Known {
    fn add(&mut self, start: [u8; SHORTEST], name: &str, text: &str) {
        let others = self.by_start.entry(start).or_default();
        if others.iter().all(|other| other.text != text) {
            others.push(Kept {
                name: name.to_owned(),
                text: text.to_owned(),
            });
        }
        self.starts[slot(start)] = true;
    }

    fn at(&self, bytes: &[u8], at: usize) -> Option<&Kept> {
        let start = bytes.get(at..at + SHORTEST)?.try_into().ok()?;
        if !self.starts[slot(start)] {
            return None;
        }
        let found = self.by_start.get(&start)?;
        found.iter().find(|kept| {
            let end = at + kept.text.len();
            let same = bytes.get(at..end) == Some(kept.text.as_bytes());
            let is_word = || !is_inner(bytes.get(at.wrapping_sub(1))) && !is_inner(bytes.get(end));
            same && (kept.text.len() >= LONG || is_word())
        })
    }
}

fn slot(start: [u8; SHORTEST]) -> usize {
    (u32::from_le_bytes(start).wrapping_mul(0x9e37_79b1) >> 16) as usize
}

fn is_inner(byte: Option<&u8>) -> bool {
    byte.is_some_and(u8::is_ascii_alphanumeric)
}

/// From now on this text is in no log. Also as a form would send it.
pub fn keep(name: &str, text: &str) {
    let as_sent: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let mut known = KNOWN.write().expect("nobody panics with it");
    for text in [text, &as_sent] {
        if let Some(start) = text.as_bytes().first_chunk() {
            known.add(*start, name, text);
        }
    }
}

/// What a request carries in its `Authorization` header.
pub fn keep_authorization(value: &str) {
    if let Some((_, token)) = value.split_once(' ') {
        keep_seen("a bearer token", token);
    }
}

/// What a form's field carries, when it is of those that nobody may read.
pub fn keep_field(name: &str, value: &str) {
    if name.contains("password") || name == "csrf_token" {
        keep_seen(&format!("the form field {name}"), value);
    }
}

/// `NAME=VALUE; …` of an answer.
pub fn keep_cookie(cookie: &str) {
    let pair = cookie.split(';').next().unwrap_or_default();
    if let Some((name, value)) = pair.split_once('=') {
        keep_seen(&format!("the cookie {}", name.trim()), value);
    }
}

/// What may also be one of the short wrong values that tests try.
pub fn keep_seen(name: &str, text: &str) {
    if text.len() >= SEEN {
        keep(name, text);
    }
}

/// What a process of our own program was started with.
#[derive(Debug)]
pub struct Told {
    arguments: Vec<OsString>,
    environment: Vec<(String, String)>,
    folder: PathBuf,
}

impl Told {
    /// `None` for all other programs: their logs are not ours.
    pub fn of(command: &Command) -> Option<Self> {
        (command.get_program() == program::binary()).then(|| Self {
            arguments: command.get_args().map(Into::into).collect(),
            environment: command
                .get_envs()
                .filter_map(|(name, value)| {
                    let name = name.to_string_lossy().to_lowercase();
                    let key = name.rsplit("__").next()?.to_owned();
                    Some((key, value?.to_string_lossy().into_owned()))
                })
                .collect(),
            folder: command.get_current_dir().unwrap_or(Path::new("")).into(),
        })
    }

    pub fn arguments(&self) -> &[OsString] {
        &self.arguments
    }

    /// Keeps the secrets of all that it reads. Some of these files it makes itself: asked again at its end.
    pub fn keep(&self) {
        for (key, value) in &self.environment {
            keep_setting(key, value, &self.folder);
        }
        for pair in self.arguments.windows(2) {
            let (option, file) = (pair[0].to_string_lossy(), self.folder.join(&pair[1]));
            if option == "--config" {
                keep_configuration(&file);
            } else if option.ends_with("-file") {
                keep_file(&option, &file);
            }
        }
    }
}

/// Line by line, so that broken ones are read as well.
fn keep_configuration(file: &Path) {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let folder = file.parent().unwrap_or(Path::new(""));
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        for value in value.split('"').skip(1).step_by(2) {
            keep_setting(key.trim(), value, folder);
        }
    }
}

fn keep_setting(key: &str, value: &str, folder: &Path) {
    if SECRET_KEYS.contains(&key) {
        keep_seen(key, value);
    } else if key == "key" || key.ends_with("_file") {
        keep_file(key, &folder.join(value));
    } else if let Some((login, _)) = value.split_once('@')
        && key == "url"
    {
        keep_seen(
            "the database's password",
            login.rsplit(':').next().unwrap_or_default(),
        );
    }
}

/// A password or token is one line; of a private key each line is as good as the whole.
fn keep_file(name: &str, file: &Path) {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    for line in text.lines().filter(|line| !line.starts_with("-----")) {
        keep_seen(name, line.trim());
    }
}

/// Fails the test when there is a secret in what our program wrote. A test that fails already is told so.
pub fn must_not_be_in(source: &str, text: &str) {
    let found = find(text);
    if found.is_empty() {
        return;
    }
    let message = format!("secrets in {source}:\n{}", found.join("\n"));
    if std::thread::panicking() {
        eprintln!("{message}");
    } else {
        panic!("{message}");
    }
}

/// Line, name, and what is before the secret.
fn find(text: &str) -> Vec<String> {
    let known = KNOWN.read().expect("nobody panics with it");
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let bytes = line.as_bytes();
        let found_at = (0..bytes.len()).find_map(|at| Some((at, known.at(bytes, at)?)));
        if let Some((at, kept)) = found_at {
            let before = String::from_utf8_lossy(&bytes[..at]);
            found.push(format!("line {number}: {}: {before}<here>", kept.name));
        }
    }
    found
}
