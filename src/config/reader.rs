//! Takes typed entries out of the merged tree. What nobody takes is an unknown key.

use std::path::PathBuf;

use config::{Map, Value, ValueKind};

use super::problem::Problem;
use crate::secret::Secret;

/// A value that was given, with what a message about it needs.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    pub value: T,
    pub place: String,
    pub key: String,
}

/// Every key may be left out.
pub type Given<T> = Option<Entry<T>>;

/// A secret in the configuration itself, or the file that holds it (`NAME_file`).
#[derive(Debug, Clone, Default)]
pub struct GivenSecret {
    /// As a message names it, whether given or not.
    pub key: String,
    pub inline: Given<Secret>,
    pub file: Given<PathBuf>,
}

/// One table of the tree while it is read.
#[derive(Debug)]
pub struct Section<'a> {
    /// `voter.dcrd`; empty for the top.
    path: String,
    /// The configuration file, or `environment`.
    place: &'a str,
    values: Map<String, Value>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Section<'a> {
    pub fn top(values: Map<String, Value>, place: &'a str, problems: &'a mut Vec<Problem>) -> Self {
        Self {
            path: String::new(),
            place,
            values,
            problems,
        }
    }

    /// Takes `name` if it is there and of the right type; a wrong type is noted.
    pub fn take<T: Readable>(&mut self, name: &str) -> Given<T> {
        let value = self.values.remove(name)?;
        let (place, key) = (self.place_of(&value), self.key_of(name));
        let from_environment = value.origin().is_some();
        if let Some(value) = T::read(value.kind, from_environment) {
            return Some(Entry { value, place, key });
        }
        self.problem(place, key, format!("must be {}", T::EXPECTED));
        None
    }

    /// Takes `name` and `NAME_file`. Of one in the file and one in the environment, the environment
    /// wins; two in one place are a contradiction.
    pub fn secret(&mut self, name: &str) -> GivenSecret {
        let file_name = format!("{name}_file");
        let in_environment = |section: &Self, name: &str| {
            let value = section.values.get(name);
            value.map(|value| value.origin().is_some())
        };
        match (in_environment(self, name), in_environment(self, &file_name)) {
            (Some(true), Some(false)) => drop(self.values.remove(&file_name)),
            (Some(false), Some(true)) => drop(self.values.remove(name)),
            (Some(_), Some(_)) => {
                let (place, key) = (self.place.to_owned(), self.key_of(name));
                self.problem(place, key, format!("give it or {file_name}, not both"));
            }
            _ => {}
        }
        GivenSecret {
            key: self.key_of(name),
            inline: self.take(name),
            file: self.take(&file_name),
        }
    }

    /// Reads the table `name` as if it were there, empty.
    pub fn section<T>(&mut self, name: &str, read: impl Fn(&mut Section<'_>) -> T) -> T {
        if let Some(read) = self.table(name, &read) {
            return read;
        }
        let mut section = Section {
            path: self.key_of(name),
            place: self.place,
            values: Map::new(),
            problems: self.problems,
        };
        read(&mut section)
    }

    /// Reads the table `name`; `None` when it is not there.
    pub fn table<T>(&mut self, name: &str, read: impl FnOnce(&mut Section<'_>) -> T) -> Option<T> {
        let value = self.values.remove(name)?;
        self.read_table(value, self.key_of(name), read)
    }

    /// Reads every table of the list `name`.
    pub fn tables<T>(
        &mut self,
        name: &str,
        read: impl Fn(&mut Section<'_>) -> T,
    ) -> Option<Entry<Vec<T>>> {
        let value = self.values.remove(name)?;
        let (place, key) = (self.place_of(&value), self.key_of(name));
        let ValueKind::Array(items) = value.kind else {
            self.problem(place, key, "must be a list of tables".into());
            return None;
        };
        let value = items
            .into_iter()
            .enumerate()
            .filter_map(|(index, item)| self.read_table(item, format!("{key}[{index}]"), &read))
            .collect();
        Some(Entry { value, place, key })
    }

    fn read_table<T>(
        &mut self,
        value: Value,
        path: String,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> Option<T> {
        let place = self.place_of(&value);
        let ValueKind::Table(values) = value.kind else {
            self.problem(place, path, "must be a table of keys".into());
            return None;
        };
        let mut section = Section {
            path,
            place: self.place,
            values,
            problems: self.problems,
        };
        let read = read(&mut section);
        section.finish();
        Some(read)
    }

    /// Everything that is left is unknown.
    pub fn finish(mut self) {
        let mut left: Vec<_> = std::mem::take(&mut self.values).into_iter().collect();
        left.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (name, value) in left {
            let key = self.key_of(&name);
            self.unknown(key, &value);
        }
    }

    /// Names the leaves, since a variable's name is at its leaf.
    fn unknown(&mut self, key: String, value: &Value) {
        match &value.kind {
            ValueKind::Table(table) if value.origin().is_none() && has_variable(value) => {
                for (name, value) in table {
                    self.unknown(format!("{key}.{name}"), value);
                }
            }
            _ => {
                let place = self.place_of(value);
                self.problem(place, key, "unknown key".into());
            }
        }
    }

    fn problem(&mut self, place: String, key: String, reason: String) {
        self.problems.push(Problem { place, key, reason });
    }

    fn place_of(&self, value: &Value) -> String {
        match value.origin() {
            Some(variable) => format!("environment variable {variable}"),
            None => self.place.to_owned(),
        }
    }

    fn key_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}

fn has_variable(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Table(table) => table.values().any(has_variable),
        _ => value.origin().is_some(),
    }
}

/// A type that a key can have. Text from the environment stands for every type; in the file the
/// types are TOML's.
pub trait Readable: Sized {
    /// Ends the sentence "must be …".
    const EXPECTED: &'static str;
    fn read(kind: ValueKind, from_environment: bool) -> Option<Self>;
}

impl Readable for String {
    const EXPECTED: &'static str = "text";
    fn read(kind: ValueKind, _: bool) -> Option<Self> {
        match kind {
            ValueKind::String(text) => Some(text),
            _ => None,
        }
    }
}

impl Readable for Secret {
    const EXPECTED: &'static str = "text";
    fn read(kind: ValueKind, from_environment: bool) -> Option<Self> {
        String::read(kind, from_environment).map(Secret::new)
    }
}

impl Readable for PathBuf {
    const EXPECTED: &'static str = "a path, as text";
    fn read(kind: ValueKind, from_environment: bool) -> Option<Self> {
        String::read(kind, from_environment).map(PathBuf::from)
    }
}

impl Readable for bool {
    const EXPECTED: &'static str = "true or false";
    fn read(kind: ValueKind, from_environment: bool) -> Option<Self> {
        match kind {
            ValueKind::Boolean(value) => Some(value),
            ValueKind::String(text) if from_environment => text.trim().parse().ok(),
            _ => None,
        }
    }
}

impl Readable for i64 {
    const EXPECTED: &'static str = "a whole number";
    fn read(kind: ValueKind, from_environment: bool) -> Option<Self> {
        match kind {
            ValueKind::I64(value) => Some(value),
            ValueKind::String(text) if from_environment => text.trim().parse().ok(),
            _ => None,
        }
    }
}

impl Readable for f64 {
    const EXPECTED: &'static str = "a number";
    fn read(kind: ValueKind, from_environment: bool) -> Option<Self> {
        match kind {
            ValueKind::Float(value) => Some(value),
            // A percentage or any other number that is written without decimals.
            ValueKind::I64(value) => i32::try_from(value).ok().map(f64::from),
            ValueKind::String(text) if from_environment => text.trim().parse().ok(),
            _ => None,
        }
    }
}

/// A list; a single text is a list of one, from the environment commas separate.
impl Readable for Vec<String> {
    const EXPECTED: &'static str = "a list of texts";
    fn read(kind: ValueKind, from_environment: bool) -> Option<Self> {
        match kind {
            ValueKind::String(text) if from_environment => Some(
                text.split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(str::to_owned)
                    .collect(),
            ),
            ValueKind::String(text) => Some(vec![text]),
            ValueKind::Array(items) => items
                .into_iter()
                .map(|item| String::read(item.kind, false))
                .collect(),
            _ => None,
        }
    }
}

impl Readable for Vec<i64> {
    const EXPECTED: &'static str = "a list of whole numbers";
    fn read(kind: ValueKind, from_environment: bool) -> Option<Self> {
        match kind {
            ValueKind::Array(items) => items
                .into_iter()
                // A list may also be set item by item from the environment.
                .map(|item| {
                    let from_environment = item.origin().is_some();
                    i64::read(item.kind, from_environment)
                })
                .collect(),
            ValueKind::String(text) if from_environment => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| item.parse().ok())
                .collect(),
            ValueKind::I64(value) => Some(vec![value]),
            _ => None,
        }
    }
}

impl Readable for Vec<Secret> {
    const EXPECTED: &'static str = "a list of texts";
    fn read(kind: ValueKind, from_environment: bool) -> Option<Self> {
        let texts = Vec::<String>::read(kind, from_environment)?;
        Some(texts.into_iter().map(Secret::new).collect())
    }
}
