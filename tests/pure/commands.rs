//! Every command of this program that a document or a help text shows can be given as it is shown.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use dcrstakepool::cli::Cli;

use super::documents::{documents, read};

/// Where a command was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// To be typed as it is.
    Block,
    /// Within a sentence: what it needs may be left out.
    Sentence,
}

/// The commands of a text, each with its place, from the program's name on.
fn commands(text: &str) -> Vec<(Place, Vec<String>)> {
    let mut found = Vec::new();
    let mut in_code = false;
    let mut waiting = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            continue;
        }
        if !(in_code || line.starts_with("    ")) {
            let inline = line.split('`').skip(1).step_by(2);
            found.extend(inline.filter_map(|code| Some((Place::Sentence, own(code)?))));
            continue;
        }
        if let Some(begun) = line.trim_end().strip_suffix('\\') {
            waiting += begun;
            continue;
        }
        let whole = std::mem::take(&mut waiting) + line;
        found.extend(own(&whole).map(|words| (Place::Block, words)));
    }
    found
}

/// The words of a line from the program's name on, if it is called there.
fn own(line: &str) -> Option<Vec<String>> {
    let words = words(line);
    let known: Vec<_> = Cli::command()
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    let at = words
        .windows(2)
        .position(|pair| pair[0] == "dcrstakepool" && known.contains(&pair[1]))?;
    Some(words[at..].to_vec())
}

/// As a shell splits them, up to a comment, a pipe, or where the output goes; `[…]` around what may be left out,
/// and `…` for more, are no words.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        if "#|>&;".contains(first) {
            break;
        }
        let (word, after) = match first {
            '"' | '\'' => rest[1..].split_once(first).unwrap_or((&rest[1..], "")),
            _ => rest.split_once(' ').unwrap_or((rest, "")),
        };
        let word = word.trim_matches(['[', ']', '`', ',']);
        match word {
            "…" | "" => {}
            // Of what only certain words are taken.
            "TICKET_HASH" => words.push("0".repeat(64)),
            "SHELL" => words.push("bash".to_owned()),
            word => words.push(word.to_owned()),
        }
        rest = after.trim_start();
    }
    words
}

#[test]
fn each_can_be_given() {
    let mut texts: Vec<(PathBuf, String)> = documents()
        .into_iter()
        .map(|path| (path.clone(), read(&path)))
        .collect();
    let cli = Cli::command();
    let helps = cli.get_subcommands().chain([&cli]);
    texts.extend(helps.filter_map(|command| {
        // Indented as code is.
        let help = command.get_after_help()?.to_string();
        let help = help.replace("\n  ", "\n    ");
        Some((PathBuf::from("help of ").join(command.get_name()), help))
    }));
    let (mut blocks, mut sentences, mut wrong) = (0, 0, Vec::new());
    for (path, text) in &texts {
        for (place, words) in commands(text) {
            match place {
                Place::Block => blocks += 1,
                Place::Sentence => sentences += 1,
            }
            let Err(error) = Cli::try_parse_from(&words) else {
                continue;
            };
            let good = match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
                ErrorKind::MissingRequiredArgument
                | ErrorKind::MissingSubcommand
                | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                    place == Place::Sentence || text.contains("dcrstakepool buy …")
                }
                _ => false,
            };
            if !good {
                wrong.push(format!("{}: {}: {error}", path.display(), words.join(" ")));
            }
        }
    }
    assert!(blocks > 40 && sentences > 15, "{blocks} and {sentences}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn commands_are_seen_in_blocks_and_sentences() {
    let text = "Run `dcrstakepool check web --json`, not `dcrstakepool.toml`.\n\n    \
                A=b sudo -u dcrstakepool dcrstakepool resume --override \"x y\" \\\n        \
                --accept-preferences  # now\n    apt install dcrstakepool\n";
    let found: Vec<_> = commands(text)
        .into_iter()
        .map(|(place, words)| (place, words.join(" ")))
        .collect();
    let expected = [
        (Place::Sentence, "dcrstakepool check web --json".to_owned()),
        (
            Place::Block,
            "dcrstakepool resume --override x y --accept-preferences".to_owned(),
        ),
    ];
    assert_eq!(found, expected);
}
