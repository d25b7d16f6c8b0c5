//! What is asked: by an option of the command line, else on the terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, anyhow};

use crate::roles::Failure;

/// Asks; remembers what nobody could be asked for.
#[derive(Debug)]
pub struct Questions {
    terminal: bool,
    missing: Vec<&'static str>,
}

/// Something to know.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The option that answers it.
    pub option: &'static str,
    /// As a person is asked, without a mark at the end.
    pub text: &'a str,
    /// What an empty answer means; `None`: there must be one.
    pub default: Option<&'a str>,
}

impl Questions {
    /// `yes`: nobody is asked, defaults are taken.
    pub fn new(yes: bool) -> Self {
        Self {
            terminal: !yes && io::stdin().is_terminal(),
            missing: Vec::new(),
        }
    }

    pub fn may_ask(&self) -> bool {
        self.terminal
    }

    /// `read` turns an answer into what it means, or says what is wrong with it. `None`: it is missing, which
    /// `all_answered` tells together with the rest.
    pub fn ask<T>(
        &mut self,
        question: Question<'_>,
        given: Option<&str>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        let option = question.option;
        if let Some(given) = given {
            let answer = read(given).map_err(|reason| anyhow!("{option}: {reason}"));
            return answer.map(Some).map_err(Failure::usage);
        }
        if !self.terminal {
            let Some(default) = question.default else {
                self.missing.push(option);
                return Ok(None);
            };
            let answer = read(default).map_err(|reason| anyhow!("{option} (by default): {reason}"));
            return answer.map(Some).map_err(Failure::usage);
        }
        let hint = question.default.map(|default| format!(" [{default}]"));
        let prompt = format!("{}{}: ", question.text, hint.unwrap_or_default());
        loop {
            let answer = line(&prompt)?;
            let answer = match (answer.is_empty(), question.default) {
                (true, Some(default)) => default,
                _ => answer.as_str(),
            };
            match read(answer) {
                Ok(answer) => return Ok(Some(answer)),
                Err(reason) => eprintln!("  {reason}"),
            }
        }
    }

    /// No without a terminal.
    pub fn confirm(&self, question: &str) -> Result<bool, Failure> {
        let yes = |answer: String| matches!(answer.to_lowercase().as_str(), "y" | "yes");
        Ok(self.terminal && line(&format!("{question} [y/N] ")).map(yes)?)
    }

    /// # Errors
    /// Names all that was missing.
    pub fn all_answered(&self) -> Result<(), Failure> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let missing = self.missing.join(", ");
        let error = anyhow!("there is no terminal to ask at; give also: {missing}");
        Err(Failure::usage(error))
    }
}

fn line(prompt: &str) -> Result<String, Failure> {
    let ask = || {
        let mut error = io::stderr();
        error.write_all(prompt.as_bytes())?;
        error.flush()?;
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer)?;
        if read == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        Ok(answer.trim().to_owned())
    };
    ask().context("asking").map_err(Failure::failed)
}
