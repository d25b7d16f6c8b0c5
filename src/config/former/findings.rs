//! What becomes of each option of the Go program.

use std::fmt;

use super::ini::{Ini, Line};

/// The word for it, as operators read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Taken over, in another form or place.
    Converted,
    /// Taken over as it is, under another name.
    Renamed,
    /// Not needed any more.
    Dropped,
    /// Something must be done or decided.
    Conflicting,
    /// No version of the Go program had it.
    Unknown,
    /// Needed, and in no file.
    Missing,
}

/// One option and its fate. Never holds a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// File and line; empty when it is nowhere.
    pub place: String,
    pub option: String,
    pub fate: Fate,
    /// Our key, the reason, or what to do.
    pub note: String,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Converted => "converted",
            Self::Renamed => "renamed",
            Self::Dropped => "dropped",
            Self::Conflicting => "conflicting",
            Self::Unknown => "unknown",
            Self::Missing => "missing",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            option,
            fate,
            note,
        } = self;
        write!(f, "{fate:11}  {option:20}  {note}")?;
        if place.is_empty() {
            Ok(())
        } else {
            write!(f, "  ({place})")
        }
    }
}

fn values(line: &Line) -> impl Iterator<Item = String> {
    let values = line.value.split(',').map(str::trim);
    values.filter(|value| !value.is_empty()).map(str::to_owned)
}

/// A file of the Go program while it is read: what nobody takes is not needed, or not known.
#[derive(Debug)]
pub struct Old<'a> {
    ini: &'a Ini,
    taken: Vec<usize>,
    pub findings: Vec<Finding>,
}

impl<'a> Old<'a> {
    pub fn new(ini: &'a Ini) -> Self {
        Self {
            ini,
            taken: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The value that was in force: the last one. Empty is the same as not given.
    pub fn take(&mut self, option: &str, fate: Fate, note: &str) -> Option<&'a str> {
        let lines = self.lines(option);
        let line = lines.last()?;
        self.find(line, fate, note);
        for former in lines.iter().rev().skip(1) {
            self.find(
                former,
                Fate::Dropped,
                "it is given again below, which was in force",
            );
        }
        Some(line.value.as_str()).filter(|value| !value.is_empty())
    }

    /// All values of an option that may come again, and hold several between commas.
    pub fn take_all(&mut self, option: &str, fate: Fate, note: &str) -> Vec<String> {
        let lines = self.lines(option);
        for line in &lines {
            self.find(line, fate, note);
        }
        lines.into_iter().flat_map(values).collect()
    }

    /// The values between the commas of the first line: a later one was never read.
    pub fn take_first(&mut self, option: &str, fate: Fate, note: &str) -> Vec<String> {
        let lines = self.lines(option);
        let Some((first, rest)) = lines.split_first() else {
            return Vec::new();
        };
        self.find(first, fate, note);
        for line in rest {
            let note =
                "the Go program read the first line only: what stands here was never in force";
            self.find(line, Fate::Dropped, note);
        }
        values(first).collect()
    }

    /// A switch; without a value it is on.
    pub fn take_switch(&mut self, option: &str, fate: Fate, note: &str) -> Option<bool> {
        let lines = self.lines(option);
        let line = lines.last()?;
        let on = match line.value.as_str() {
            "" | "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
            "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
            _ => {
                self.find(line, Fate::Conflicting, "is neither true nor false");
                return None;
            }
        };
        self.find(line, fate, note);
        Some(on)
    }

    /// Something about an option that was taken or is not there.
    pub fn remark(&mut self, option: &str, fate: Fate, note: impl Into<String>) {
        let line = self.lines(option).last().copied();
        self.findings.push(Finding {
            place: line.map(|line| self.place(line)).unwrap_or_default(),
            option: option.to_owned(),
            fate,
            note: note.into(),
        });
    }

    /// The rest: what is listed is dropped for the reason given there, what is not is unknown. In the order of
    /// the lines.
    pub fn finish(mut self, dropped: &[(&[&str], &str)]) -> Vec<Finding> {
        let ini = self.ini;
        for line in ini
            .lines
            .iter()
            .filter(|line| !self.taken.contains(&line.number))
        {
            let reason = dropped
                .iter()
                .find(|(names, _)| names.contains(&line.name.as_str()));
            let (fate, note) = match reason {
                Some((_, reason)) => (Fate::Dropped, *reason),
                None => (Fate::Unknown, "no version of the Go program had it"),
            };
            self.findings.push(Finding {
                place: self.place(line),
                option: line.name.clone(),
                fate,
                note: note.to_owned(),
            });
        }
        self.findings
    }

    fn lines(&self, option: &str) -> Vec<&'a Line> {
        self.ini
            .lines
            .iter()
            .filter(|line| line.name == option)
            .collect()
    }

    fn find(&mut self, line: &Line, fate: Fate, note: &str) {
        self.taken.push(line.number);
        self.findings.push(Finding {
            place: self.place(line),
            option: line.name.clone(),
            fate,
            note: note.to_owned(),
        });
    }

    fn place(&self, line: &Line) -> String {
        format!("{}:{}", self.ini.file, line.number)
    }
}
