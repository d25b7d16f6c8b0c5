//! The Go program's configuration files: lines `name=value` in the dialect of its flags library. Comments stand on
//! lines of their own, a name may come again, a value in double quotes is unquoted, and an empty one means true.

use super::super::problem::Problem;

/// One `name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub number: usize,
    /// In lower case: the Go program made no difference.
    pub name: String,
    pub value: String,
}

/// A file's lines, in their order.
#[derive(Debug, Clone, Default)]
pub struct Ini {
    /// As messages name it.
    pub file: String,
    pub lines: Vec<Line>,
}

impl Ini {
    /// All lines that cannot be read are told at once.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut lines = Vec::new();
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with([';', '#', '[']) {
                continue;
            }
            match read(line) {
                Ok((name, value)) => lines.push(Line {
                    number,
                    name,
                    value,
                }),
                Err(reason) => problems.push(Problem {
                    place: format!("{file}:{number}"),
                    key: String::new(),
                    reason: reason.to_owned(),
                }),
            }
        }
        if problems.is_empty() {
            Ok(Self {
                file: file.to_owned(),
                lines,
            })
        } else {
            Err(problems)
        }
    }

    /// Whether it is of the voting daemon, and not of the site.
    pub fn is_of_voter(&self) -> bool {
        let own = [
            "dcrdhost",
            "dcrduser",
            "dcrdpassword",
            "wallethost",
            "rpclisten",
        ];
        self.lines
            .iter()
            .any(|line| own.contains(&line.name.as_str()))
    }
}

/// Messages never repeat the line: it may be a secret.
fn read(line: &str) -> Result<(String, String), &'static str> {
    let (name, value) = line.split_once('=').ok_or("is not NAME=VALUE")?;
    let (name, value) = (name.trim().to_lowercase(), value.trim());
    let value = match value.strip_prefix('"') {
        None => value.to_owned(),
        Some(rest) => unquote(rest)
            .ok_or("the value's quotes do not end, or hold an escape that is unknown")?,
    };
    Ok((name, value))
}

/// What stands before the closing quote, which must be the end.
fn unquote(rest: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = rest.chars();
    while let Some(next) = chars.next() {
        match next {
            '"' => return chars.next().is_none().then_some(text),
            '\\' => text.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                same @ ('\\' | '"' | '\'') => same,
                _ => return None,
            }),
            other => text.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_the_go_program_did() {
        let text = "\u{feff}[Application Options]\r\n; a comment\n# another\n\nDBPassword = p=a;ss # word \n\
                    testnet=1\nclosepool=\ndescription=\"with \\\"quotes\\\" \"\nadminips=127.0.0.1\nadminips=::1\n";
        let ini = Ini::parse("a.conf", text).unwrap();
        let read: Vec<_> = ini
            .lines
            .iter()
            .map(|it| (it.number, it.name.as_str(), it.value.as_str()))
            .collect();
        assert_eq!(
            read,
            [
                (5, "dbpassword", "p=a;ss # word"),
                (6, "testnet", "1"),
                (7, "closepool", ""),
                (8, "description", "with \"quotes\" "),
                (9, "adminips", "127.0.0.1"),
                (10, "adminips", "::1"),
            ]
        );
        assert!(!ini.is_of_voter());
        assert!(
            Ini::parse("b.conf", "WalletHost=localhost")
                .unwrap()
                .is_of_voter()
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_place_alone() {
        let problems =
            Ini::parse("a.conf", "hunter2\na=\"hunter2\nb=\"hun\\ter\"x\nc=1\n").unwrap_err();
        let places: Vec<_> = problems.iter().map(|it| it.place.as_str()).collect();
        assert_eq!(places, ["a.conf:1", "a.conf:2", "a.conf:3"]);
        assert!(problems.iter().all(|it| !it.to_string().contains("hun")));
    }
}
