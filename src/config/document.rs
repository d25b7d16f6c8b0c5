//! Our configuration as text, written key by key.

use std::fmt::Write as _;

use crate::secret::Secret;

/// The text so far, and what belongs into files of its own.
#[derive(Debug)]
pub struct Document {
    text: String,
    /// The folder of the secrets, as keys name it.
    folder: String,
    pub secrets: Vec<(String, Secret)>,
}

impl Document {
    pub fn new(head: &str, folder: &str) -> Self {
        let mut document = Self {
            text: String::new(),
            folder: folder.trim_end_matches('/').to_owned(),
            secrets: Vec::new(),
        };
        document.comment(head);
        document
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn section(&mut self, name: &str) {
        let _ = write!(self.text, "\n{name}\n");
    }

    pub fn comment(&mut self, lines: &str) {
        for line in lines.lines() {
            let _ = writeln!(self.text, "{}", format!("# {line}").trim_end());
        }
    }

    pub fn text_key(&mut self, key: &str, value: &str) {
        self.raw(key, &quoted(value));
    }

    pub fn list_key(&mut self, key: &str, values: &[String]) {
        let values: Vec<_> = values.iter().map(|value| quoted(value)).collect();
        self.raw(key, &format!("[{}]", values.join(", ")));
    }

    /// A number or a truth value.
    pub fn raw(&mut self, key: &str, value: &str) {
        let _ = writeln!(self.text, "{key} = {value}");
    }

    /// The value goes to a file, which the key names.
    pub fn secret_key(&mut self, key: &str, file: &str, value: Secret) {
        self.text_key(&format!("{key}_file"), &format!("{}/{file}", self.folder));
        if !self.secrets.iter().any(|(name, _)| name == file) {
            self.secrets.push((file.to_owned(), value));
        }
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
