//! One merge: the file, and the environment over it. (What neither gives has its default where it is
//! resolved, since many defaults depend on the network; the command line sets no keys.)

use std::path::{Path, PathBuf};

use config::{Config, File, FileFormat, Map, Source, Value, ValueKind};

use super::problem::Problem;
use super::sources::{FILE_VARIABLE, Sources};

/// Begins the name of every variable that stands for a key.
pub const PREFIX: &str = "DCRSTAKEPOOL__";

/// An index above this is a slip, not a voter.
const LARGEST_INDEX: usize = 999;

/// Everything that was written, before its meaning is looked at. A value whose origin is set comes
/// from the variable of that name, all others from the file.
#[derive(Debug)]
pub struct Layers {
    pub tree: Map<String, Value>,
    pub file: Option<PathBuf>,
    /// There is a file, but nothing of it is known: what it lacks cannot be said.
    pub unreadable: bool,
    pub problems: Vec<Problem>,
}

impl Layers {
    pub fn read(sources: &Sources) -> Self {
        let mut problems = Vec::new();
        let file = sources.find();
        let text = file
            .as_deref()
            .and_then(|path| read_file(path, &mut problems));
        let variables = Variables::of(sources, &mut problems);
        let mut builder = Config::builder();
        if let Some(text) = &text {
            builder = builder.add_source(File::from_str(text, FileFormat::Toml));
        }
        let mut unreadable = file.is_some() && text.is_none();
        let tree = match builder.add_source(variables.clone()).build() {
            Ok(config) => table_of(config.cache),
            Err(error) => {
                unreadable = true;
                problems.push(Problem {
                    place: place_of(file.as_deref()),
                    key: String::new(),
                    reason: without_quotation(&error.to_string()),
                });
                Map::new()
            }
        };
        Self {
            tree,
            file,
            unreadable,
            problems,
        }
    }
}

/// How messages name the file.
pub fn place_of(file: Option<&Path>) -> String {
    file.map_or_else(
        || "environment".to_owned(),
        |path| path.display().to_string(),
    )
}

fn table_of(value: Value) -> Map<String, Value> {
    match value.kind {
        ValueKind::Table(table) => table,
        _ => Map::new(),
    }
}

fn read_file(path: &Path, problems: &mut Vec<Problem>) -> Option<String> {
    std::fs::read_to_string(path)
        .map_err(|error| {
            problems.push(Problem {
                place: path.display().to_string(),
                key: String::new(),
                reason: format!("cannot be read: {error}"),
            });
        })
        .ok()
}

/// The TOML parser quotes the line it stumbled over, and that may hold a secret.
fn without_quotation(message: &str) -> String {
    message
        .lines()
        .map(str::trim)
        .filter(|line| {
            let quoted = line
                .split_once('|')
                .is_some_and(|(number, _)| number.trim().chars().all(|c| c.is_ascii_digit()));
            !quoted && !line.is_empty()
        })
        .collect::<Vec<_>>()
        .join(": ")
}

/// The variables that stand for keys, under their paths: `voters[0].url`.
#[derive(Debug, Clone)]
struct Variables(Map<String, Value>);

impl Variables {
    fn of(sources: &Sources, problems: &mut Vec<Problem>) -> Self {
        let mut paths = Map::new();
        for (name, text) in &sources.environment {
            let Some(levels) = name.strip_prefix(PREFIX) else {
                if name.starts_with("DCRSTAKEPOOL_") && name.contains("__") && name != FILE_VARIABLE
                {
                    problems.push(unknown_variable(name));
                }
                continue;
            };
            match path_of(levels) {
                Some(path) => {
                    paths.insert(path, Value::new(Some(name), text.clone()));
                }
                None => problems.push(unknown_variable(name)),
            }
        }
        Self(paths)
    }
}

impl Source for Variables {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

fn unknown_variable(name: &str) -> Problem {
    Problem {
        place: format!("environment variable {name}"),
        key: String::new(),
        reason: format!("names no key; the form is {PREFIX}SECTION__KEY"),
    }
}

/// `VOTERS__0__URL` → `voters[0].url`.
fn path_of(levels: &str) -> Option<String> {
    let mut path = String::new();
    for level in levels.split("__") {
        let well_formed =
            !level.is_empty() && level.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !well_formed {
            return None;
        }
        if let Ok(index) = level.parse::<usize>() {
            if path.is_empty() || index > LARGEST_INDEX {
                return None;
            }
            path.extend(["[", level, "]"]);
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&level.to_ascii_lowercase());
        }
    }
    Some(path)
}
