//! Talking with the holder: progress on standard error, questions where there is a terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use super::error::Error;
use super::offer::Offer;

/// Whether the holder wants to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// `--yes`
    Given,
    Ask,
}

impl Consent {
    /// Shows the offer; returns when it may be carried out.
    pub async fn to(self, offer: &Offer) -> Result<(), Error> {
        say(&offer.to_string());
        match self {
            Consent::Given => Ok(()),
            Consent::Ask if !io::stdin().is_terminal() => Err(Error::NobodyToAsk),
            Consent::Ask => {
                // A person takes as long as they take: not on an async worker.
                let agreed = tokio::task::spawn_blocking(|| ask("Buy? [y/N] ")).await;
                match agreed.map_err(|error| Error::Asking(io::Error::other(error)))? {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(Error::Declined),
                    Err(error) => Err(Error::Asking(error)),
                }
            }
        }
    }
}

/// Tells the holder something; results alone go to standard output.
pub fn say(text: &str) {
    eprintln!("{text}");
}

fn ask(question: &str) -> io::Result<bool> {
    let mut error = io::stderr();
    error.write_all(question.as_bytes())?;
    error.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
