//! The general log of a MariaDB server: who said what.

use std::collections::{BTreeMap, BTreeSet};

/// The account of the program, not of the test.
const ACCOUNT: &str = "pool@";

/// Each distinct statement of the program: its form, with ? for values, and the last example of it.
pub fn statements(log: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut ours = BTreeSet::new();
    let mut add = |statement: String| drop(found.insert(form(&statement), statement));
    let mut open: Option<String> = None;
    for line in log.lines() {
        let Some((connection, command, argument)) = entry(line) else {
            // A statement of several lines.
            if let Some(statement) = &mut open {
                statement.push('\n');
                statement.push_str(line);
            }
            continue;
        };
        if let Some(statement) = open.take() {
            add(statement);
        }
        match command {
            "Connect" if argument.starts_with(ACCOUNT) => drop(ours.insert(connection)),
            "Query" | "Execute" if ours.contains(connection) => open = Some(argument.to_owned()),
            _ => {}
        }
    }
    if let Some(statement) = open {
        add(statement);
    }
    found
}

/// A line's connection, command and argument; the time comes before them where it has changed.
fn entry(line: &str) -> Option<(&str, &str, &str)> {
    let is_time = |text: &str| text.len() == 15 && text.starts_with(|c: char| c.is_ascii_digit());
    let rest = line.strip_prefix("\t\t").or_else(|| {
        let (time, rest) = line.split_once('\t')?;
        is_time(time).then_some(rest)
    })?;
    let (head, argument) = rest.split_once('\t')?;
    let (connection, command) = head.trim_start().split_once(' ')?;
    let number = connection.chars().all(|c| c.is_ascii_digit());
    number.then_some((connection, command, argument))
}

/// Whether rows are looked for: not so when they are only put in, and not in the server's own tables.
pub fn reads(form: &str) -> bool {
    let begins = |word: &str| form.starts_with(word);
    let looks = ["SELECT ", "UPDATE ", "DELETE ", "WITH ", "(SELECT "]
        .into_iter()
        .any(begins)
        || (begins("INSERT ") && form.contains("SELECT "));
    looks
        && form.contains(' ')
        && !form.contains("information_schema")
        && !form.contains("__diesel_schema_migrations")
        && (form.contains("FROM ") || begins("UPDATE "))
}

/// The statement with ? for its values, and one (?) for any list of them.
pub fn form(statement: &str) -> String {
    let mut form = String::new();
    let mut characters = statement.trim().chars().peekable();
    while let Some(c) = characters.next() {
        let in_word = form.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        match c {
            '\'' => {
                while let Some(c) = characters.next() {
                    match c {
                        '\\' => drop(characters.next()),
                        '\'' if characters.peek() == Some(&'\'') => drop(characters.next()),
                        '\'' => break,
                        _ => {}
                    }
                }
                form.push('?');
            }
            _ if c.is_ascii_digit() && !in_word => {
                while characters.peek().is_some_and(char::is_ascii_alphanumeric) {
                    characters.next();
                }
                form.push('?');
            }
            _ if c.is_whitespace() => {
                if !form.ends_with(' ') {
                    form.push(' ');
                }
            }
            _ => form.push(c),
        }
    }
    let mut shorter = form.replace("?,?", "?, ?");
    while shorter.contains("?, ?") {
        shorter = shorter.replace("?, ?", "?");
    }
    shorter
}

#[test]
fn a_log_gives_the_forms_of_what_the_program_said() {
    let log = "261126 18:40:00\t      3 Connect\troot@127.0.0.1 on mysql using TCP/IP\n\
               \t\t      3 Query\tSELECT 1 FROM roots\n\
               \t\t     14 Connect\tpool@127.0.0.1 on test_0 using TCP/IP\n\
               \t\t     14 Prepare\tSELECT a1 FROM t WHERE b = ?\n\
               \t\t     14 Execute\tSELECT a1 FROM t WHERE b = 'it''s \\' 7' AND c IN (1, 2, 3)\n\
               261126 18:40:01\t     14 Query\tDELETE\n FROM t\n\
               \t\t     14 Quit\t\n";
    let found: Vec<_> = statements(log).into_keys().collect();
    assert_eq!(
        found,
        ["DELETE FROM t", "SELECT a1 FROM t WHERE b = ? AND c IN (?)"]
    );
}
